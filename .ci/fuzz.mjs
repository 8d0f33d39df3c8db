/**
 * P1 of policy.md 16: the engine and the second opinion decide the same random cases, one worker per core. Ends with 1 on any
 * disagreement, when less than 30 % end `auto`, or when a reason occurs too rarely to say that it was tried.
 *
 * Usage: node .ci/fuzz.mjs [--long] · FUZZ_SEED and FUZZ_CASES choose another run
 */
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { at, isProgram, since } from './steps.mjs'

const CASES = 100_000
const LONG = 10
const AUTO_SHARE = 0.3
/** Of each reason, in a run of CASES; fewer cases, proportionally fewer. */
const TIMES = 200

if (!isMainThread) {
  const { runCases } = await load()
  const { seed, count, first, step } = workerData
  parentPort.postMessage(runCases(seed, count, { first, step }))
} else if (isProgram(import.meta.url)) {
  process.exitCode = (await fuzz(process.argv.includes('--long'))) ? 0 : 1
}

/** @returns {Promise<boolean>} whether the run is one to rely on */
async function fuzz(long) {
  const from = performance.now()
  const seed = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 32))
  const count = Number(process.env.FUZZ_CASES ?? CASES * (long ? LONG : 1))
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1) {
    console.log('fuzz: FUZZ_SEED and FUZZ_CASES are integers')
    return false
  }
  const workers = availableParallelism()
  console.log(`fuzz: ${count} cases, seed ${seed} (FUZZ_SEED=${seed} repeats it), ${workers} workers`)
  const { codesOf } = await load()
  const tallies = await Promise.all(
    Array.from({ length: workers }, (_, first) => runWorker({ seed, count, first, step: workers })),
  )
  const sum = (pick) => tallies.reduce((all, tally) => all + (pick(tally) ?? 0), 0)
  const kinds = ['auto', 'ask', 'refuse'].map((kind) => [kind, sum(({ kinds }) => kinds[kind])])
  const codes = codesOf().map((code) => [code, sum(({ codes }) => codes[code])])
  for (const [name, times] of [...kinds, ...codes]) console.log(`  ${name.padEnd(22)} ${String(times).padStart(8)}`)
  const disagreed = sum((tally) => tally.disagreed)
  for (const text of tallies.flatMap(({ disagreements }) => disagreements)) console.log(`\nfuzz: disagreement, ${text}`)

  const least = Math.floor((TIMES * Math.min(count, CASES)) / CASES)
  const rare = codes.filter(([, times]) => times < least)
  const share = sum(({ kinds }) => kinds.auto) / count
  if (rare.length > 0) console.log(`fuzz: fewer than ${least} times: ${rare.map(([code]) => code).join(', ')}`)
  if (share < AUTO_SHARE) console.log(`fuzz: only ${(share * 100).toFixed(1)} % end auto`)
  console.log(`fuzz: ${disagreed} of ${count} cases disagree, ${(share * 100).toFixed(1)} % auto, ${since(from)}`)
  return disagreed === 0 && rare.length === 0 && share >= AUTO_SHARE
}

async function load() {
  const { runnerImport } = await import('vite')
  return (await runnerImport(at('src/core/policy/oracle/fuzz.ts'), { configFile: false, root: at('.') })).module
}

function runWorker(part) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: part })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`a worker ended with ${code} and told nothing`)))
  })
}
