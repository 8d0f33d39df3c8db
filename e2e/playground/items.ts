// Items of a collection: a few may leave, by being given away or by a market that one of them was approved for.
import { button, COLLECTION, call, felt, GAME, MARKET, open, read, settled, u256 } from './page.ts'

const ASK = {
  tag: 'items',
  calls: [
    { contract_address: COLLECTION, entry_point: ['mint', 'transfer_from', 'approve', 'set_approval_for_all'] },
    { contract_address: MARKET, entry_point: 'take' },
  ],
  nft_limits: [{ collection: COLLECTION, max_out: 2, spenders: [MARKET], approve_one: 'allow' }],
  duration: 3600,
  reason: 'Give items away and sell them without a window for each.',
}

await open(ASK, ({ me, byItself }) => {
  /** Ids that nobody else makes in the same second. */
  let next = BigInt(Date.now()) * 1000n
  const mine: bigint[] = []
  const item = () => {
    const id = mine.pop()
    if (id === undefined) throw new Error('Make items first')
    return u256(id)
  }
  const count = async () => `items ${(await read(COLLECTION, 'balance_of', me()))[0]}`
  const allow = (id: string[]) => call(COLLECTION, 'approve', MARKET, ...id)
  const take = (id: string[]) => call(MARKET, 'take', COLLECTION, me(), ...id)

  button('Make 4 items', async () => {
    const ids = Array.from({ length: 4 }, () => next++)
    const result = await settled(await byItself(...ids.map((id) => call(COLLECTION, 'mint', me(), ...u256(id)))))
    mine.push(...ids)
    return `${result}, ${await count()}`
  })
  button('Give one away', async () => {
    const result = await settled(await byItself(call(COLLECTION, 'transfer_from', me(), GAME, ...item())))
    return `${result}, ${await count()}`
  })
  button('Sell one', async () => {
    const id = item()
    return `${await settled(await byItself(allow(id), take(id)))}, ${await count()}`
  })
  button('Approve all', async () => settled(await byItself(call(COLLECTION, 'set_approval_for_all', MARKET, felt(1)))))
})
