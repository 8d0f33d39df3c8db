/**
 * Whether the tests see what they are for: mistakes are put into a copy of the engine, one at a time, and each must make a test fail.
 * First the tests of the core, then P1 to P10 with few cases. Ends with 1 when one survives, or when the text of a mutant is not
 * exactly once in its file, so that the table cannot rot.
 *
 * Usage: node .ci/mutants.mjs [--only <words>] · --tool [--seed <n>] [--sample <n>] [--file <name>] for mutants made by a tool
 */

import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { MUTANTS } from './mutants-table.mjs'
import { FILES, mutantsOf } from './mutants-tool.mjs'
import { at, since } from './steps.mjs'

const COPIED = [
  'src',
  'public',
  'bench',
  '.ci',
  'e2e/contracts',
  'package.json',
  'tsconfig.json',
  'vite.config.ts',
  'manifest.json',
]
/** Where a mistake of a file is most likely seen; what sees nothing there goes on to all of the core, and to the properties. */
const NEAREST = {
  ...{ matching: ['evaluate', 'arguments'], forbidden: ['evaluate'], standing: ['evaluate'], charging: ['evaluate'] },
  ...{ evaluate: ['evaluate', 'allowances', 'items'], windows: ['windows', 'book'], book: ['book'] },
}
const CORE = ['src/core/policy', 'src/core/call.test.ts', 'src/core/time.test.ts', 'src/core/transaction.test.ts']
const FUZZ = { FUZZ_SEED: '1', FUZZ_CASES: '3000' }
/** For a mutant that never ends, ms. */
const PATIENCE = 900_000

const argument = (name) => {
  const place = process.argv.indexOf(name)
  return place < 0 ? undefined : process.argv[place + 1]
}

const from = performance.now()
const copy = mkdtempSync(join(tmpdir(), 'latchkey-mutants-'))
process.once('exit', () => rmSync(copy, { recursive: true, force: true }))
for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => process.exit(130))
for (const path of COPIED) {
  cpSync(at(path), join(copy, path), { recursive: true, filter: (it) => !/node_modules|bench\/dist/.test(it) })
}
symlinkSync(at('node_modules'), join(copy, 'node_modules'))
process.exitCode = (await (process.argv.includes('--tool') ? byTool() : byHand())) ? 0 : 1

async function byHand() {
  const only = argument('--only')
  const chosen = MUTANTS.filter(({ area, name }) => only === undefined || `${area}: ${name}`.includes(only))
  const rotten = chosen.filter(({ waits, edits }) => waits === undefined && !edits.every(fits))
  for (const { area, name } of rotten)
    console.log(`mutants: ${area}: ${name}: its text is not exactly once in its file`)
  const waiting = chosen.filter(({ waits }) => waits !== undefined)
  for (const { area, name, waits } of waiting) console.log(`not applicable yet  ${area}: ${name} (${waits})`)
  const survivors = []
  const living = chosen.filter((it) => !rotten.includes(it) && !waiting.includes(it))
  for (const { area, name, edits, tests } of living) {
    const killer = await killerOf(edits, tests)
    console.log(
      `${killer === undefined ? 'SURVIVED' : 'killed  '}  ${area}: ${name}${killer === undefined ? '' : ` · ${killer}`}`,
    )
    if (killer === undefined) survivors.push(name)
  }
  const dead = living.length - survivors.length
  console.log(
    `mutants: ${dead} of ${MUTANTS.length} killed, ${survivors.length} survived, ${waiting.length} wait, ${rotten.length} rotten, ${since(from)}`,
  )
  return survivors.length === 0 && rotten.length === 0
}

async function byTool() {
  const seed = Number(argument('--seed') ?? randomInt(2 ** 31))
  const sample = Number(argument('--sample') ?? 200)
  const only = argument('--file')
  const groups = Object.entries(FILES).filter(([name]) => only === undefined || name === only)
  let good = true
  console.log(`mutants: seed ${seed}, at most ${sample} of each group`)
  for (const [name, { files, tests, properties }] of groups) {
    const all = files.flatMap((file) => mutantsOf(file, readFileSync(join(copy, file), 'utf8')))
    const drawn = draw(all, sample, seed)
    let killed = 0
    for (const { file, says, whole } of drawn) {
      const original = readFileSync(join(copy, file), 'utf8')
      writeFileSync(join(copy, file), whole)
      const killer = await killerIn(tests, properties)
      writeFileSync(join(copy, file), original)
      if (killer === undefined) console.log(`SURVIVED  ${says}`)
      else killed += 1
    }
    const score = drawn.length === 0 ? 1 : killed / drawn.length
    console.log(
      `${name}: ${killed} of ${drawn.length} (${all.length} in all) killed, ${(score * 100).toFixed(1)} %, ${since(from)}`,
    )
    good &&= score >= 0.9
  }
  return good
}

function nearest(edits) {
  return edits.flatMap(([file]) => {
    const [folder, name] = [dirname(file), basename(file, '.ts')]
    return (NEAREST[name] ?? [name]).map((test) => `${folder}/${test}.test.ts`)
  })
}

function fits([file, find]) {
  return readFileSync(at(file), 'utf8').split(find).length === 2
}

/** @returns {Promise<string | undefined>} what failed; `undefined`: nothing saw it */
async function killerOf(edits, tests) {
  const before = new Map(edits.map(([file]) => [file, readFileSync(join(copy, file), 'utf8')]))
  for (const [file, find, replace] of edits) {
    const path = join(copy, file)
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(find, () => replace),
    )
  }
  const killer = await killerIn(tests ?? nearest(edits), undefined, tests === undefined ? CORE : [])
  for (const [file, text] of before) writeFileSync(join(copy, file), text)
  return killer
}

async function killerIn(tests, properties, then = []) {
  for (const files of [tests, then]) {
    if (files.length === 0) continue
    const failed = await failureIn(['--bail=1', ...files])
    if (failed !== undefined) return failed
  }
  const fuzz = await run(process.execPath, [join(copy, '.ci/fuzz.mjs')], {
    ...FUZZ,
    ...(properties === undefined ? {} : { FUZZ_ONLY: properties }),
  })
  return fuzz.code === 0
    ? undefined
    : (/^(P[0-9]+).*[^0] (of|fail)/m.exec(fuzz.output)?.[0]?.slice(0, 120) ?? 'the fuzz')
}

/** The first test that fails; `undefined`: none does. A run that bails may end before it has told which: then all are run. */
async function failureIn(args) {
  const unit = await run(at('node_modules/.bin/vitest'), ['run', '--exclude', '**/oracle/**', ...args])
  if (unit.code === 0) return undefined
  const told = /FAIL +(.*)/.exec(unit.output)
  if (told !== null) return told[1].trim()
  // Something else than a failed test, such as a folder without tests, is no death.
  if (args[0] !== '--bail=1') throw new Error(`the tests do not run: ${unit.output.slice(-2_000)}`)
  return failureIn(args.slice(1))
}

function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: copy,
      env: { ...process.env, NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes))
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** The same ones for the same seed. */
function draw(all, count, seed) {
  let state = seed >>> 0
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const left = [...all]
  const drawn = []
  while (drawn.length < count && left.length > 0) drawn.push(...left.splice(Math.floor(next() * left.length), 1))
  return drawn
}
