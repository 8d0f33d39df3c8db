// Everything that needs no browser and no chain, under one minute: types, Biome, unit tests (layers, doors and surface among
// them), sizes, the Poseidon bench, ids in titles, printed pages. Goes on after a failure: all of them are worth seeing at once.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { at, bin, isProgram, run, since } from './steps.mjs'

/**
 * @returns {Promise<{ passed: number, failed: number, why: string }>} tests of the runner; a step that failed counts as one
 * more failed. `why`: the ends of what failed, for whoever sees only the last page of a long output.
 */
export async function check() {
  const from = performance.now()
  const failedSteps = []
  let why = ''
  const step = async (name, act) => {
    console.log(`\n— ${name}`)
    const { code, output } = await act()
    if (code === 0) return
    failedSteps.push(name)
    why += `\n— ${name}, its last lines:\n${output.trimEnd().split('\n').slice(-60).join('\n')}\n`
  }
  const script = (path) => () => run(process.execPath, [at(path)])
  let unit = { passed: 0, failed: 0 }
  await step('types', script('.ci/types.mjs'))
  await step('biome', () => run(bin('biome'), ['check', '--error-on-warnings']))
  await step('unit tests', async () => {
    unit = await unitTests()
    return unit
  })
  await step('bench:size', script('.ci/size.mjs'))
  await step('bench:poseidon', script('bench/poseidon.mjs'))
  await step('ids in titles', script('.ci/titles.mjs'))
  await step('printed pages', () => run(process.execPath, [at('.ci/docs.mjs'), '--check']))
  console.log(
    `\ncheck: ${failedSteps.length === 0 ? 'all steps passed' : `failed: ${failedSteps.join(', ')}`}, ${since(from)}`,
  )
  // The runner counts its own failed tests; a runner that failed without one is a failed step.
  const steps = failedSteps.length - (unit.failed > 0 ? 1 : 0)
  return { passed: unit.passed, failed: unit.failed + steps, why }
}

async function unitTests() {
  const folder = mkdtempSync(`${tmpdir()}/latchkey-`)
  const report = `${folder}/unit.json`
  try {
    const { code, output } = await run(bin('vitest'), [
      'run',
      '--reporter=dot',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ])
    const { numPassedTests: passed, numFailedTests: failed } = JSON.parse(readFileSync(report, 'utf8'))
    return { code, output, passed, failed }
  } catch (error) {
    const output = `unit tests: no report, ${error instanceof Error ? error.message : error}`
    console.log(output)
    return { code: 1, output, passed: 0, failed: 0 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (isProgram(import.meta.url)) {
  const { passed, failed } = await check()
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
