import { setTimeout } from 'node:timers/promises'
import type { Page } from '@playwright/test'
import { expectOneTruth, storedIn } from '../books.ts'
import type { Fixtures } from '../devnet.ts'
import { type Dying, dyingUnder, POINTS } from '../dying.ts'
import { alone, expect, type Kept, test } from '../kept.ts'
import type { Point } from '../killer.ts'

test.use({ story: 'kills', build: 'e2e' })
// One wallet, one after the other.
test.describe.configure({ mode: 'default' })

const SEED = Number(process.env.KILL_SEED ?? 20_260_101)
const SENDS = ['starknet_addInvokeTransaction', 'starknet_addDeployAccountTransaction']
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const done = { result: { transaction_hash: expect.any(String) } }

const sum = { points: 0, moments: 0, browsers: 0, requests: 0, transactions: 0, acknowledged: 0 }
test.afterAll(() => {
  console.log(
    `kills: ${sum.points} at crash points, ${sum.moments} at moments of seed ${SEED}, ${sum.browsers} of the browser under load; ` +
      `${sum.requests} requests, ${sum.transactions} transactions; ` +
      `of ${sum.acknowledged} answered under load 0 lost, 0 torn`,
  )
})

interface Site {
  readonly page: Page
  readonly site: Dying
  /** Everything settled, and wallet and chain say the same. Answers how many transactions there are. */
  truth(): Promise<number>
}

test('I1 I2 I3 I4 I6 I8: a call, alone and among others, at each point', async ({ kept, devnet, fixtures }) => {
  const { site, truth, page } = await at(kept, devnet, fixtures)
  const session = await site.session()
  const before = await truth()
  for (const point of POINTS.call) expect(await call(point), point).toMatchObject(done)
  for (const first of ['held', 'signed', 'accepted'] as const)
    for (const next of ['waking', 'recovering'] as const) expect(await call(first, next)).toMatchObject(done)
  expect(await call('signed', 'resending')).toMatchObject(done)
  expect(await call('signed', 'resending', 'accepted')).toMatchObject(done)
  let others = 0
  for (const point of ['judged', 'held', 'signature', 'signed', 'accepted', 'sent', 'settled'] as const)
    for (const passage of [2, 4]) {
      const all = await site.calls(session, 5, [point, passage])
      sum.points += 1
      sum.requests += 5
      others += 5
      expect(all, `${point} ${passage}`).toEqual(all.map(() => expect.objectContaining(done)))
    }
  expect((await truth()) - before).toBe(POINTS.call.length + 8 + others)
  await page.close()

  function call(...points: Point[]) {
    count(points)
    return site.call(session, ...points)
  }
})

test('I1 I3 I4: a call that a person allows, at each point', async ({ kept, devnet, fixtures }) => {
  const { site, truth, page } = await at(kept, devnet, fixtures)
  // The account is on chain from here on.
  await site.revoke(await site.session())
  const before = await truth()
  for (const point of POINTS.asked) {
    count([point])
    expect(await site.asked(point), point).toMatchObject(done)
  }
  expect((await truth()) - before).toBe(POINTS.asked.length)
  await page.close()
})

test('I4: a site connects, at each point', async ({ kept, fixtures }) => {
  for (const point of POINTS.connect) {
    count([point])
    const page = await kept.stranger()
    const { connect } = dyingUnder(kept, page, fixtures)
    expect(await connect(point), point).toEqual({ result: [kept.address] })
    await page.close()
  }
})

test('I3 I4 I5: a session and its end, at each point', async ({ kept, devnet, fixtures }) => {
  const { site, truth, page } = await at(kept, devnet, fixtures)
  await site.revoke(await site.session())
  const before = await truth()
  const ends = [...POINTS.revoke, ...POINTS.revokeOut]
  for (const [at, end] of ends.entries()) {
    const asked = POINTS.session[at]
    const points = asked === undefined ? [] : [asked]
    count([...points, end])
    sum.requests += points.length
    expect(await site.revoke(await site.session(...points), end), end).toMatchObject(done)
  }
  expect((await truth()) - before).toBe(ends.length)
  await page.close()
})

test('I1 I3 I4 I6: a step before a session that is out, at each point of deployment and second key', async () => {
  for (const point of POINTS.stepOut) {
    await alone('e2e', async (kept, { devnet, fixtures }) => {
      const { site, truth } = await at(kept, devnet, fixtures)
      count([point, point])
      // The worker after it finds the account there and comes to the same point of the other step.
      const session = await site.session(point, point)
      expect(await site.call(session), point).toMatchObject(done)
      expect(await truth()).toBe(3)
    })
  }
})

test(`I1 I2 I3 I4 I6 I7 I8: calls and deaths at moments of seed ${SEED}`, async ({ kept, devnet, fixtures }) => {
  const { site, truth, page } = await at(kept, devnet, fixtures)
  const session = await site.session()
  const before = await truth()
  const random = from(SEED)
  const times = 30
  for (let time = 0; time < times; time += 1) {
    const deadly = setTimeout(random() * 1_500).then(() => kept.killer.kill())
    const [all] = await Promise.all([site.calls(session, 4), deadly])
    sum.moments += 1
    sum.requests += 4
    expect(all, `${time}`).toEqual(all.map(() => expect.objectContaining(done)))
    // Else ten seconds of short lives come together, and the bridge gives up (content/link.ts).
    await setTimeout(1_250)
  }
  expect((await truth()) - before).toBe(4 * times)
  await page.close()
})

test('R3 I1 I2 I3 I6 I8: the browser dies under load, ten times: what it had answered is there, and nothing is there twice', async ({
  kept,
  devnet,
  fixtures,
}) => {
  const random = from(SEED)
  const { site, page: first } = await at(kept, devnet, fixtures)
  let page = first
  const session = await site.session()
  // Other tests of the file count their calls from one, each for itself.
  const before = new Set((await expectOneTruth(devnet, kept.killer.page, kept.address)).map(({ hash }) => hash))
  let made = 1_000
  for (let time = 0; time < 10; time += 1) {
    const url = page.url()
    const answered = await load(page)
    await setTimeout(500 + random() * 3_000)
    await kept.crash()
    sum.browsers += 1
    sum.acknowledged += answered.length

    // Asleep nothing is sent.
    kept.node.mark()
    page = await kept.site.open(url)
    await expect(kept.person.page.getByRole('heading', { name: 'Latchkey sleeps' })).toBeVisible({ timeout: 30_000 })
    expect(kept.node.since().filter((method) => SENDS.includes(method))).toEqual([])
    await kept.person.unlock()

    const mined = await expectOneTruth(devnet, kept.killer.page, kept.address)
    const hashes = new Set(mined.map(({ hash }) => BigInt(hash)))
    expect(answered.filter((hash) => !hashes.has(BigInt(hash)))).toEqual([])
    const own = mined.filter(({ hash }) => !before.has(hash)).map(({ calldata }) => calldata.join())
    expect(own.length).toBe(new Set(own).size)
    const { rows } = await storedIn(kept.killer.page)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  }
  expect(await dyingUnder(kept, page, fixtures).call(session)).toMatchObject(done)
  await expectOneTruth(devnet, kept.killer.page, kept.address)
  await page.close()

  /** Twenty calls a second, each with calldata of its own; the hashes that the page was told, as they come. */
  async function load(page: Page): Promise<readonly string[]> {
    const answered: string[] = []
    await page.exposeFunction('tell', (hash: string) => void answered.push(hash))
    const first = made
    made += 1_000
    await page.evaluate(
      ({ first, session, game, strk }) => {
        const wallet = (window as unknown as { starknet_latchkey: { request(call: object): Promise<object> } })
          .starknet_latchkey
        let n = first
        setInterval(() => {
          n += 1
          const own = `0x${n.toString(16)}`
          const calls = [
            { contract_address: game, entry_point: 'move', calldata: [own, '0x2'] },
            { contract_address: strk, entry_point: 'transfer', calldata: [game, own, '0x0'] },
          ]
          const params = { calls, session: { mode: 'only', id: session } }
          wallet.request({ type: 'wallet_addInvokeTransaction', params }).then(
            (it) => (window as unknown as { tell(hash: unknown): void }).tell(Reflect.get(it, 'transaction_hash')),
            () => undefined, // Too many at once: nothing was signed for it.
          )
        }, 50)
      },
      { first, session, game: fixtures.game, strk: STRK },
    )
    return answered
  }
})

async function at(kept: Kept, devnet: Parameters<typeof expectOneTruth>[0], fixtures: Fixtures) {
  const page = await kept.visitor()
  const truth = async () => (await expectOneTruth(devnet, kept.killer.page, kept.address)).length
  const counted = async () => {
    const mined = await truth()
    sum.transactions = Math.max(sum.transactions, mined)
    return mined
  }
  return { page, site: dyingUnder(kept, page, fixtures), truth: counted } satisfies Site
}

function count(points: readonly Point[]): void {
  sum.points += points.length
  sum.requests += 1
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
function from(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
