/** What every bench needs before it can measure: the peers installed, our TypeScript as something node can import. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

/** Installs bench/ when a peer is missing or of another version than pinned, and says so. Needs no network otherwise. */
export function installPeers() {
  const { dependencies } = JSON.parse(readFileSync(`${here}package.json`, 'utf8'))
  const installed = (name) => {
    const file = `${here}node_modules/${name}/package.json`
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version
  }
  if (Object.entries(dependencies).every(([name, version]) => installed(name) === version)) return
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
  const { build } = await import('vite')
  const name = path.replaceAll('/', '-').replace(/\.ts$/, '')
  await build({
    configFile: false,
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
  return import(pathToFileURL(`${here}dist/${name}.mjs`).href)
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
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const start = process.hrtime.bigint()
      variants[name](round)
      const took = Number(process.hrtime.bigint() - start) / 1000
      if (round >= warmUp) times[name].push(took)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]))
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
    missed ||= !pass && !name.endsWith('.stretch')
    const decimals = Number.isInteger(bound) ? 0 : 2
    const shown = Number.isInteger(value) ? `${value}` : value.toFixed(3)
    console.log(`${name} ${shown} ${op}${bound.toFixed(decimals)} ${pass ? 'pass' : 'fail'}`)
  }
  return missed ? 1 : 0
}

export function isMet({ value, op, bound }) {
  return op === '=' ? value === bound : value <= bound
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
