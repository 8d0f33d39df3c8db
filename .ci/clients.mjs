// The pages of e2e/clients/pages: real dApp libraries, each page a package of its own because their ranges clash. What is
// missing is installed as locked, what changed is built into dist/clients; nothing is done twice.
// Usage: node .ci/clients.mjs [name…]
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { installed } from './installed.mjs'
import { at, isProgram, run, since } from './steps.mjs'

const PAGES = 'e2e/clients/pages'

/** @returns {string[]} */
const all = () =>
  readdirSync(at(PAGES), { withFileTypes: true })
    .filter((it) => it.isDirectory())
    .map((it) => it.name)

/**
 * @param {readonly string[]} names of pages; none: all
 * @returns {Promise<number>} how many could not be had
 */
export async function clients(names = []) {
  const wanted = names.length > 0 ? names : all()
  const from = performance.now()
  const missing = wanted.filter((name) => hasPackages(name) && !installed(`${PAGES}/${name}`))
  const whole = missing.length > 0 ? ' (once; usually 1 to 2 min and 300 MB for all of them)' : ''
  if (missing.length > 0) console.log(`clients: npm ci for ${missing.join(', ')}${whole}`)
  let failed = 0
  for (const name of missing) failed += (await install(name)) ? 0 : 1
  if (failed > 0) return failed
  let made = 0
  for (const name of wanted) {
    const state = await stateOf(name)
    if (kept(name) === state) continue
    try {
      await build(name)
    } catch (error) {
      console.log(`clients: ${name} could not be built\n${error instanceof Error ? error.message : error}`)
      return 1
    }
    writeFileSync(stamp(name), state)
    made += 1
  }
  console.log(`clients: ${wanted.length} pages ready, ${missing.length} installed, ${made} built, ${since(from)}`)
  return 0
}

const hasPackages = (name) => existsSync(at(`${PAGES}/${name}/package.json`))
const stamp = (name) => at(`dist/clients/${name}.stamp`)
const kept = (name) => (existsSync(stamp(name)) ? readFileSync(stamp(name), 'utf8') : '')

async function install(name) {
  const from = performance.now()
  const folder = at(`${PAGES}/${name}`)
  const ci = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  // What npm has kept already is enough; the registry is asked for the rest.
  const first = await run('npm', [...ci, '--prefer-offline'], { kept: true })
  const { code, output } = first.code === 0 ? first : await run('npm', ci, { kept: true })
  if (code === 0) console.log(`clients: ${name} installed in ${since(from)}`)
  else
    console.log(`clients: ${name} could not be installed; with a network: npm ci --prefix ${PAGES}/${name}\n${output}`)
  return code === 0
}

/** Built as its author would, by Vite; nothing of the extension's own build takes part. */
async function build(name) {
  const vite = await import('vite')
  mkdirSync(at('dist/clients'), { recursive: true })
  await vite.build({
    root: at(`${PAGES}/${name}`),
    configFile: false,
    base: './',
    logLevel: 'error',
    build: { outDir: at(`dist/clients/${name}`), emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 10_000 },
  })
}

/** Of everything a build is made from. */
async function stateOf(name) {
  const { version } = await import('vite')
  const hash = createHash('sha256').update(version)
  const sources = [
    ...filesOf(PAGES),
    ...filesOf(`${PAGES}/${name}`),
    ...filesOf('e2e/contracts'),
    ...filesOf('src/sdk'),
  ]
  for (const path of sources) hash.update(`${path}\n`).update(readFileSync(at(path)))
  return hash.digest('hex')
}

const filesOf = (folder) =>
  readdirSync(at(folder), { withFileTypes: true })
    .filter((it) => it.isFile())
    .map((it) => `${folder}/${it.name}`)
    .sort()

if (isProgram(import.meta.url)) process.exitCode = (await clients(process.argv.slice(2))) === 0 ? 0 : 1
