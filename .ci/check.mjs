// Everything that needs no browser and no chain, under one minute: types, Biome, unit tests (layers, doors and surface among
// them), sizes, the Poseidon bench, ids in titles. Goes on after a failure: all of them are worth seeing at once.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { at, bin, isProgram, run, since } from './steps.mjs'

/** @returns {Promise<{ passed: number, failed: number }>} tests of the runner; a step that failed counts as one more failed */
export async function check() {
  const from = performance.now()
  const { types } = await import('./types.mjs')
  const { size } = await import('./size.mjs')
  const { titles } = await import('./titles.mjs')
  const failedSteps = []
  const step = async (name, act) => {
    console.log(`\n— ${name}`)
    if ((await act()) !== 0) failedSteps.push(name)
  }
  let unit = { passed: 0, failed: 0 }
  await step('types', types)
  await step('biome', async () => (await run(bin('biome'), ['check', '--error-on-warnings'])).code)
  await step('unit tests', async () => {
    unit = await unitTests()
    return 0
  })
  await step('bench:size', size)
  await step('bench:poseidon', async () => (await run(process.execPath, [at('bench/poseidon.mjs')])).code)
  await step('ids in titles', titles)
  console.log(
    `\ncheck: ${failedSteps.length === 0 ? 'all steps passed' : `failed: ${failedSteps.join(', ')}`}, ${since(from)}`,
  )
  return { passed: unit.passed, failed: unit.failed + failedSteps.length }
}

async function unitTests() {
  const folder = mkdtempSync(`${tmpdir()}/latchkey-`)
  const report = `${folder}/unit.json`
  try {
    const { code } = await run(bin('vitest'), [
      'run',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ])
    const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, 'utf8'))
    // A file that does not load has no test to fail.
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed }
  } catch (error) {
    console.log(`unit tests: no report, ${error instanceof Error ? error.message : error}`)
    return { passed: 0, failed: 1 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (isProgram(import.meta.url)) {
  const { passed, failed } = await check()
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
