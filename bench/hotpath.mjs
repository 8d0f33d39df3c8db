/**
 * From calls to the finished body of a session's transaction, in node and in Chromium: against the helpers of starknet.js with
 * nothing kept, and against what two signatures and seven permutations take here (performance.md 3 and 10).
 *
 * Usage: node bench/hotpath.mjs [--node-only]
 */
import { readFileSync } from 'node:fs'
import {
  bundleOurs,
  chromiumPath,
  goal,
  importOurs,
  installPeers,
  printCircumstances,
  row,
  runBench,
} from './ready.mjs'

const BODIES = 600
const WORK = 'bench/hotpath-work.ts'

const nodeOnly = process.argv.includes('--node-only')
if (process.argv.includes('--measure')) {
  const node = await (await importOurs(WORK)).measureHotpath(BODIES)
  console.log(JSON.stringify(nodeOnly ? { node } : { node, chromium: await inChromium() }))
} else {
  installPeers()
  printCircumstances()
  if (!nodeOnly && chromiumPath() === undefined) {
    console.error('bench: no Chromium: .ci/setup.sh finds one, or --node-only leaves its goals out')
    process.exit(2)
  }
  process.exitCode = runBench(
    import.meta.url,
    {
      table: (measured) => {
        row(['', 'ours µs', 'against µs', 'ratio'])
        for (const [where, { ours, reference, again, model, few, many }] of Object.entries(measured)) {
          const line = (title, mine, other) =>
            row([`${where}, ${title}`, mine.toFixed(0), other.toFixed(0), (mine / other).toFixed(3)])
          line('starknet.js', ours, reference)
          line('2 sign + 7 perm', again, model)
          line('100 methods to 1', many, few)
        }
      },
      goals: (measured) =>
        Object.entries(measured).flatMap(([where, { ours, reference, again, model, few, many, equal }]) => [
          ...goal(`hotpath.${where}.reference`, ours / reference, '<=', 0.1, 0.075),
          ...goal(`hotpath.${where}.model`, again / model, '<=', 1.3, 1.15),
          ...goal(`hotpath.${where}.methods`, many / few, '<=', 1.1),
          ...goal(`hotpath.${where}.bytes`, equal, '=', 1),
        ]),
    },
    nodeOnly ? ['--node-only'] : [],
  )
}

/** The same bundle in a page that nobody serves: the browser is asked for nothing. */
async function inChromium() {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath: chromiumPath() })
  try {
    const page = await browser.newPage()
    const script = readFileSync(await bundleOurs(WORK), 'utf8')
    // A page that may use WebCrypto's random numbers is one of a secure origin, or the blank one.
    return await page.evaluate(
      async ([script, bodies]) => {
        const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
        return (await import(url)).measureHotpath(bodies)
      },
      [script, BODIES],
    )
  } finally {
    await browser.close()
  }
}
