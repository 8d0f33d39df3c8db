// Tips: at most so much each, and at most so much on a day of the calendar (UTC).
import { balance, button, call, coins, GAME, open, STRK, settled, u256 } from './page.ts'

const ASK = {
  tag: 'tip',
  calls: [{ contract_address: STRK, entry_point: 'transfer', label: 'Tips' }],
  spend_limits: [
    {
      token: STRK,
      per_call: coins(1).toString(),
      caps: [{ amount: coins(3).toString(), window: { calendar: 'day' } }],
    },
  ],
  duration: 604_800,
  reason: 'Tip what you like with one click.',
}

await open(ASK, ({ me, byItself, askingMe }) => {
  const tip = (n: number) => call(STRK, 'transfer', GAME, ...u256(coins(n)))

  button('Tip 1 STRK', async () => `${await settled(await byItself(tip(1)))}, STRK left ${await balance(STRK, me())}`)
  button('Tip 2 STRK', async () => settled(await byItself(tip(2))))
  button('Tip 2 STRK, ask me', async () => settled(await askingMe(tip(2))))
})
