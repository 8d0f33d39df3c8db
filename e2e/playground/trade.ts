// A trade: an approval and the swap that uses it in one transaction. What is not used up of the approval is set back by the
// wallet in the same transaction, so nothing can be pulled later.
import { trade } from '../../src/core/policy/templates.ts'
import { drawing } from './look.ts'
import { balance, button, COIN, call, coins, inCoins, MARKET, open, read, settled, TOKEN, u256 } from './page.ts'
import code from './trade.ts?raw'

const ABOUT = {
  title: 'Exchange',
  pitch: 'Approve and swap in one transaction. What is not used of the approval is gone when it ends.',
  code,
}

const TRADE = trade({
  tag: 'trade',
  market: MARKET,
  swap: 'swap',
  parameter: 'token_in',
  token: TOKEN,
  total: `${coins(100)}`,
  each: `${coins(20)}`,
  reason: 'Swap without a window for each trade.',
})
/** And coins to trade with, which only a test has. */
const ASK = { ...TRADE, calls: [...TRADE.calls, { contract_address: TOKEN, entry_point: 'mint' }] }

await open(ABOUT, ASK, ({ me, byItself, askingMe }) => {
  const approve = (n: number, whom = MARKET) => call(TOKEN, 'approve', whom, ...u256(coins(n)))
  const swap = (n: number) => call(MARKET, 'swap', TOKEN, ...u256(coins(n)), COIN, ...u256(coins(2 * n)))
  const holdings = async () => ({
    test: await balance(TOKEN, me()),
    other: await balance(COIN, me()),
    allowance: inCoins(await read(TOKEN, 'allowance', me(), MARKET)),
  })
  const had = async () => {
    const { test, other, allowance } = await holdings()
    return `TEST ${test}, OTHER ${other}, the market may take ${allowance}`
  }

  button('Get coins', async () => {
    const result = await settled(await byItself(call(TOKEN, 'mint', me(), ...u256(coins(100)))))
    return `${result}, ${await had()}`
  })
  button('Swap 10', async () => `${await settled(await byItself(approve(10), swap(10)))}, ${await had()}`)
  button('Approve 15, swap 10', async () => `${await settled(await byItself(approve(15), swap(10)))}, ${await had()}`)
  button('Swap 30', async () => settled(await byItself(approve(30), swap(30))))
  button('Approve somebody else', async () => settled(await byItself(approve(1, COIN))))
  button('Swap 30, ask me', async () => `${await settled(await askingMe(approve(30), swap(30)))}, ${await had()}`)

  return async () => {
    const { test, other, allowance } = await holdings()
    return {
      picture: twoPiles(Number(test), Number(other)),
      figures: [
        ['TEST', test],
        ['OTHER', other],
        ['The market may take', allowance],
      ],
    }
  }
})

/** One for what is given, one for what is got. */
function twoPiles(given: number, got: number): Element {
  const pile = (amount: number, x: number, look: string) =>
    Array.from({ length: Math.min(Math.ceil(amount / 10), 16) }, (_, coin) => {
      return ['ellipse', { class: `coin ${look}`, cx: x, cy: 160 - coin * 8, rx: 44, ry: 10 }] as const
    })
  const arrow = ['path', { class: 'path', d: 'M165 92h40m-12-10 12 10-12 10' }] as const
  return drawing([370, 190], [...pile(given, 95, 'first'), arrow, ...pile(got, 275, 'second')])
}
