// A subscription: one payee, and the price once in each week from the start on.
import { subscription } from '../../src/core/policy/templates.ts'
import { drawing } from './look.ts'
import { balance, button, COIN, call, coins, MARKET, open, STRK, settled, u256 } from './page.ts'
import code from './subscription.ts?raw'

const ABOUT = {
  title: 'Weekly letter',
  pitch: 'One payee, one price, once in each week. It cannot take two, and nobody else can take one.',
  code,
}

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

await open(ABOUT, ASK, ({ byItself }) => {
  const pay = (n: number, whom = PAYEE) => call(STRK, 'transfer', whom, ...u256(coins(n)))

  button('Pay for this week', async () => {
    const result = await settled(await byItself(pay(5)))
    return `${result}, the payee has ${await balance(STRK, PAYEE)}`
  })
  button('Pay a little more', async () => settled(await byItself(pay(1))))
  button('Pay somebody else', async () => settled(await byItself(pay(1, MARKET))))

  return async () => {
    const paid = await balance(STRK, PAYEE)
    return {
      picture: weeks(Math.floor(Number(paid) / 5)),
      figures: [
        ['Weeks paid by all', `${Math.floor(Number(paid) / 5)}`],
        ['The payee has, STRK', paid],
      ],
    }
  }
})

/** A card for each week; those that are paid are filled. */
function weeks(paid: number): Element {
  const cards = Array.from({ length: 8 }, (_, week) => {
    const [column, row] = [week % 4, Math.floor(week / 4)]
    const look = week < paid ? 'card paid' : 'card'
    return ['rect', { class: look, x: 17 + column * 86, y: 17 + row * 82, width: 76, height: 72, rx: 10 }] as const
  })
  return drawing([370, 190], cards)
}
