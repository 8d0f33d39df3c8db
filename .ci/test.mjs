// `npm test`: all that CI runs, from a fresh clone on. The last line is the sum of the test runners; a step that is no test
// runner counts as one more failed when it fails.
import { readdirSync, readFileSync } from 'node:fs'
import { at, bin, readEnvironment, run, since } from './steps.mjs'

const from = performance.now()
const sum = { passed: 0, failed: 0 }
const failedSteps = []
let reasons = ''

const setup = await run('bash', [at('.ci/setup.sh')])
if (setup.code !== 0) finish(setup.code)
readEnvironment()

await tests('check', async () => (await import('./check.mjs')).check())
await step('build', async () => (await run(bin('vite'), ['build', '--logLevel', 'warn'])).code)
// The second build differs by crash points and a test clock: without one in the source there is nothing to build.
if (mentions('src', '__E2E__'))
  await step(
    'build:e2e',
    async () => (await run(bin('vite'), ['build', '--logLevel', 'warn'], { env: { E2E: '1' } })).code,
  )
await step('scan of dist', async () => (await import('./scan.mjs')).scan())
await step('contracts', async () => (await import('./contracts.mjs')).contracts())
// The same cases each time, so that no run is luck; `npm run fuzz:long` draws others.
await step('fuzz', async () => (await run(process.execPath, [at('.ci/fuzz.mjs')], { env: { FUZZ_SEED: '1' } })).code)
// Alone: a browser beside them would be measured with them.
for (const name of ['policy', 'hotpath', 'execute', 'wake', 'paint'])
  await step(`bench:${name}`, async () => (await run(process.execPath, [at(`bench/${name}.mjs`)])).code)
await tests('e2e', async () => (await import('./e2e.mjs')).e2e())
finish(sum.failed === 0 ? 0 : 1)

async function step(name, act) {
  console.log(`\n== ${name}`)
  const code = await act().catch((error) => {
    console.log(`${name}: ${error instanceof Error ? error.message : error}`)
    return 1
  })
  if (code === 0) return
  failedSteps.push(name)
  sum.failed += 1
}

async function tests(name, act) {
  await step(name, async () => {
    const { passed, failed, why } = await act()
    reasons += why
    sum.passed += passed
    // The step itself is counted once; the others are counted here.
    sum.failed += Math.max(0, failed - 1)
    return failed === 0 ? 0 : 1
  })
}

function finish(code) {
  if (code !== 0) sum.failed = Math.max(1, sum.failed)
  if (failedSteps.length > 0) console.log(`${reasons}\nfailed: ${failedSteps.join(', ')}`)
  console.log(`\ntime: ${since(from)}`)
  console.log(`${sum.passed} passed, ${sum.failed} failed`)
  process.exit(code)
}

function mentions(folder, word) {
  return readdirSync(at(folder), { recursive: true, withFileTypes: true }).some(
    (entry) =>
      entry.isFile() &&
      /\.tsx?$/.test(entry.name) &&
      !entry.name.endsWith('.d.ts') &&
      readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`, 'utf8').includes(word),
  )
}
