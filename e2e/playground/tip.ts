// Tips: at most so much each, and at most so much on a day of the calendar (UTC).
import { tip } from '../../src/core/policy/templates.ts'
import { drawing } from './look.ts'
import { balance, button, call, coins, GAME, open, STRK, settled, u256 } from './page.ts'
import code from './tip.ts?raw'

const ABOUT = {
  title: 'Tip jar',
  pitch: 'Like it? One click. Each tip has its most, and so has each day.',
  code,
}

const ASK = tip({
  tag: 'tip',
  token: STRK,
  each: `${coins(1)}`,
  daily: `${coins(3)}`,
  reason: 'Tip what you like with one click.',
})

await open(ABOUT, ASK, ({ me, byItself, askingMe }) => {
  const give = (n: number) => call(STRK, 'transfer', GAME, ...u256(coins(n)))

  button('Tip 1 STRK', async () => `${await settled(await byItself(give(1)))}, STRK left ${await balance(STRK, me())}`)
  button('Tip 2 STRK', async () => settled(await byItself(give(2))))
  button('Tip 2 STRK, ask me', async () => settled(await askingMe(give(2))))

  return async () => {
    const tips = await balance(STRK, GAME)
    return {
      picture: jar(Number(tips)),
      figures: [
        ['In the jar, STRK', tips],
        ['Yours, STRK', await balance(STRK, me())],
      ],
    }
  }
})

/** A coin for each STRK, as far as they fit. */
function jar(tips: number): Element {
  const coins = Array.from({ length: Math.min(Math.floor(tips), 40) }, (_, coin) => {
    const [column, row] = [coin % 8, Math.floor(coin / 8)]
    return ['circle', { class: 'coin first', cx: 123 + column * 18, cy: 160 - row * 18, r: 8 }] as const
  })
  const outline = 'M120 20h130M126 20v18c-18 6-20 14-20 28v94q0 16 16 16h126q16 0 16-16v-94c0-14-2-22-20-28v-18'
  const glass = ['path', { class: 'glass', d: outline }] as const
  return drawing([370, 190], [...coins, glass])
}
