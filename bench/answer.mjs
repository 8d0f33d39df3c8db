/**
 * An automatic call, as a page meets it: from its ask to the transaction's hash, in the built extension with its worker awake,
 * against a bare fetch of as many bytes from the same worker (performance.md 10). Chromium, three nodes: a stub that answers at
 * once, the same with 50 ms, like a node on the network, and a devnet, which runs what it is sent.
 *
 * Usage: node bench/answer.mjs
 */
import { fileURLToPath } from 'node:url'
import { readEnvironment } from '../.ci/steps.mjs'
import { chromiumPath, goal, median, printCircumstances, row, runBench } from './ready.mjs'
import { startStub } from './stub.mjs'

const NAMES = {
  answer: ['page to answer', 'fetch'],
  fetch: ['a bare fetch in the worker', 'fetch'],
  answerAt50: ['page to answer, at 50 ms', 'fetchAt50'],
  fetchAt50: ['a bare fetch, at 50 ms', 'fetchAt50'],
  answerOnDevnet: ['page to answer, on a devnet', 'fetchOnDevnet'],
  fetchOnDevnet: ['its own fetch, on a devnet', 'fetchOnDevnet'],
}

if (process.argv.includes('--measure')) {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(fileURLToPath(new URL('./answer-work.ts', import.meta.url)), {
    configFile: false,
  })
  const stub = await startStub()
  try {
    const node = { url: stub.url, asked: async () => (await stub.seen()).methods, delay: stub.delay }
    console.log(JSON.stringify(await module.measureAnswer(node, chromiumPath())))
  } finally {
    await stub.stop()
  }
} else {
  readEnvironment()
  printCircumstances()
  if (chromiumPath() === undefined || process.env.DEVNET_PATH === undefined) {
    console.error('bench: no Chromium, or no devnet: .ci/setup.sh finds them')
    process.exit(2)
  }
  process.exitCode = runBench(import.meta.url, {
    table: (times) => {
      row(['', 'median ms', 'p95 ms', 'ratio'])
      for (const [name, [title, base]] of Object.entries(NAMES)) {
        const sorted = [...times[name]].sort((a, b) => a - b)
        const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1]
        row([
          title,
          median(times[name]).toFixed(1),
          p95.toFixed(1),
          (median(times[name]) / median(times[base])).toFixed(2),
        ])
      }
    },
    goals: (times) => [
      ...goal('answer.fetch50', median(times.answerAt50) / median(times.fetchAt50), '<=', 2, 1.1),
      ...goal('answer.devnet', median(times.answerOnDevnet) / median(times.fetchOnDevnet), '<=', 2),
      // Here the stub's own hashing is most of the fetch, and two strict commits are a third of the answer.
      { name: 'answer.fetch.stretch', value: median(times.answer) / median(times.fetch), op: '<=', bound: 2 },
    ],
  })
}
