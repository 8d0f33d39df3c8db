// Compiles our Cairo sources and compares class hashes with the committed ones; `--write` writes what came out.
// Names after it are the only ones that are compiled: `npm run contracts -- --write market`.
// The compiler and its trap: a Cairo 2.8.2 in WebAssembly, whose 32-bit build writes usize::MAX as 0xffffffff.
import { readFileSync, writeFileSync } from 'node:fs'
import { at, isProgram, readEnvironment, run, since } from './steps.mjs'

const NAMES = ['token', 'game', 'collection', 'market', 'fee_token', 'replaceable', 'replacement', 'rebasing', 'proxy']
/** As many compilations at a time: each takes a core and 1.3 GB. */
const LANES = 2
const HASHES = at('e2e/contracts/hashes.json')

/** @returns {Promise<number>} how many classes differ from the committed ones */
export async function contracts({ write = false, names = NAMES } = {}) {
  const from = performance.now()
  console.log(`contracts: compiling ${names.join(', ')} (about half a minute each on a free core)`)
  const outputs = await inLanes(names, (name) =>
    run(process.execPath, [at('.ci/contracts.mjs'), '--compile', name], { kept: true }),
  )
  const { hash } = await import('starknet')
  const committed = readJson(HASHES) ?? {}
  /** @type {Record<string, { class_hash: string, compiled_class_hash: string }>} */
  const now = Object.fromEntries(NAMES.flatMap((name) => (committed[name] ? [[name, committed[name]]] : [])))
  let wrong = 0
  for (const [index, name] of names.entries()) {
    const { code, output } = outputs[index]
    if (code !== 0) {
      console.log(`contracts: ${name}.cairo does not compile: ${output.trim().slice(-500)}`)
      wrong += 1
      continue
    }
    const sierra = JSON.parse(output)
    const class_hash = hash.computeContractClassHash(sierra)
    const path = at(`e2e/contracts/${name}.sierra.json`)
    const kept = readJson(path)
    const same =
      committed[name]?.class_hash === class_hash && kept && hash.computeContractClassHash(kept) === class_hash
    console.log(
      `contracts: ${name} ${class_hash} ${same ? 'as committed' : write ? 'is new' : `differs from ${committed[name]?.class_hash ?? 'none'}`}`,
    )
    if (!same && !write) wrong += 1
    if (write && !same) writeFileSync(path, `${JSON.stringify(sierra)}\n`)
    now[name] = { class_hash, compiled_class_hash: same ? committed[name].compiled_class_hash : await compiled(sierra) }
  }
  if (write && wrong === 0) writeFileSync(HASHES, `${JSON.stringify(now, null, 2)}\n`)
  console.log(`contracts: ${wrong === 0 ? 'done' : 'failed'} in ${since(from)}`)
  return wrong

  async function compiled(sierra) {
    if (!write) return ''
    readEnvironment()
    const { runnerImport } = await import('vite')
    const { module } = await runnerImport(at('e2e/devnet.ts'), { configFile: false })
    const devnet = await module.startDevnet()
    try {
      return await module.compiledClassHash(devnet, sierra)
    } finally {
      await devnet.stop()
    }
  }
}

/** Runs in a process of its own: a compilation takes 1.3 GB and blocks. */
async function compile(name) {
  const { compileStarknetContract, initSync } = await import('wasm-cairo')
  initSync({ module: readFileSync(at('node_modules/wasm-cairo/wasm-cairo_bg.wasm')) })
  const { sierra_program_debug_info, ...sierra } = JSON.parse(
    compileStarknetContract(readFileSync(at(`e2e/contracts/${name}.cairo`), 'utf8'), true, false),
  )
  const program = sierra.sierra_program.map((felt) => (felt === '0xffffffff' ? '0xffffffffffffffff' : felt))
  process.stdout.write(JSON.stringify({ ...sierra, sierra_program: program }))
}

/** @template A, B @param {readonly A[]} all @param {(one: A) => Promise<B>} act @returns {Promise<B[]>} in the order of `all` */
async function inLanes(all, act) {
  /** @type {B[]} */
  const done = []
  let next = 0
  const lane = async () => {
    while (next < all.length) {
      const index = next++
      done[index] = await act(all[index])
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return done
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

if (isProgram(import.meta.url)) {
  const words = process.argv.slice(2)
  const names = NAMES.filter((name) => words.includes(name))
  if (words.includes('--compile')) for (const name of names) await compile(name)
  else {
    const wrong = await contracts({ write: words.includes('--write'), ...(names.length > 0 && { names }) })
    process.exitCode = wrong === 0 ? 0 : 1
  }
}
