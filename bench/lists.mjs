/**
 * Long lists: a wallet with 256 sessions and 10,000 rows of activity in its database beside one with one session and a few
 * rows, in the same browser and in turns: from the opening of a screen to its list's paint, and the frames while the long list
 * is scrolled from its top to its end, next pages included. Chromium, one stub node.
 *
 * Usage: node bench/lists.mjs
 */
import { fileURLToPath } from 'node:url'
import { chromiumPath, goal, installPeers, median, printCircumstances, row, runBench } from './ready.mjs'
import { startStub } from './stub.mjs'

const SCREENS = ['home', 'sessions', 'activity']
const LISTS = ['sessions', 'activity']
const ROWS = 10_000
const SESSIONS = 256
/** ms: a frame that is felt. */
const LONG = 50

if (process.argv.includes('--measure')) {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(fileURLToPath(new URL('./lists-work.ts', import.meta.url)), {
    configFile: false,
  })
  const stub = await startStub()
  try {
    const node = { url: stub.url, asked: async () => (await stub.seen()).methods }
    console.log(JSON.stringify(await module.measureLists(node, chromiumPath())))
  } finally {
    await stub.stop()
  }
} else {
  installPeers()
  printCircumstances()
  if (chromiumPath() === undefined) {
    console.error('bench: no Chromium: .ci/setup.sh finds one')
    process.exit(2)
  }
  const share = (frames) => frames.filter((it) => it > LONG).length / frames.length
  process.exitCode = runBench(import.meta.url, {
    table: ({ open, frames, met, cards }) => {
      row(['opened', 'few, ms', 'many, ms', 'ratio'])
      for (const screen of SCREENS) {
        const [few, many] = [median(open.few[screen]), median(open.many[screen])]
        row([screen, few.toFixed(0), many.toFixed(0), (many / few).toFixed(2)])
      }
      row(['scrolled', 'frames', 'median ms', 'over 50 ms', 'worst ms'])
      for (const list of LISTS)
        row([
          list,
          String(frames[list].length),
          median(frames[list]).toFixed(1),
          `${(100 * share(frames[list])).toFixed(1)} %`,
          Math.max(...frames[list]).toFixed(0),
        ])
      row(['rows of activity met', String(met)])
      row(['sessions met', String(cards)])
    },
    goals: ({ open, frames, met, cards }) => [
      ...SCREENS.flatMap((screen) =>
        goal(`lists.open.${screen}`, median(open.many[screen]) / median(open.few[screen]), '<=', 2, 1.5),
      ),
      ...LISTS.flatMap((list) => goal(`lists.scroll.${list}`, share(frames[list]), '<=', 0.05, 0.01)),
      ...goal('lists.whole', met >= ROWS && cards >= SESSIONS ? 1 : 0, '=', 1),
    ],
  })
}
