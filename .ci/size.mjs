// What each part of the extension weighs, against .ci/budgets.json and against starknet.js bundled alone.
// Output: a table, then one line per goal: name, value, goal, verdict.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { at, isProgram } from './steps.mjs'

const OUT = 'dist/size'
const WORKER = at('src/background/service-worker.ts')
/** What `require()` reaches in the worker; layers.test.ts sees to it that there is no other way in. */
const DOORS = ['background/sites.ts', 'background/person.ts', 'cold/index.ts']

/** @returns {Promise<number>} how many goals are missed */
export async function size() {
  const budgets = JSON.parse(readFileSync(at('.ci/budgets.json'), 'utf8'))
  const { build, resolveConfig } = await import('vite')
  const { define } = await resolveConfig(
    { configFile: at('vite.config.ts'), root: at('.') },
    'build',
    'production',
    'production',
  )
  const quiet = { logLevel: /** @type {const} */ ('error'), root: at('.') }
  await build({ ...quiet, configFile: at('vite.config.ts'), build: { outDir: OUT, emptyOutDir: true } })
  const manifest = JSON.parse(readFileSync(at(`${OUT}/manifest.json`), 'utf8'))
  const [inpage, bridge] = manifest.content_scripts.map(({ js }) => bytes(js))
  const page = manifest.action.default_popup
  // The page, and the screen that is read ahead of its first View: popup and tab their home, the window its approvals.
  const firsts = ['home', 'frame'].map((screen) => reach([...referencesOf(page), chunkNamed(screen)]))
  const shown = [...new Set(firsts.flat())]
  const isSentences = (path) => /\/(?:english|spanish|chinese)-[^/]+\.js$/.test(path)
  const screens = firsts
    .map((paths) => bytes(paths.filter((path) => !isSentences(path))))
    .reduce((most, code) => (code.length > most.length ? code : most))
  // Of the languages one is chosen: the longest has to keep within the ceiling, and English stands for it in the whole.
  const everything = reach(referencesOf(page), true)
  const languages = everything.filter(isSentences)
  const allScreens = bytes(everything.filter((path) => !isSentences(path) || shown.includes(path)))
  const styles = bytes(shown.filter((path) => path.endsWith('.css')))
  const sentences = languages
    .map((path) => bytes([path]))
    .reduce((most, code) => (code.length > most.length ? code : most))
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
  const sdk = await sdkEntry('index')
  const agent = await sdkEntry('agent')

  const parts = { inpage, bridge, screens, sentences, allScreens, worker, start, sdk, agent }
  const hot = [gzipSync(start).length, gzipSync(starknet).length]
  // Styles are a part of the screens; the sentences of a language are a file of their own beside them.
  console.log('part       bytes     gzip  ceiling')
  for (const [name, code] of Object.entries({ ...parts, automatic, styles, starknet })) {
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
      define,
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

/** What a dApp gets of us for one entry of src/sdk, minified; packages are left out: they are the dApp's to have once. */
export async function sdkEntry(name) {
  const { build } = await import('vite')
  const result = await build({
    logLevel: 'error',
    root: at('.'),
    configFile: false,
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: {
        input: at(`src/sdk/${name}.ts`),
        external: /^(?:starknet$|@noble\/)/,
        preserveEntrySignatures: 'strict',
        output: { codeSplitting: false },
      },
    },
  })
  const { output } = Array.isArray(result) ? result[0] : result
  return Buffer.concat(output.map((file) => Buffer.from(file.type === 'chunk' ? file.code : file.source)))
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

/** The file of a screen that is read by `import()`. */
function chunkNamed(screen) {
  const found = readdirSync(at(`${OUT}/assets`)).filter((file) => new RegExp(`^${screen}-[\\w-]{8}\\.js$`).test(file))
  if (found.length !== 1) throw new Error(`expected one file of ${screen}, found ${found.length}`)
  return `assets/${found[0]}`
}

/** Scripts and styles that a page names. */
function referencesOf(page) {
  return [
    ...read(page)
      .toString()
      .matchAll(/(?:src|href)="\/?([^"]+\.(?:js|css))"/g),
  ].map(([, path]) => path)
}

/** Files and everything they import, each once; `later`: also what they read only when it is shown. */
function reach(paths, later = false, seen = new Set()) {
  for (const path of paths) {
    if (seen.has(path)) continue
    seen.add(path)
    if (path.endsWith('.js')) reach(importsOf(path, later), later, seen)
  }
  return [...seen]
}

function importsOf(path, later) {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : ''
  const code = read(path).toString()
  const found = [...code.matchAll(/\b(?:import|from)\s*["'](\.[^"']+)["']/g)]
  if (later) found.push(...code.matchAll(/\bimport\(\s*["'`](\.[^"'`]+)["'`]/g))
  return found.map(([, to]) => new URL(`/${folder}${to}`, 'file:///').pathname.slice(1))
}

if (isProgram(import.meta.url)) process.exitCode = (await size()) === 0 ? 0 : 1
