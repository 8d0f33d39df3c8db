/**
 * The properties of policy.md 16, one worker per core. P1: the engine and the second opinion decide the same random cases; P2 to
 * P11: what holds for all policies. Ends with 1 on any failure, when less than 30 % of P1 end `auto`, when a reason occurs too
 * rarely to say that it was tried, or when a property never met what it is about.
 *
 * Usage: node .ci/fuzz.mjs [--long] · FUZZ_SEED and FUZZ_CASES (of P1; the others in proportion) choose another run, FUZZ_ONLY=P3,P7
 * some properties of it
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
/** From so many cases on a property has to have met all that it is about. */
const ENOUGH = 500

if (!isMainThread) {
  const { first, step, seed, parts } = workerData
  const [{ runCases }, properties] = await load()
  for (const { id, count } of parts) {
    const run = id === 'P1' ? runCases : properties.find((property) => property.id === id).run
    parentPort.postMessage({ id, tally: await run(seed, count, { first, step }) })
  }
} else if (isProgram(import.meta.url)) {
  process.exitCode = (await fuzz(process.argv.includes('--long'))) ? 0 : 1
}

/** @returns {Promise<boolean>} whether the run is one to rely on */
async function fuzz(long) {
  const from = performance.now()
  const seed = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 32))
  const cases = Number(process.env.FUZZ_CASES ?? CASES * (long ? LONG : 1))
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(cases) || cases < 1) {
    console.log('fuzz: FUZZ_SEED and FUZZ_CASES are integers')
    return false
  }
  const workers = availableParallelism()
  const [p1, properties] = await load()
  const only = process.env.FUZZ_ONLY?.split(',')
  const parts = [{ id: 'P1', cases: CASES }, ...properties]
    .filter(({ id }) => only === undefined || only.includes(id))
    .map(({ id, cases: full }) => ({ id, count: Math.max(1, Math.round((full * cases) / CASES)) }))
  console.log(`fuzz: seed ${seed} (FUZZ_SEED=${seed} repeats it), ${workers} workers`)
  const tallies = new Map(parts.map(({ id }) => [id, []]))
  const results = []
  const take = ({ id, tally }) => {
    const all = tallies.get(id)
    all.push(tally)
    if (all.length < workers) return
    const { count } = parts.find((part) => part.id === id)
    results.push(
      id === 'P1'
        ? toldP1(p1, count, all)
        : told(
            properties.find((property) => property.id === id),
            count,
            all,
          ),
    )
    console.log(`  after ${since(from)}`)
  }
  await Promise.all(
    Array.from({ length: workers }, (_, first) => runWorker({ first, step: workers, seed, parts }, take)),
  )
  const failed = results.filter((good) => !good).length
  console.log(`fuzz: ${failed === 0 ? 'all hold' : `${failed} failed`}, ${since(from)}`)
  return failed === 0 && results.length === parts.length
}

function toldP1({ codesOf }, count, tallies) {
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
  console.log(`P1: engine = oracle: ${disagreed} of ${count} cases disagree, ${(share * 100).toFixed(1)} % auto`)
  return disagreed === 0 && rare.length === 0 && share >= AUTO_SHARE
}

function told(property, count, tallies) {
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0)
  for (const text of tallies.flatMap(({ failures }) => failures)) console.log(`\nfuzz: ${text}`)
  const met = {}
  for (const tally of tallies) {
    for (const [what, times] of Object.entries(tally.met)) met[what] = (met[what] ?? 0) + times
  }
  const rare = count < ENOUGH ? [] : property.rare(count, met)
  if (rare.length > 0) console.log(`fuzz: ${property.id} met too rarely: ${rare.join(', ')}`)
  console.log(`${property.id}: ${property.says}: ${failed} of ${count} fail`)
  return failed === 0 && rare.length === 0
}

async function load() {
  const { runnerImport } = await import('vite')
  const given = { configFile: false, root: at('.'), define: { __E2E__: 'false' } }
  const [p1, { PROPERTIES, rare }, { interleavings, runInterleavings }] = await Promise.all(
    ['src/core/policy/oracle/fuzz.ts', 'src/core/policy/oracle/properties/all.ts', 'bench/interleavings.ts'].map(
      async (path) => (await runnerImport(at(path), given)).module,
    ),
  )
  const p11 = { ...interleavings, run: runInterleavings, rare: (cases, met) => rare(interleavings, cases, met) }
  return [p1, [...PROPERTIES, p11]]
}

function runWorker(part, take) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: part })
    worker.on('message', take)
    worker.once('error', reject)
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))))
  })
}
