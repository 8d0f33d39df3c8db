import { expectOneTruth } from '../books.ts'
import { dyingUnder, POINTS } from '../dying.ts'
import { expect, test } from '../kept.ts'

test.use({ story: 'worker-dies', build: 'e2e' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default', timeout: 400_000 })

const done = { result: { transaction_hash: expect.any(String) } }

test('R1 I1 I3 I4 I6: the worker dies at each point before a step is out and after the last one: one deployment, one second key, one session', async ({
  kept,
  devnet,
  fixtures,
}) => {
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
  const page = await kept.visitor()
  const site = dyingUnder(kept, page, fixtures)
  const session = await site.session()
  const before = await expectOneTruth(devnet, kept.killer.page, kept.address)
  for (const point of POINTS.call) expect(await site.call(session, point), point).toMatchObject(done)
  // And the next one while it finds what the one before has left.
  for (const next of ['waking', 'recovering', 'resending'] as const)
    expect(await site.call(session, 'signed', next), `signed, ${next}`).toMatchObject(done)
  // And with others before and behind it.
  const several = await site.calls(session, 5, ['signed', 3])
  expect(several).toEqual(several.map(() => expect.objectContaining(done)))
  const after = await expectOneTruth(devnet, kept.killer.page, kept.address)
  expect(after.length - before.length).toBe(POINTS.call.length + 3 + 5)
  await page.close()
})

test('R1 I3 I4 I5: the worker dies at each point of a session request and of its end: one session for each yes, and one revocation', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const page = await kept.visitor()
  const site = dyingUnder(kept, page, fixtures)
  const first = await site.session(...POINTS.session)
  const start = await expectOneTruth(devnet, kept.killer.page, kept.address)
  expect(await site.revoke(first, ...POINTS.revoke)).toMatchObject(done)
  for (const point of POINTS.revokeOut)
    expect(await site.revoke(await site.session(), point), point).toMatchObject(done)
  const end = await expectOneTruth(devnet, kept.killer.page, kept.address)
  expect(end.length - start.length).toBe(1 + POINTS.revokeOut.length)
  await page.close()
})

test('R2 I4: the worker dies right after a yes, before its window hears of it: it is done once, and the window closes', async ({
  kept,
  fixtures,
}) => {
  const page = await kept.stranger()
  const site = dyingUnder(kept, page, fixtures)
  expect(await site.connect('allowed')).toEqual({ result: [kept.address] })
  expect(await site.asked('allowed')).toMatchObject(done)
  await page.close()
})

test('R1 I5: the worker dies after an end, and nobody asks again: the next one tells the chain', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const page = await kept.visitor()
  const session = await dyingUnder(kept, page, fixtures).session()
  const start = await expectOneTruth(devnet, kept.killer.page, kept.address)
  const { page: wallet } = kept.person
  const home = wallet.url()
  await wallet.goto(`${home.split('#')[0]}#/session/${session}`)
  await wallet.getByRole('button', { name: 'End session', exact: true }).click()
  const { death } = await kept.killer.at('ended')
  await wallet.getByRole('button', { name: 'End on chain too', exact: true }).click()
  await death
  await expect(wallet.getByText('On chain: ended.')).toBeVisible({ timeout: 30_000 })
  await wallet.goto(home)
  await page.close()
  const end = await expectOneTruth(devnet, kept.killer.page, kept.address)
  expect(end.length - start.length).toBe(1)
})
