// The built extension in a real browser on a real chain. Arguments go on to Playwright.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { clients } from './clients.mjs'
import { bin, isProgram, readEnvironment, run } from './steps.mjs'

const CONFIG = 'e2e/playwright.config.ts'

/** @returns {Promise<{ passed: number, failed: number, why: string }>} `why`: the end of the output when a test failed */
export async function e2e(args = [], config = CONFIG) {
  readEnvironment()
  for (const name of ['CHROME_PATH', 'DEVNET_PATH']) {
    if (!process.env[name] || !existsSync(process.env[name])) {
      console.log(`e2e: not run, ${name} is not set: .ci/setup.sh finds it or says what is missing`)
      return { passed: 0, failed: 1, why: '' }
    }
  }
  const isWhole = args.length === 0 || args.some((it) => it.includes('clients'))
  if (config === CONFIG && isWhole && (await clients()) > 0)
    return { passed: 0, failed: 1, why: 'e2e: not run, pages of clients could not be had' }
  const folder = mkdtempSync(`${tmpdir()}/latchkey-`)
  const report = `${folder}/e2e.json`
  try {
    const { code, output } = await run(bin('playwright'), ['test', '-c', config, ...args], {
      env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report },
    })
    const { stats } = JSON.parse(readFileSync(report, 'utf8'))
    if (stats.skipped > 0) console.log(`e2e: ${stats.skipped} not run`)
    const failed = stats.unexpected + stats.flaky
    const why = code === 0 ? '' : output.trimEnd().split('\n').slice(-120).join('\n')
    return { passed: stats.expected, failed: code !== 0 && failed === 0 ? 1 : failed, why }
  } catch (error) {
    console.log(`e2e: no report, ${error instanceof Error ? error.message : error}`)
    return { passed: 0, failed: 1, why: '' }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (isProgram(import.meta.url)) {
  const { passed, failed } = await e2e(process.argv.slice(2))
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
