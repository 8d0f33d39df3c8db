// `tsc` once for every folder, because each folder sees only its own world (architecture.md 3); two at a time.
import { existsSync, readdirSync } from 'node:fs'
import { at, bin, isProgram, run, since } from './steps.mjs'

/** @returns {Promise<number>} how many configurations have type errors */
export async function types() {
  const from = performance.now()
  const configs = readdirSync(at('src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(at(`src/${entry.name}/tsconfig.json`)))
    .map((entry) => `src/${entry.name}/tsconfig.json`)
    .concat('tsconfig.test.json')
  const waiting = [...configs]
  let wrong = 0
  const worker = async () => {
    for (let config = waiting.shift(); config; config = waiting.shift()) {
      const { code, output } = await run(bin('tsc'), ['-p', config], { kept: true })
      if (code === 0) continue
      wrong += 1
      console.log(`types: ${config}\n${output.trim()}`)
    }
  }
  await Promise.all([worker(), worker()])
  console.log(`types: ${configs.length - wrong} of ${configs.length} configurations clean in ${since(from)}`)
  return wrong
}

if (isProgram(import.meta.url)) process.exitCode = (await types()) === 0 ? 0 : 1
