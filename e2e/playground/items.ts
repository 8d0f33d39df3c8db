// Items of a collection: a few may leave, by being given away or by a market that one of them was approved for.
import code from './items.ts?raw'
import { drawing } from './look.ts'
import { button, COLLECTION, call, felt, GAME, MARKET, open, read, settled, u256 } from './page.ts'

const ABOUT = {
  title: 'Collection',
  pitch: 'A few items may leave, given away or sold. All of them never.',
  code,
}

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

await open(ABOUT, ASK, ({ me, byItself }) => {
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

  return async () => {
    const [items = 0n] = await read(COLLECTION, 'balance_of', me())
    return { picture: shelf(Number(items)), figures: [['Items', `${items}`]] }
  }
})

/** Two rows of what is there. */
function shelf(items: number): Element {
  const gems = Array.from({ length: Math.min(items, 12) }, (_, item) => {
    const [x, y] = [18 + (item % 6) * 57, 14 + Math.floor(item / 6) * 86]
    return ['path', { class: `gem tint${item % 3}`, d: `M${x + 12} ${y}h24l12 16-24 44-24-44z` }] as const
  })
  const board = (y: number) => ['rect', { class: 'board', x: 10, y, width: 350, height: 4, rx: 2 }] as const
  return drawing([370, 190], [...gems, board(78), board(164)])
}
