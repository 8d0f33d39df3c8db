// A game: many small calls, and a little money. One approval, and then no window.
import { game } from '../../src/core/policy/templates.ts'
import { drawing } from './look.ts'
import code from './main.ts?raw'
import { balance, button, call, coins, felt, GAME, open, read, STRK, settled, TOKEN, u256 } from './page.ts'

const ABOUT = {
  title: 'Arena',
  pitch: 'Twenty moves, three kinds of action, a little money. One approval, then nobody asks again.',
  code,
}

/** What this site asks for: the person sees it in words, may narrow it, and says yes once. */
const ASK = game({
  plays: [{ contract: GAME, actions: ['move', 'doAction', 'say'] }],
  more: [{ contract: TOKEN, actions: ['mint'] }],
  spends: { token: STRK, total: `${coins(5)}`, each: `${coins(2)}` },
  reason: 'Play rounds without a window for each move.',
})

await open(ABOUT, ASK, ({ me, byItself, askingMe }) => {
  const moves = async () => (await read(GAME, 'moves', me()))[0] ?? 0n
  const pay = (n: number) => call(STRK, 'transfer', GAME, ...u256(coins(n)))

  button('Use session', async () => {
    const result = await settled(await byItself(call(TOKEN, 'mint', me(), ...u256(coins(666)))))
    return `${result}, balance ${await balance(TOKEN, me())}`
  })
  button('Play 20 moves', async () => {
    const before = await moves()
    const hashes: string[] = []
    for (let round = 1; round <= 20; round += 1)
      hashes.push(await byItself(call(GAME, 'move', felt(round), felt(round * 2))))
    const results = await Promise.all(hashes.map(settled))
    const failed = results.filter((result) => result !== 'SUCCEEDED')
    const [x, y] = await read(GAME, 'position', me())
    return `${20 - failed.length} of 20 SUCCEEDED, moves ${before} → ${await moves()}, position ${x}, ${y}`
  })
  button('Spend over the limit', async () => settled(await byItself(pay(3))))
  button('Spend over the limit, ask me', async () => {
    const result = await settled(await askingMe(pay(3)))
    return `${result}, STRK left ${await balance(STRK, me())}`
  })
  button('Call something else', async () => settled(await byItself(call(GAME, 'reset'))))

  return async () => {
    const [x = 0n, y = 0n] = await read(GAME, 'position', me())
    return {
      picture: board(Number(x), Number(y)),
      figures: [
        ['Position', `${x}, ${y}`],
        ['Moves', `${await moves()}`],
        ['STRK', await balance(STRK, me())],
      ],
    }
  }
})

/** From the corner to where the chain has the piece: a move goes one right and two up. */
function board(x: number, y: number): Element {
  const at = (column: number, row: number) => ({ cx: 14 + column * 17, cy: 176 - row * 4 })
  const squares = Array.from({ length: 21 * 10 }, (_, place) => {
    const [column, row] = [place % 21, Math.floor(place / 21)]
    const shade = (column + row) % 2 === 0 ? 'even' : 'odd'
    return ['rect', { class: shade, x: 5 + column * 17, y: 5 + row * 18, width: 17, height: 18 }] as const
  })
  const { cx, cy } = at(x, y)
  const path = ['line', { class: 'path', x1: at(0, 0).cx, y1: at(0, 0).cy, x2: cx, y2: cy }] as const
  return drawing([370, 190], [...squares, path, ['circle', { class: 'piece', cx, cy, r: 8 }]])
}
