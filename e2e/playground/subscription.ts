// A subscription: one payee, and the price once in each week from the start on.
import { subscription } from '../../src/core/policy/templates.ts'
import { balance, button, COIN, call, coins, MARKET, open, STRK, settled, u256 } from './page.ts'

// Any address will do.
const PAYEE = COIN
const ASK = subscription({
  tag: 'subscription',
  token: STRK,
  payee: PAYEE,
  price: `${coins(5)}`,
  period: 604_800,
  reason: 'Pay for each week when it begins.',
})

await open(ASK, ({ byItself }) => {
  const pay = (n: number, whom = PAYEE) => call(STRK, 'transfer', whom, ...u256(coins(n)))

  button('Pay for this week', async () => {
    const result = await settled(await byItself(pay(5)))
    return `${result}, the payee has ${await balance(STRK, PAYEE)}`
  })
  button('Pay a little more', async () => settled(await byItself(pay(1))))
  button('Pay somebody else', async () => settled(await byItself(pay(1, MARKET))))
})
