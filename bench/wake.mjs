/**
 * A stopped worker, as a page meets it: from its ask to the first automatic answer, which is a transaction's hash. Ours against
 * the same build with everything imported at its top, against a small wallet on starknet.js that asks its node as ours does,
 * and against an empty worker (performance.md 6 and 10). Chromium, one stub node.
 *
 * Usage: node bench/wake.mjs
 */
import { fileURLToPath } from 'node:url'
import { chromiumPath, goal, installPeers, median, printCircumstances, row, runBench } from './ready.mjs'
import { startStub } from './stub.mjs'

const NAMES = {
  ours: 'ours',
  eager: 'ours, all imported at top',
  starknet: 'starknet.js, no policy',
  given: 'starknet.js, all given',
  empty: 'an empty worker',
}

if (process.argv.includes('--measure')) {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(fileURLToPath(new URL('./wake-work.ts', import.meta.url)), {
    configFile: false,
  })
  const stub = await startStub()
  try {
    const node = { url: stub.url, asked: async () => (await stub.seen()).methods }
    console.log(JSON.stringify(await module.measureWake(node, chromiumPath())))
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
  process.exitCode = runBench(import.meta.url, {
    table: (times) => {
      row(['', 'median ms', 'p95 ms', 'ratio'])
      for (const [name, title] of Object.entries(NAMES)) {
        const sorted = [...times[name]].sort((a, b) => a - b)
        const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1]
        const ratio = median(times.ours) / median(times[name])
        row([title, median(times[name]).toFixed(1), p95.toFixed(1), ratio.toFixed(2)])
      }
    },
    goals: (times) => {
      const against = (name) => median(times.ours) / median(times[name])
      return [
        ...goal('wake.eager', against('eager'), '<=', 1, 0.9),
        ...goal('wake.starknet', against('starknet'), '<=', 1.7, 1),
        { name: 'wake.empty.stretch', value: against('empty'), op: '<=', bound: 3 },
      ]
    },
  })
}
