// What the scripts have in common. No package is needed here: `npm start` and `npm test` begin without node_modules.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** @param {string} path from the root of the repository */
export const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))

/**
 * Runs a program to its end. Its output is shown as it comes, or kept back when it is to run beside others.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string>, kept?: boolean }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { env = {}, kept = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const take = (screen) => (bytes) => {
      output += bytes
      if (!kept) screen.write(bytes)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    child.once('error', (error) => resolve({ code: 127, output: `${command}: ${error.message}\n` }))
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** @param {string} name of a program that a package brought */
export const bin = (name) => at(`node_modules/.bin/${name}`)

/** Variables of .env.local that are not set already. */
export function readEnvironment() {
  try {
    for (const line of readFileSync(at('.env.local'), 'utf8').split('\n')) {
      const [, name, value] = /^([A-Z_]+)=(.+)$/.exec(line) ?? []
      if (name && value && !process.env[name]) process.env[name] = value
    }
  } catch {
    // No file: nothing was found on this machine yet.
  }
}

/** @param {string} url of the module that asks whether it is the program itself */
export const isProgram = (url) => process.argv[1] === fileURLToPath(url)

/** @param {number} from milliseconds of performance.now() */
export const since = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`
