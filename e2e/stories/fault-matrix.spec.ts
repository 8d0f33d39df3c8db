import { type Desk, node, PRICE, SENT, test } from '../desk.ts'
import {
  ADDS,
  cutAfter,
  cutBefore,
  type Fault,
  FINDING,
  forgets,
  forwarded,
  garbage,
  holdsBack,
  html,
  lies,
  ringAlarm,
  slow,
  standInClock,
  status,
  tenMegabytes,
} from '../faults.ts'
import { expect } from '../kept.ts'
import { PHRASE } from '../person.ts'
import { hashOfAdded, sendFromElsewhere } from '../second-writer.ts'

/*
 * One row for each way in which a node can fail. Every row says what the site is told, what the person reads and what the
 * book holds, during and after; and that the chain has each payment once or not at all.
 */
test.use({ story: 'fault-matrix' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

const MAINNET = '0x534e5f4d41494e'

test('R8: a slow node makes the call late and nothing else; what it answers too late is asked again with the same bytes', async ({
  desk,
  kept,
}) => {
  await kept.killWorker()
  kept.node.mark()
  kept.node.play('every', slow(400))
  // Longer than the wallet waits for one answer.
  kept.node.play(ADDS, slow(11_000), 1)
  const paid = desk.pay()
  await expect.poll(desk.book, { timeout: 30_000 }).toEqual({ used: 0, held: PRICE, calls: 0, open: 1 })
  await expect(desk.newest()).toContainText('Sending', { timeout: 30_000 })
  expect(await paid).toEqual(SENT)
  kept.node.mend()
  expect(kept.node.added().length).toBe(2)
  expect(new Set(kept.node.added()).size).toBe(1)
  await desk.settled({ payments: 1 })
  await expect(desk.newest()).toContainText('Done')
})

test('R8 I7: cut off before the node has it: held, told as sending, and the same bytes later', async ({
  desk,
  kept,
}) => {
  await desk.warm()
  kept.node.play(ADDS, cutBefore)
  expect(await desk.pay()).toEqual(node)
  await desk.isHeld()
  expect(await desk.chain()).toEqual({ nonce: 0, payments: 0 })
  await expect(desk.newest()).toContainText('Sending')
  kept.node.mend()
  await kept.killWorker()
  await desk.settled({ payments: 1 })
  expect(new Set(kept.node.added()).size).toBe(1)
  await expect(desk.newest()).toContainText('Done')
})

test('R8 I3 I7: cut off after the node has it: nothing is given back while nobody says so, and the chain has it once', async ({
  desk,
  kept,
}) => {
  await desk.warm()
  kept.node.play([...ADDS, ...FINDING], cutAfter)
  expect(await desk.pay()).toEqual(node)
  await desk.isHeld()
  expect(await desk.chain()).toEqual({ nonce: 1, payments: 1 })
  await expect(desk.newest()).toContainText('Sending')
  kept.node.mend()
  await desk.settled({ payments: 1 })
  expect(new Set(kept.node.added()).size).toBe(1)
  await expect(desk.newest()).toContainText('Done')
  // The same call once more is another transaction.
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 2 })
})

test('R8 T19: a node of another chain gets no signature, and the person reads that it speaks for another network', async ({
  desk,
  kept,
}) => {
  await kept.killWorker()
  kept.node.mark()
  kept.node.play('starknet_chainId', lies(MAINNET))
  expect(await desk.pay()).toEqual(node)
  await desk.home.reload()
  const wrong = desk.home.getByText('Your node speaks for another network. Nothing is signed there.')
  await expect(wrong).toBeVisible()
  expect(kept.node.added()).toEqual([])
  expect(await desk.book()).toEqual({ used: 0, held: 0, calls: 0, open: 0 })
  kept.node.mend()
  await desk.home.reload()
  await expect(wrong).toBeHidden()
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 1 })
})

test('R8 I3 I7: another hash than ours is no answer: held until ours is found, and the same bytes until then', async ({
  desk,
  kept,
}) => {
  const another = lies({ transaction_hash: '0x1' })
  await desk.warm()
  // It has it, and names another: asked again, it turns out to know ours.
  kept.node.play(ADDS, forwarded(another), 1)
  const { result } = await desk.pay()
  expect(result).toMatchObject(SENT.result)
  expect(BigInt((result as { transaction_hash: string }).transaction_hash)).not.toBe(1n)
  await desk.settled({ payments: 1 })

  // It never passes it on.
  kept.node.mark()
  kept.node.play(ADDS, another)
  expect(await desk.pay()).toEqual(node)
  expect(await desk.book()).toEqual({ used: PRICE, held: PRICE, calls: 1, open: 1 })
  expect(await desk.chain()).toEqual({ nonce: 1, payments: 1 })
  await expect(desk.newest()).toContainText('Sending')
  kept.node.mend()
  await kept.killWorker()
  await desk.settled({ payments: 2 })
  expect(new Set(kept.node.added()).size).toBe(1)
})

test('R10: an old nonce is read once more; a node that stays behind the chain gets no signature', async ({
  desk,
  kept,
}) => {
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 1 })
  const old = `0x${(desk.nonceBefore()).toString(16)}`
  await kept.killWorker()
  kept.node.mark()
  kept.node.play('starknet_getNonce', lies(old), 1)
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 2 })
  expect(kept.node.added().length).toBe(1)

  await kept.killWorker()
  kept.node.mark()
  kept.node.play('starknet_getNonce', lies(old))
  expect(await desk.pay()).toEqual(node)
  expect(kept.node.added()).toEqual([])
  expect(await desk.book()).toEqual({ used: 2 * PRICE, held: 0, calls: 2, open: 0 })
  kept.node.mend()
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 3 })
})

for (const { name, reading, adding } of [
  { name: 'garbage', reading: garbage, adding: forwarded(garbage) },
  { name: '10 MB', reading: tenMegabytes, adding: forwarded(tenMegabytes) },
  { name: 'HTML', reading: html, adding: forwarded(html) },
  { name: '5xx', reading: status(503), adding: forwarded(status(502)) },
] satisfies { name: string; reading: Fault; adding: Fault }[]) {
  test(`R8 I3 I7: ${name} in place of answers: nothing is signed; in place of the last answer: held, and on the chain once`, async ({
    desk,
    kept,
  }) => {
    await silentNode(desk, reading)
    await desk.warm()
    kept.node.play(ADDS, adding)
    const told = desk.pay()
    await expect.poll(async () => (await desk.chain()).payments).toBe(1)
    expect(await desk.book()).toMatchObject({ used: 0, held: PRICE })
    expect(await told).toEqual(node)
    kept.node.mend()
    await desk.settled({ payments: 1 })
    expect(new Set(kept.node.added()).size).toBe(1)
    await expect(desk.newest()).toContainText('Done')
  })
}

test('R8 I7: 429 is waited for as long as the node asks, up to a limit; what it turned away is held and sent later, once', async ({
  desk,
  kept,
}) => {
  await kept.killWorker()
  kept.node.play('every', status(429, 1), 2)
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 1 })

  // Longer than anybody would wait.
  await kept.killWorker()
  kept.node.mark()
  kept.node.play('every', status(429, 60))
  expect(await desk.pay()).toEqual(node)
  await desk.home.reload()
  await expect(desk.silent).toBeVisible()
  expect(kept.node.added()).toEqual([])
  expect(await desk.book()).toMatchObject({ used: PRICE, held: 0, open: 0 })
  kept.node.mend()
  await desk.home.reload()
  await expect(desk.silent).toBeHidden()

  await desk.warm()
  kept.node.mark()
  kept.node.play(ADDS, status(429))
  expect(await desk.pay()).toEqual(node)
  await desk.isHeld()
  expect(await desk.chain()).toEqual({ nonce: 0, payments: 0 })
  kept.node.mend()
  await kept.killWorker()
  await desk.settled({ payments: 1 })
  expect(new Set(kept.node.added()).size).toBe(1)
})

test('R9 I8: forgotten after it was accepted: given back only after the proof, and booked all the same when it is found', async ({
  desk,
  kept,
  devnet,
}) => {
  await desk.warm()
  // It alone: a node that knows none any more would be one whose blocks were taken back.
  const hashOf = hashOfAdded(await devnet.rpc<string>('starknet_chainId'))
  const isLost = (hash: string) =>
    kept.node.added().some((added) => BigInt(hashOf(JSON.parse(added).invoke_transaction)) === BigInt(hash))
  kept.node.play(FINDING, forgets(isLost))
  expect(await desk.pay()).toEqual(SENT)
  expect(await desk.chain()).toEqual({ nonce: 1, payments: 1 })
  await desk.looked()
  await desk.isHeld()
  await standInClock(desk.worker(), 61)
  await ringAlarm(desk.worker())
  await expect.poll(desk.book, { timeout: 20_000 }).toEqual({ used: 0, held: 0, calls: 0, open: 0 })
  await expect(desk.newest()).toContainText('Dropped, nothing paid')
  kept.node.mend()
  await ringAlarm(desk.worker())
  await desk.settled({ payments: 1 })
  await expect(desk.newest()).toContainText('Done')
  await standInClock(desk.worker(), 0)
})

// The last one: with its clock ahead it leaves lines of Activity that stay the newest for a while.
test('R9 I7: taken and never passed on: held until its nonce is provably gone twice, a minute apart, then dropped', async ({
  desk,
  kept,
  devnet,
}) => {
  await desk.warm()
  const chainId = await devnet.rpc<string>('starknet_chainId')
  kept.node.play(ADDS, holdsBack(hashOfAdded(chainId)))
  expect(await desk.pay()).toEqual(SENT)
  await expect(desk.newest()).toContainText('Sent')
  // Time alone proves nothing.
  await standInClock(desk.worker(), 90)
  await ringAlarm(desk.worker())
  await expect.poll(() => kept.node.added().length).toBeGreaterThan(1)
  expect(new Set(kept.node.added()).size).toBe(1)
  await desk.isHeld()

  await sendFromElsewhere(devnet, { phrase: PHRASE, account: desk.account, calls: [] })
  await ringAlarm(desk.worker())
  await desk.looked()
  await desk.isHeld()
  await standInClock(desk.worker(), 160)
  await ringAlarm(desk.worker())
  await expect.poll(desk.book, { timeout: 20_000 }).toEqual({ used: 0, held: 0, calls: 0, open: 0 })
  await expect(desk.newest()).toContainText('Dropped, nothing paid')
  kept.node.mend()
  await standInClock(desk.worker(), 0)

  // Whoever held it back passes it on: too late.
  const [late] = kept.node.added()
  await expect(devnet.rpc('starknet_addInvokeTransaction', JSON.parse(late ?? ''))).rejects.toMatchObject({ code: 52 })
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 1, others: 1 })
})

/** Every answer is wrong: the site is told at once that it is the node, the person on Home, and nothing is signed. */
async function silentNode(desk: Desk, fault: Fault): Promise<void> {
  const { kept, home } = desk
  await kept.killWorker()
  kept.node.mark()
  kept.node.play('every', fault)
  const told = desk.pay()
  await home.reload()
  expect(await told).toEqual(node)
  await expect(desk.silent).toBeVisible({ timeout: 20_000 })
  await expect(home.getByText('1 session waits')).toBeVisible()
  expect(kept.node.added()).toEqual([])
  expect(await desk.book()).toEqual({ used: 0, held: 0, calls: 0, open: 0 })
  kept.node.mend()
  await desk.home.reload()
  await expect(desk.silent).toBeHidden()
}
