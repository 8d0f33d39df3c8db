// Tips: at most so much each, and at most so much on a day of the calendar (UTC).
import { tip } from '../../src/core/policy/templates.ts'
import { balance, button, call, coins, GAME, open, STRK, settled, u256 } from './page.ts'

const ASK = tip({
  tag: 'tip',
  token: STRK,
  each: `${coins(1)}`,
  daily: `${coins(3)}`,
  reason: 'Tip what you like with one click.',
})

await open(ASK, ({ me, byItself, askingMe }) => {
  const give = (n: number) => call(STRK, 'transfer', GAME, ...u256(coins(n)))

  button('Tip 1 STRK', async () => `${await settled(await byItself(give(1)))}, STRK left ${await balance(STRK, me())}`)
  button('Tip 2 STRK', async () => settled(await byItself(give(2))))
  button('Tip 2 STRK, ask me', async () => settled(await askingMe(give(2))))
})
