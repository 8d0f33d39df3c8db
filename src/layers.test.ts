import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/** Who may import whom (architecture.md 3). Paths are below src; what is not named here is refused. */
interface Layer {
  /** Folders and files it may import; its own folder always. */
  readonly may: readonly string[]
  /** Imported for their types alone. */
  readonly types?: readonly string[]
  /** A folder inside it, and what that one alone may import besides. */
  readonly parts?: Readonly<Record<string, readonly string[]>>
  /** Package → the files that may import its values: its door. `*` is the whole folder. */
  readonly packages?: Readonly<Record<string, readonly string[]>>
}

const FRAME = ['core/protocol/frame.ts', 'core/protocol/ports.ts', 'core/errors.ts']
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { may: [], types: ['public/_locales/en'], packages: { valibot: ['core/schema.ts'] } },
  starknet: {
    may: ['core'],
    packages: {
      '@noble/curves': ['starknet/curve.ts'],
      '@noble/hashes': ['starknet/curve.ts', 'starknet/selector.ts', 'starknet/digest.ts'],
    },
  },
  cold: { may: ['core', 'starknet'], packages: { '@scure/bip39': ['*'], '@scure/bip32': ['*'] } },
  platform: {
    may: ['core'],
    packages: {
      'webextension-polyfill': ['platform/browser.ts'],
      idb: ['platform/database.ts'],
      '@noble/hashes': ['platform/secret-box.ts', 'platform/password-key.ts'],
    },
  },
  background: { may: ['core', 'starknet', 'platform'], types: ['cold'] },
  inpage: { may: FRAME },
  content: { may: FRAME },
  sdk: {
    may: ['starknet'],
    types: ['core'],
    // A process of one's own decides as the wallet does, with the same policy core; what pages import has none of it.
    parts: { 'sdk/agent': ['core'] },
    packages: { starknet: ['sdk/account.ts', 'sdk/signer.ts'] },
  },
  ui: {
    may: ['core', 'platform/channel.ts', 'public/_locales'],
    packages: { preact: ['*'], '@preact/signals': ['*'] },
  },
}
/** The one file that says `require`, and what it reaches: nobody else in the worker imports a value of these. */
const DOOR_FILE = 'background/doors.ts'
const DOORS = ['background/sites.ts', 'background/person.ts', 'cold/index.ts']
/** They alone say `import()` of code: screens that are read when they are first shown. */
const SCREENS_FILES = ['ui/app.tsx', 'ui/screens/approve/frame.tsx']
/** And the one that says it of catalogues: languages that are read when they are chosen. */
const WORDS_FILE = 'ui/words.ts'
const CATALOGUE = /^public\/_locales\/\w+\/messages\.json$/
/** What no start of the worker needs: it is evaluated behind a door (doors.ts). */
const BEHIND_DOORS = [
  ...['cold', 'core/policy', 'background/views', 'background/handlers', 'background/sending'],
  ...['background/keys/signer.ts', 'background/keys/vault.ts', 'starknet/curve.ts', 'starknet/poseidon.ts'],
  'platform/password-key.ts',
]
const WORKER = 'background/service-worker.ts'
/** Tests of the engine by somebody who has not read it: no part of the wallet imports a line of them. */
const ORACLE = 'core/policy/oracle'
/** The few files there that meet the engine, beside its properties; the others import its types alone, or it would judge itself. */
const MEETS_ENGINE = [`${ORACLE}/agree.ts`, `${ORACLE}/fuzz.ts`]
const PURE = ['core', 'starknet', 'cold']

type Sources = ReadonlyMap<string, string>

describe('layers', () => {
  const sources = readSources()

  test('every import of src is one that the table of layers allows', () => {
    expect(violations(sources)).toEqual([])
  })

  test('who imports the helpers of dApps alone gets nothing of starknet.js', () => {
    const packages = (entry: string) =>
      reached(entry, sources).flatMap((path) =>
        importsOf(sources.get(path) ?? '').flatMap(({ from, how }) =>
          how === 'value' && !from.startsWith('.') ? [from] : [],
        ),
      )
    expect(packages('sdk/index.ts')).not.toContain('starknet')
    expect(packages('sdk/accounts.ts')).toContain('starknet')
  })

  test('who imports what is for pages gets nothing of the policy core, which an agent has', () => {
    const hasCore = (entry: string) =>
      reached(entry, sources).some((path) => path.startsWith('core/policy/') || path === 'core/schema.ts')
    expect([hasCore('sdk/index.ts'), hasCore('sdk/accounts.ts')]).toEqual([false, false])
    expect(hasCore('sdk/agent.ts')).toBe(true)
  })

  test('no file imports itself by a detour', () => {
    expect(cycles(sources)).toEqual([])
  })

  test('the start of the worker reaches nothing that is behind a door', () => {
    const start = reached(WORKER, sources)
    expect(start).toContain(DOOR_FILE)
    expect(
      start.filter((path) => BEHIND_DOORS.some((place) => path === place || path.startsWith(`${place}/`))),
    ).toEqual([])
  })

  test('the second opinion is read here, and its evaluator reaches no value of the engine', () => {
    expect(sources.has(`${ORACLE}/oracle.ts`)).toBe(true)
    const all = reached(`${ORACLE}/generate.ts`, sources).filter((path) => path !== `${ORACLE}/generate.ts`)
    expect(all).toContain(`${ORACLE}/oracle.ts`)
    expect(all.filter((path) => !path.startsWith(`${ORACLE}/`))).toEqual([])
  })

  test('what is said about imports is read from the whole tree', () => {
    expect([...sources.keys()].filter((path) => path.startsWith('core/')).length).toBeGreaterThan(10)
    expect(importsOf(sources.get('core/schema.ts') ?? '').map(({ from }) => from)).toContain('valibot')
  })
})

describe('planted violations are found', () => {
  const planted: readonly (readonly [string, string, string])[] = [
    ['core reaches a package', 'core/a.ts', `import { hash } from 'starknet'`],
    ['core reaches valibot beside its door', 'core/policy/a.ts', `import * as v from 'valibot'`],
    ['core reaches the light ring', 'core/a.ts', `import { sign } from '../starknet/curve.ts'`],
    ['core imports the catalogue as a value', 'core/a.ts', `import en from '../../public/_locales/en/messages.json'`],
    ['starknet reaches noble beside its doors', 'starknet/a.ts', `import { sha256 } from '@noble/hashes/sha256'`],
    ['screens reach the database', 'ui/a.tsx', `import { open } from '../platform/database.ts'`],
    [
      'screens reach cryptography over several lines',
      'ui/a.ts',
      `import {\n  sign,\n  verify,\n} from '../starknet/curve.ts'`,
    ],
    ['screens reach the worker even for a type', 'ui/a.ts', `import type { State } from '../background/state.ts'`],
    ['the page script reaches policy', 'inpage/a.ts', `import { evaluate } from '../core/policy/evaluate.ts'`],
    ['the worker opens cold beside its door', 'background/a.ts', `const cold = require('../cold/index.ts')`],
    ['the worker imports cold at the top', DOOR_FILE, `import { hash } from '../cold/index.ts'`],
    ['the worker imports cold dynamically', DOOR_FILE, `const cold = import('../cold/index.ts')`],
    ['a screen reads another later', 'ui/screens/a.tsx', `const b = import('./b.tsx')`],
    ['a screen reads a language', 'ui/screens/a.tsx', `const b = import('../../../public/_locales/es/messages.json')`],
    ['the words read code', WORDS_FILE, `const b = import('./screens/a.tsx')`],
    ['a door for one file', DOOR_FILE, `const view = require('./view.ts')`],
    [
      'the worker imports what is behind a door',
      WORKER,
      `import '../platform/egress.ts'\nimport { a } from './sites.ts'`,
    ],
    ['a part opens a door by itself', 'background/view.ts', `const person = require('./person.ts')`],
    ['starknet.js outside of tests', 'cold/a.ts', `import { hash } from 'starknet'`],
    ['the types of a package of another layer', 'ui/a.ts', `import type * as v from 'valibot'`],
    ['a package without a row', 'platform/a.ts', `import axios from 'axios'`],
    ['the helpers of dApps bring starknet.js along', 'sdk/index.ts', `import { Account } from 'starknet'`],
    ['the SDK brings code of the core along', 'sdk/signer.ts', `import { felt } from '../core/felt.ts'`],
    ['what is for pages decides by itself', 'sdk/agent.ts', `import { evaluate } from '../core/policy/evaluate.ts'`],
    ['a re-export', 'core/a.ts', `export * from '../platform/clock.ts'`],
    ['an import for its effect', 'content/a.ts', `import '../platform/egress.ts'`],
    ['a mixed import of a type and a value', 'background/a.ts', `import { type Abi, readAbi } from '../cold/abi.ts'`],
    ['pure code reads the clock', 'core/a.ts', `export const now = () => Date.now()`],
    ['pure code makes a date of now', 'starknet/a.ts', `const d = new Date()`],
    ['pure code rolls dice', 'cold/a.ts', `const x = Math.random()`],
    ['something comes before the guard', WORKER, `import { x } from '../core/time.ts'\nimport '../platform/egress.ts'`],
    ['the name of an unknown folder', 'utils/a.ts', `export const x = 1`],
    ['the engine asks its second opinion', 'core/policy/evaluate.ts', `import { decide } from './oracle/oracle.ts'`],
    ['the wallet knows a type of the oracle', 'ui/a.ts', `import type { Past } from '../core/policy/oracle/ledger.ts'`],
    ['the oracle uses the engine', `${ORACLE}/oracle.ts`, `import { used } from '../book.ts'`],
    ['the oracle parses with the engine', `${ORACLE}/generate.ts`, `import { parseFelt } from '../../felt.ts'`],
  ]
  test.each(planted)('finds: %s', (_, path, source) => {
    expect(violations(new Map([[path, source]]))).not.toEqual([])
  })

  const allowed: readonly (readonly [string, string, string])[] = [
    ['the catalogue as a type', 'core/a.ts', `import type en from '../../public/_locales/en/messages.json'`],
    [
      'types of cold',
      'background/a.ts',
      `import type { Abi } from '../cold/abi.ts'\nimport { type Cold } from '../cold/index.ts'`,
    ],
    [
      'a door to cold',
      DOOR_FILE,
      `export const cold = () => require('../cold/index.ts') as typeof import('../cold/index.ts')`,
    ],
    [
      'a door inside the worker',
      DOOR_FILE,
      `export const sites = () => require('./sites.ts') as typeof import('./sites.ts')`,
    ],
    [
      'a screen that comes later',
      'ui/app.tsx',
      `const Send = later(() => import('./screens/send.tsx').then((it) => it.Send))`,
    ],
    [
      'a language that comes when it is chosen',
      WORDS_FILE,
      `const load = () => import('../../public/_locales/es/messages.json').then((it) => it.default)`,
    ],
    ['an agent decides by itself', 'sdk/agent/a.ts', `import { evaluate } from '../../core/policy/evaluate.ts'`],
    ['the types of a package', 'core/protocol/a.ts', `import type * as v from 'valibot'`],
    [
      'a forbidden name inside a comment',
      'core/a.ts',
      `// import { x } from '../ui/a.ts'; Date.now()\n/* Math.random() */`,
    ],
    ['the oracle shares types', `${ORACLE}/oracle.ts`, `import type { Call } from '../policy.ts'`],
    ['agreement asks both', `${ORACLE}/agree.ts`, `import { evaluate } from '../evaluate.ts'`],
    ['a property asks both', `${ORACLE}/properties/life.ts`, `import { settle } from '../../book.ts'`],
    ['a date of a given time', 'core/a.ts', `export const day = (t: number) => new Date(t * 1000)`],
    ['the guard first', WORKER, `import '../platform/egress.ts'\nimport { x } from '../core/time.ts'`],
  ]
  test.each(allowed)('allows: %s', (_, path, source) => {
    expect(violations(new Map([[path, source]]))).toEqual([])
  })

  test('finds: a cycle of three files', () => {
    const ring = new Map([
      ['core/a.ts', `import { b } from './b.ts'`],
      ['core/b.ts', `import { c } from './policy/c.ts'`],
      ['core/policy/c.ts', `import { a } from '../a.ts'`],
    ])
    expect(cycles(ring)).toEqual(['core/a.ts → core/b.ts → core/policy/c.ts → core/a.ts'])
  })

  test('allows: a cycle of types, which is gone after compilation', () => {
    const types = new Map([
      ['core/a.ts', `import type { B } from './b.ts'`],
      ['core/b.ts', `import { a } from './a.ts'`],
    ])
    expect(cycles(types)).toEqual([])
  })
})

function violations(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) => {
    const folder = path.split('/')[0] ?? ''
    const layer = LAYERS[folder]
    if (!layer) return [`${path}: src has no such folder`]
    const imports = importsOf(source)
    const wrong = imports.filter((it) => !isAllowed(path, folder, layer, it)).map(({ from }) => `${path} → ${from}`)
    const code = withoutComments(source)
    const clock = PURE.includes(folder) ? (code.match(/\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b/g) ?? []) : []
    const first = imports.find(({ typeOnly }) => !typeOnly)?.from
    const unguarded = path === WORKER && first !== '../platform/egress.ts' ? [`${path}: the guard is not first`] : []
    return [...wrong, ...clock.map((word) => `${path}: ${word}`), ...unguarded]
  })
}

function isAllowed(path: string, folder: string, layer: Layer, { from, how }: Import): boolean {
  if (!from.startsWith('.')) {
    const name = from.startsWith('@') ? from.split('/').slice(0, 2).join('/') : (from.split('/')[0] ?? '')
    const doors = layer.packages?.[name]
    return doors !== undefined && (how === 'type' || doors.includes('*') || doors.includes(path))
  }
  const target = resolve(path, from)
  const within = (places: readonly string[]) =>
    places.some((place) => target === place || target.startsWith(`${place}/`))
  if (how === 'require') return path === DOOR_FILE && DOORS.includes(target)
  if (how === 'dynamic') {
    const isScreen = SCREENS_FILES.includes(path) && target.startsWith('ui/screens/')
    return isScreen || (path === WORDS_FILE && CATALOGUE.test(target))
  }
  if (how === 'value' && DOORS.includes(target)) return false
  if (target.startsWith(`${ORACLE}/`) !== path.startsWith(`${ORACLE}/`)) {
    return path.startsWith(`${ORACLE}/`) && folder === 'core' && target.startsWith('core/') && mayAsk(path, how)
  }
  const parts = Object.entries(layer.parts ?? {}).flatMap(([part, may]) => (path.startsWith(`${part}/`) ? may : []))
  return within([folder, ...layer.may, ...parts]) || (how === 'type' && within(layer.types ?? []))
}

const mayAsk = (path: string, how: Import['how']) =>
  how === 'type' || MEETS_ENGINE.includes(path) || path.startsWith(`${ORACLE}/properties/`)

/** A file and what it evaluates: values it imports, and what these import. */
function reached(from: string, sources: Sources, seen = new Set([from])): readonly string[] {
  for (const { from: name, how } of importsOf(sources.get(from) ?? '')) {
    const target = resolve(from, name)
    if (how !== 'value' || !name.startsWith('.') || seen.has(target)) continue
    seen.add(target)
    reached(target, sources, seen)
  }
  return [...seen]
}

/** Each ring of value imports once, from its first file in the alphabet. */
function cycles(sources: Sources): string[] {
  const found = new Set<string>()
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      const ring = trail.slice(start)
      const first = ring.indexOf([...ring].sort()[0] ?? '')
      const turned = [...ring.slice(first), ...ring.slice(0, first)]
      found.add([...turned, turned[0]].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const { from, typeOnly } of importsOf(sources.get(path) ?? '')) {
      if (!typeOnly && from.startsWith('.')) visit(resolve(path, from), [...trail, path])
    }
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return [...found]
}

interface Import {
  readonly from: string
  readonly how: 'value' | 'type' | 'dynamic' | 'require'
  readonly typeOnly: boolean
}

function importsOf(source: string): Import[] {
  const code = withoutComments(source)
  const names = String.raw`\*(?:\s+as\s+[\w$]+)?|[\w$]+|(?:[\w$]+\s*,\s*)?\{[^}]*\}`
  const statements = new RegExp(
    String.raw`(?:^|[;\n])\s*(?:import|export)\s+(type\s+)?(?:(${names})\s*from\s*)?['"]([^'"\n]+)['"]`,
    'g',
  )
  const still = [...code.matchAll(statements)].map(([, type, what = '', from = '']): Import => {
    const members = /^\{([^}]*)\}$/
      .exec(what)?.[1]
      ?.split(',')
      .map((it) => it.trim())
      .filter((it) => it !== '')
    const typeOnly = type !== undefined || (members !== undefined && members.length > 0 && members.every(isType))
    return { from, how: typeOnly ? 'type' : 'value', typeOnly }
  })
  const called = [...code.matchAll(/(typeof\s+)?(?<![.\w$])(import|require)\s*\(\s*['"`]([^'"`\n]+)['"`]\s*\)/g)].map(
    ([, typeOf, word, from = '']): Import => {
      const how = typeOf !== undefined ? 'type' : word === 'require' ? 'require' : 'dynamic'
      return { from, how, typeOnly: how === 'type' }
    },
  )
  return [...still, ...called]
}

const isType = (member: string) => member.startsWith('type ')

/** Strings stay, so that an address in one does not look like the start of a comment. */
function withoutComments(source: string): string {
  return source.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, text) => text ?? ' ',
  )
}

/** A path below src; what lies outside keeps its path from the root. */
function resolve(path: string, from: string): string {
  const target = join('src', dirname(path), from)
  return target.startsWith('src/') ? target.slice('src/'.length) : target
}

function readSources(): Sources {
  const src = fileURLToPath(new URL('.', import.meta.url))
  return new Map(
    readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path) && path.includes('/'))
      .sort()
      .map((path) => [path, readFileSync(join(src, path), 'utf8')]),
  )
}
