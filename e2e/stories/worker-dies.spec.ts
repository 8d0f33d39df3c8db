import { expectOneTruth } from '../books.ts'
import { dyingUnder, POINTS } from '../dying.ts'
import { expect, test } from '../kept.ts'

test.use({ story: 'worker-dies', build: 'e2e' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

const done = { result: { transaction_hash: expect.any(String) } }

test('R1 I1 I3 I4 I6: the worker dies at each point of both steps before a session, and one yes is one deployment, one second key and one session', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(400_000)
  const page = await kept.visitor()
  const site = dyingUnder(kept, page, fixtures)
  const session = await site.session(...POINTS.step, ...POINTS.step, ...POINTS.afterSteps)
  expect(await site.call(session)).toMatchObject(done)
  const mined = await expectOneTruth(devnet, kept.killer.page, kept.address)
  expect(mined.length).toBe(3)
  await page.close()
})

test('R1 I1 I2 I3 I4 I6 I8: the worker dies at each point of a call, and each call happens once and is booked as the chain has it', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(240_000)
  const page = await kept.visitor()
  const site = dyingUnder(kept, page, fixtures)
  const session = await site.session()
  const before = await expectOneTruth(devnet, kept.killer.page, kept.address)
  for (const point of POINTS.call) expect(await site.call(session, point), point).toMatchObject(done)
  const after = await expectOneTruth(devnet, kept.killer.page, kept.address)
  expect(after.length - before.length).toBe(POINTS.call.length)
  await page.close()
})

test('R1 I3 I4 I5: the worker dies at each point of a session request and of its end: one session for each yes, and one revocation', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(400_000)
  const page = await kept.visitor()
  const site = dyingUnder(kept, page, fixtures)
  for (const [at, point] of POINTS.revoke.entries()) {
    const asked = POINTS.session[at]
    const session = await site.session(...(asked === undefined ? [] : [asked]))
    console.log('asked', asked)
    expect(await site.revoke(session, point), point).toMatchObject(done)
    console.log('revoked', point)
  }
  await expectOneTruth(devnet, kept.killer.page, kept.address)
  await page.close()
})
