// What each part of the extension weighs, against .ci/budgets.json and against starknet.js bundled alone.
// Output: a table, then one line per goal: name, value, goal, verdict.
import { readFileSync, rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { at, isProgram } from './steps.mjs'

const OUT = 'dist/size'
const WORKER = at('src/background/service-worker.ts')
/** What `require()` reaches in the worker; layers.test.ts sees to it that there is no other way in. */
const DOORS = ['background/sites.ts', 'background/person.ts', 'cold/index.ts']

/** @returns {Promise<number>} how many goals are missed */
export async function size() {
  const budgets = JSON.parse(readFileSync(at('.ci/budgets.json'), 'utf8'))
  const { build } = await import('vite')
  const quiet = { logLevel: /** @type {const} */ ('error'), root: at('.') }
  await build({ ...quiet, configFile: at('vite.config.ts'), build: { outDir: OUT, emptyOutDir: true } })
  const manifest = JSON.parse(readFileSync(at(`${OUT}/manifest.json`), 'utf8'))
  const [inpage, bridge] = manifest.content_scripts.map(({ js }) => bytes(js))
  const page = manifest.action.default_popup
  const shown = reach(referencesOf(page))
  const screens = bytes(shown)
  const styles = bytes(shown.filter((path) => path.endsWith('.css')))
  const catalogue = JSON.parse(readFileSync(at('public/_locales/en/messages.json'), 'utf8'))
  const sentences = Buffer.from(
    JSON.stringify(Object.entries(catalogue).map(([key, { message }]) => [key, { message }])),
  )
  const worker = bytes(reach([manifest.background.service_worker]))
  const start = await withShut(DOORS)
  // A worker whose wallet is open, and an automatic call: nobody looks, so two doors stay shut.
  const automatic = await withShut(DOORS.slice(1))
  const { code: starknet } = await bundle('all-of-starknet', [
    {
      name: 'all-of-starknet',
      resolveId: (id) => (id === 'all-of-starknet' ? '\0all' : null),
      load: (id) => (id === '\0all' ? "import * as starknet from 'starknet'; globalThis.starknet = starknet" : null),
    },
  ])
  rmSync(at(OUT), { recursive: true, force: true })

  const parts = { inpage, bridge, screens, worker, start }
  const hot = [gzipSync(start).length, gzipSync(starknet).length]
  // Styles and sentences are parts of the screens.
  console.log('part       bytes     gzip  ceiling')
  for (const [name, code] of Object.entries({ ...parts, automatic, styles, sentences, starknet })) {
    const [size, zipped, ceiling] = [code.length, gzipSync(code).length, budgets[name] ?? '']
    console.log(
      `${name.padEnd(9)} ${String(size).padStart(6)} ${String(zipped).padStart(8)} ${String(ceiling).padStart(8)}`,
    )
  }
  console.log(`start: what the worker's first turn evaluates; left out, behind doors: ${DOORS.join(', ')}`)
  const all = gzipSync(automatic).length / gzipSync(starknet).length
  console.log(`automatic: start and what a call without a window evaluates behind ${DOORS[0]}`)
  console.log(`size.automatic ${all.toFixed(3)} of starknet.js, gzip; no goal`)
  const goals = [
    ...Object.entries(parts).map(([name, code]) => [`size.${name}`, code.length / budgets[name], 1]),
    ['size.hot', hot[0] / hot[1], 0.5],
    ['size.hot.stretch', hot[0] / hot[1], 0.35],
  ]
  let missed = 0
  for (const [name, value, goal] of goals) {
    const pass = value <= goal
    if (!pass && !name.endsWith('.stretch')) missed += 1
    console.log(`${name} ${value.toFixed(3)} <=${goal} ${pass ? 'pass' : 'fail'}`)
  }
  return missed

  /**
   * The worker without what is behind these doors. Of a module on both sides the whole worker evaluates all that either
   * side uses, so those names stay.
   */
  async function withShut(doors) {
    const whole = await bundle(WORKER, [])
    const open = await bundle(WORKER, [shut(doors, '')])
    const kept = [...open.names.keys()].flatMap((id, at) => {
      const names = whole.names.get(id)?.filter((name) => name !== 'default') ?? []
      return names.map((name) => [`${name}_${at}`, `import { ${name} as ${name}_${at} } from ${JSON.stringify(id)}`])
    })
    const used = `globalThis.used = [${kept.map(([name]) => name)}]`
    return (await bundle(WORKER, [shut(doors, [...kept.map(([, statement]) => statement), used].join('\n'))])).code
  }

  /** One minified file as a text, built as the extension is but alone, and which names of each module are in it. */
  async function bundle(input, plugins) {
    const result = await build({
      ...quiet,
      configFile: false,
      plugins,
      define: { __E2E__: 'false' },
      build: {
        write: false,
        target: 'chrome120',
        modulePreload: false,
        rolldownOptions: { input, output: { codeSplitting: false } },
      },
    })
    const { output } = Array.isArray(result) ? result[0] : result
    const modules = output.flatMap((file) => (file.type === 'chunk' ? Object.entries(file.modules) : []))
    const own = modules.filter(([id]) => !id.startsWith('\0'))
    return {
      code: Buffer.concat(output.map((file) => Buffer.from(file.type === 'chunk' ? file.code : file.source))),
      names: new Map(own.map(([id, { renderedExports }]) => [id, renderedExports])),
    }
  }
}

/** Doors that open on this text alone. */
function shut(doors, text) {
  const isShut = (id) => doors.some((door) => id === at(`src/${door}`))
  return {
    name: 'shut-doors',
    enforce: /** @type {const} */ ('pre'),
    async resolveId(id, importer) {
      const found = await this.resolve(id, importer, { skipSelf: true })
      return found !== null && isShut(found.id) ? '\0shut' : null
    },
    load: (id) => (id === '\0shut' ? text || 'export {}' : null),
  }
}

const read = (path) => readFileSync(at(`${OUT}/${path}`))
const bytes = (paths) => Buffer.concat(paths.map(read))

/** Scripts and styles that a page names. */
function referencesOf(page) {
  return [
    ...read(page)
      .toString()
      .matchAll(/(?:src|href)="\/?([^"]+\.(?:js|css))"/g),
  ].map(([, path]) => path)
}

/** Files and everything they import, each once. */
function reach(paths, seen = new Set()) {
  for (const path of paths) {
    if (seen.has(path)) continue
    seen.add(path)
    if (path.endsWith('.js')) reach(importsOf(path), seen)
  }
  return [...seen]
}

function importsOf(path) {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : ''
  return [
    ...read(path)
      .toString()
      .matchAll(/\b(?:import|from)\s*["'](\.[^"']+)["']/g),
  ].map(([, to]) => new URL(`/${folder}${to}`, 'file:///').pathname.slice(1))
}

if (isProgram(import.meta.url)) process.exitCode = (await size()) === 0 ? 0 : 1
