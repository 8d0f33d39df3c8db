import { test as base, node, PRICE, SENT } from '../desk.ts'
import { type Devnet, startDevnet } from '../devnet.ts'
import { ADDS, mendDisk, noAlarm, ringAlarm, standInClock, standInFullDisk } from '../faults.ts'
import { expect } from '../kept.ts'
import { PHRASE } from '../person.ts'
import { sendFromElsewhere } from '../second-writer.ts'

/*
 * The rest of the fault matrix: what goes wrong on this computer, somebody else with the same keys, and blocks that the
 * network takes back.
 */
/** Its own chain: blocks are taken back on it. */
const test = base.extend<object, { devnet: Devnet }>({
  devnet: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from this pattern.
    async ({}, use) => {
      const devnet = await startDevnet({ archive: true })
      await use(devnet)
      await devnet.stop()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})
test.use({ story: 'faults-beside-the-node' })
// One file, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

const storage = { code: 163, message: 'An error occurred (UNKNOWN_ERROR)', data: { reason: 'storage' } }
const HOUR = 3_600

test('R5 I1 I2: whichever write fails, the site and the person are told, nothing leaves unsaved, and the next call goes on', async ({
  desk,
  kept,
}) => {
  const unsaved = desk.home.getByText('Could not save, so nothing was signed.')
  let payments = 0
  let failed = 0
  // Each write of one call in turn, until a call has no more than that.
  for (let after = 0; ; after += 1) {
    kept.node.mark()
    const refused = await standInFullDisk(desk.worker(), { stores: ['answers', 'journal'], after, times: 1 })
    const told = await desk.pay()
    const left = kept.node.added().length
    expect(left).toBeLessThanOrEqual(1)
    if (told.code === undefined) expect(told).toEqual(SENT)
    else {
      expect(told, `write ${after}`).toMatchObject({ ...storage, data: { reason: 'storage' } })
      expect(left, `write ${after}`).toBe(0)
      await expect(unsaved).toBeVisible()
    }
    payments += left
    const spent = await refused()
    await mendDisk(desk.worker())
    await expect.poll(desk.book, { timeout: 30_000 }).toEqual({
      used: payments * PRICE,
      held: 0,
      calls: payments,
      open: 0,
    })
    if (spent === 0) break
    failed += 1
  }
  // At least: the request's id, the hold, the record of the signature.
  expect(failed).toBeGreaterThanOrEqual(3)
  await desk.settled({ payments })
  await expect(unsaved).toBeHidden()

  // Nothing at all can be written any more, not even that the hold is given back.
  kept.node.mark()
  await standInFullDisk(desk.worker(), { stores: ['journal'], after: 1 })
  expect(await desk.pay()).toEqual(storage)
  await expect(unsaved).toBeVisible()
  expect(kept.node.added()).toEqual([])
  expect(await desk.book()).toMatchObject({ used: payments * PRICE, held: PRICE })
  expect(await desk.pay()).toEqual(storage)
  expect(kept.node.added()).toEqual([])
  await mendDisk(desk.worker())
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: payments + 1 })
  await expect(unsaved).toBeHidden()
})

test('R5 I8: a settlement that cannot be written stays held, and is booked when it can', async ({ desk }) => {
  await desk.warm()
  const refused = await standInFullDisk(desk.worker(), { stores: ['books'] })
  expect(await desk.pay()).toEqual(SENT)
  await expect.poll(refused, { timeout: 20_000 }).toBeGreaterThan(0)
  await desk.isHeld()
  expect(await desk.chain()).toEqual({ nonce: 1, payments: 1 })
  await expect(desk.home.getByText('Could not save')).toBeVisible()
  await mendDisk(desk.worker())
  await desk.settled({ payments: 1 })
  await expect(desk.home.getByText('Could not save')).toBeHidden()
})

test('R14: a clock that went back pauses the session until it is right and the person goes on; one that went forward ends nothing for good', async ({
  desk,
  kept,
}) => {
  await desk.warm()
  const { id } = await desk.session()
  // What is over by the clock is tidied away each minute.
  await noAlarm(desk.worker())
  await standInClock(desk.worker(), 2 * HOUR)
  expect(await desk.pay()).toMatchObject({ code: 212, data: { session_id: id, status: 'expired' } })
  await standInClock(desk.worker(), 0)
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 1 })

  kept.node.mark()
  await standInClock(desk.worker(), -HOUR)
  expect(await desk.pay()).toMatchObject({
    code: 212,
    data: { session_id: id, status: 'paused', reasons: [{ code: 'clock' }] },
  })
  expect(await desk.session()).toMatchObject({ status: 'paused', paused_by: 'wallet' })
  await standInClock(desk.worker(), 0)
  // The right time alone does not lift it.
  expect(await desk.pay()).toMatchObject({ code: 212, data: { reasons: [{ code: 'paused' }] } })
  expect(kept.node.added()).toEqual([])
  expect(await desk.book()).toEqual({ used: PRICE, held: 0, calls: 1, open: 0 })

  // Either way the wallet is locked: for so long nobody has touched it.
  await kept.person.unlock()
  await desk.onSessions('your clock and the network disagree')
  await desk.resume(id)
  expect(await desk.pay()).toEqual(SENT)
  await ringAlarm(desk.worker())
  await desk.settled({ payments: 2 })
})

test('R10 I3 I6: a second writer takes the nonce: that call is refused and given back, the next one lands, each once', async ({
  desk,
  kept,
  devnet,
}) => {
  await desk.warm()
  const elsewhere = () => sendFromElsewhere(devnet, { phrase: PHRASE, account: desk.account, calls: [] })
  // Just before it arrives: the wallet's nonce was right when it signed.
  kept.node.play(
    ADDS,
    async ({ forward }) => {
      await elsewhere()
      return forward()
    },
    1,
  )
  expect(await desk.pay()).toEqual({ ...node, data: { reason: 'node', rpc_code: 52 } })
  expect(kept.node.added().length).toBe(1)
  expect(await desk.book()).toEqual({ used: 0, held: 0, calls: 0, open: 0 })
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 1, others: 1 })

  // A new worker reads it before it signs.
  await elsewhere()
  await kept.killWorker()
  kept.node.mark()
  expect(await desk.pay()).toEqual(SENT)
  expect(kept.node.added().length).toBe(1)
  await desk.settled({ payments: 2, others: 2 })
})

test('R9 I7: the block is taken back: bookings stay, the session pauses, and the same bytes are no second payment', async ({
  desk,
  kept,
  devnet,
}) => {
  await desk.warm()
  const { id } = await desk.session()
  const { block_number } = await devnet.rpc<{ block_number: number }>('starknet_blockHashAndNumber')
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 1 })
  const [bytes] = kept.node.added()
  await devnet.abortFrom(block_number + 1)
  expect(await desk.chain()).toEqual({ nonce: 0, payments: 0 })

  // The wallet knows better than to use that nonce again.
  await kept.killWorker()
  kept.node.mark()
  const told = await desk.pay()
  if (told.code === 212) expect(told).toMatchObject({ data: { session_id: id, reasons: [{ code: 'paused' }] } })
  else expect(told).toEqual(node)
  await expect.poll(async () => (await desk.session()).status, { timeout: 20_000 }).toBe('paused')
  expect(await desk.session()).toMatchObject({ status: 'paused', paused_by: 'wallet' })
  await desk.onSessions('the network took back a block')
  expect(kept.node.added()).toEqual([])
  // Booked is what was booked, and nothing is held twice.
  expect(await desk.book()).toMatchObject({ used: PRICE, held: 0, calls: 1 })

  // The network takes the transaction again: followed, and found.
  await devnet.rpc('starknet_addInvokeTransaction', JSON.parse(bytes ?? ''))
  await ringAlarm(desk.worker())
  await desk.settled({ payments: 1 })
  await desk.resume(id)
  expect(await desk.pay()).toEqual(SENT)
  await desk.settled({ payments: 2 })
})
