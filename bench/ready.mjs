/** What every bench needs before it can measure: the peers installed, our TypeScript as something node can import. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

/** Installs bench/ when a peer is missing or of another version than pinned, and says so. Needs no network otherwise. */
export function installPeers() {
  const { dependencies } = JSON.parse(readFileSync(`${here}package.json`, 'utf8'))
  const installed = (name) => {
    const file = `${here}node_modules/${name}/package.json`
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version
  }
  // An alias names another package before its version.
  const wanted = (version) => version.replace(/^npm:.+@/, '')
  if (Object.entries(dependencies).every(([name, version]) => installed(name) === wanted(version))) return
  console.error('bench: installing the peers to measure against (once, a few seconds)')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const ci = (...more) =>
    execFileSync(npm, ['ci', '--no-audit', '--no-fund', ...more], { cwd: here, stdio: ['ignore', 2, 2] })
  try {
    // What npm has kept already is enough; a registry is asked only for what it has not.
    try {
      ci('--prefer-offline')
    } catch {
      ci()
    }
  } catch {
    console.error('bench: the peers could not be installed; with a network, run: npm ci --prefix bench')
    process.exit(2)
  }
}

/** Bundles one of our modules with the project's own Vite and imports it; the path is from the project's root. */
export async function importOurs(path) {
  return import(pathToFileURL(await bundleOurs(path)).href)
}

/** @returns the file that the module and all it imports are in */
export async function bundleOurs(path) {
  const { build } = await import('vite')
  const name = path.replaceAll('/', '-').replace(/\.ts$/, '')
  await build({
    configFile: false,
    define: { __E2E__: 'false' },
    root,
    logLevel: 'error',
    build: {
      outDir: `${here}dist`,
      emptyOutDir: false,
      target: 'node20',
      minify: true,
      lib: { entry: `${root}${path}`, formats: ['es'], fileName: () => `${name}.mjs` },
    },
  })
  return `${here}dist/${name}.mjs`
}

/** The Chromium that .ci/setup.sh found, or Playwright's own. */
export function chromiumPath() {
  const found = /^CHROME_PATH=(.+)$/m.exec(
    existsSync(`${root}.env.local`) ? readFileSync(`${root}.env.local`, 'utf8') : '',
  )
  return [process.env.CHROME_PATH, found?.[1], chromium.executablePath()].find((path) => path && existsSync(path))
}

/**
 * Medians, in microseconds, of variants that run in turn in this process, the order reversed every other round.
 *
 * @param variants name → a function that does its work once
 */
export function measure(variants, { warmUp = 20, rounds = 40 } = {}) {
  const names = Object.keys(variants)
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const name of inTurn(names, round)) {
      const start = process.hrtime.bigint()
      variants[name](round)
      const took = Number(process.hrtime.bigint() - start) / 1000
      if (round >= warmUp) times[name].push(took)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]))
}

/** The order is reversed every other round, so that nobody always runs after the same neighbour. */
export function inTurn(names, round) {
  return round % 2 === 0 ? names : [...names].reverse()
}

/**
 * The whole of a bench's command: its file measures itself in a fresh process, once more when a required goal misses, and
 * a goal fails when both miss. Each goal is judged on its better value; the table shows the last measurement.
 *
 * @param {string} url of the bench's file, which prints one line of JSON when it is started with `--measure`
 * @param {{ table: (measured: any) => void, goals: (measured: any) => Goal[] }} bench
 * @param {readonly string[]} args for the measuring process
 *
 * @typedef {{ name: string, value: number, op: '<=' | '=', bound: number }} Goal
 */
export function runBench(url, { table, goals }, args = []) {
  const measured = inFreshProcess(url, args)
  table(measured)
  const first = goals(measured)
  if (first.every((goal) => isMet(goal) || isStretch(goal))) return judge(first)
  console.log('measured again, because a required goal was missed')
  const again = inFreshProcess(url, args)
  table(again)
  const second = new Map(goals(again).map((goal) => [goal.name, goal]))
  return judge(first.map((goal) => better(goal, second.get(goal.name) ?? goal)))
}

function inFreshProcess(url, args) {
  const output = execFileSync(process.execPath, [fileURLToPath(url), '--measure', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  })
  return JSON.parse(output.trim().split('\n').at(-1))
}

function better(a, b) {
  if (a.op === '=') return isMet(a) ? a : b
  return a.value <= b.value ? a : b
}

/** Versions, CPU and load: the circumstances, beside the result. */
export function printCircumstances() {
  const load = loadavg().map((value) => value.toFixed(2))
  console.error(`node ${process.versions.node}, ${cpus().length} × ${cpus()[0].model.trim()}, load ${load.join(' ')}`)
}

/**
 * Prints one line per goal and gives the exit code: names that end in `.stretch` never change it.
 *
 * @param goals `{ name, value, op: '<=' | '=', bound }`
 */
export function judge(goals) {
  let missed = false
  for (const { name, value, op, bound } of goals) {
    const pass = isMet({ value, op, bound })
    missed ||= !pass && !isStretch({ name })
    const decimals = Number.isInteger(bound) ? 0 : Math.max(2, `${bound}`.split('.')[1].length)
    const shown = Number.isInteger(value) ? `${value}` : value.toFixed(3)
    console.log(`${name} ${shown} ${op}${bound.toFixed(decimals)} ${pass ? 'pass' : 'fail'}`)
  }
  return missed ? 1 : 0
}

export function isMet({ value, op, bound }) {
  return op === '=' ? value === bound : value <= bound
}

const isStretch = ({ name }) => name.endsWith('.stretch')

/** A required goal and, where there is one, its stretch. */
export function goal(name, value, op, bound, stretch) {
  const required = { name, value, op, bound }
  return stretch === undefined ? [required] : [required, { name: `${name}.stretch`, value, op, bound: stretch }]
}

/** A line of a table: the first cell to the left, the others to the right. */
export function row([first, ...cells], width = 12) {
  console.log(first.padEnd(28) + cells.map((cell) => cell.padStart(width)).join(''))
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
