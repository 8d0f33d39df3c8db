/**
 * An automatic call, as a page meets it: from its ask to the transaction's hash, in the built extension with its worker awake,
 * against a bare fetch of the same bytes from the same worker, in turns (performance.md 10). Chromium, one stub node.
 *
 * Usage: node bench/answer.mjs
 */
import { fileURLToPath } from 'node:url'
import { chromiumPath, goal, median, printCircumstances, row, runBench } from './ready.mjs'
import { startStub } from './stub.mjs'

const NAMES = { answer: 'page to answer', fetch: 'a bare fetch in the worker' }

if (process.argv.includes('--measure')) {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(fileURLToPath(new URL('./answer-work.ts', import.meta.url)), {
    configFile: false,
  })
  const stub = await startStub()
  try {
    const node = { url: stub.url, asked: async () => (await stub.seen()).methods }
    console.log(JSON.stringify(await module.measureAnswer(node, chromiumPath())))
  } finally {
    await stub.stop()
  }
} else {
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
        row([
          title,
          median(times[name]).toFixed(1),
          p95.toFixed(1),
          (median(times.answer) / median(times[name])).toFixed(2),
        ])
      }
    },
    goals: (times) => goal('answer.fetch', median(times.answer) / median(times.fetch), '<=', 2),
  })
}
