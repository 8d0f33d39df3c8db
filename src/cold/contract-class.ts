/**
 * A Sierra class as a site hands it over, and the hash that the chain will know it by. What is hashed is what is published:
 * both come from this one reading.
 */
import { type ClassHash, type Felt, felt, parseFelt, parseSelector, shortString } from '../core/felt.ts'
import { isPlainObject } from '../core/schema.ts'
import { absorb, EMPTY, finish, poseidon } from '../starknet/poseidon.ts'
import { keccakFelt } from '../starknet/selector.ts'

/** As `starknet_addDeclareTransaction` takes it. */
export interface SierraClass {
  readonly sierra_program: readonly Felt[]
  readonly contract_class_version: string
  readonly entry_points_by_type: Readonly<Record<Kind, readonly SierraEntry[]>>
  readonly abi: string
}
interface SierraEntry {
  readonly selector: Felt
  readonly function_idx: number
}
type Kind = (typeof KINDS)[number]
export type ReadClass =
  | { readonly ok: true; readonly contractClass: SierraClass; readonly classHash: ClassHash }
  | { readonly ok: false; readonly at: string; readonly why: string }

export type Turn = (hash: () => Promise<ReadClass>) => Promise<ReadClass>

const KINDS = ['EXTERNAL', 'L1_HANDLER', 'CONSTRUCTOR'] as const
const VERSION = '0.1.0'
/** Above what the chain takes: its own limit is on what the program compiles to. */
const MAX_PROGRAM = 150_000
const MAX_ENTRIES = 10_000
/** Felts that are hashed in one turn. */
const AT_ONCE = 1_000

/**
 * Compilers write the ABI with a space after each comma and colon, and the chain hashes that text. Libraries hand it over
 * without them, so it is spaced again, unless the site named the hash of the text as it stands.
 *
 * A long program is hashed for seconds: `turn` says when that may begin, of a class whose shape is right, and `breathe` lets
 * others in between.
 *
 * @see contract-class.test.ts "differential: the class hash equals starknet.js"
 */
export async function readClass(
  input: unknown,
  named: Felt | undefined,
  { turn, breathe }: { readonly turn: Turn; readonly breathe: () => Promise<void> },
): Promise<ReadClass> {
  if (!isPlainObject(input)) return no('', 'an object')
  const { sierra_program: program, contract_class_version: version, entry_points_by_type: entries, abi } = input
  if (!Array.isArray(program) || program.length === 0 || program.length > MAX_PROGRAM)
    return no('/sierra_program', `a list of 1 to ${MAX_PROGRAM} felts`)
  const felts: Felt[] = []
  for (const [index, item] of program.entries()) {
    const read = hex(item)
    if (read === undefined) return no(`/sierra_program/${index}`, 'a felt in hex')
    felts.push(read)
  }
  if (version !== VERSION) return no('/contract_class_version', `the version ${VERSION}`)
  if (!isPlainObject(entries)) return no('/entry_points_by_type', 'an object')
  const tables: Partial<Record<Kind, readonly SierraEntry[]>> = {}
  for (const kind of KINDS) {
    const at = `/entry_points_by_type/${kind}`
    const list: unknown = entries[kind]
    if (!Array.isArray(list) || list.length > MAX_ENTRIES) return no(at, `a list of at most ${MAX_ENTRIES}`)
    const table: SierraEntry[] = []
    for (const [index, it] of list.entries()) {
      const selector = isPlainObject(it) ? parseSelector(it.selector) : undefined
      const place = isPlainObject(it) ? it.function_idx : undefined
      if (selector === undefined) return no(`${at}/${index}/selector`, 'a selector in hex')
      if (typeof place !== 'number' || !Number.isSafeInteger(place) || place < 0)
        return no(`${at}/${index}/function_idx`, 'the place of a function')
      table.push({ selector, function_idx: place })
    }
    tables[kind] = table
  }
  if (typeof abi !== 'string' || !isJson(abi)) return no('/abi', 'the ABI as JSON text')
  const whole = tables as Record<Kind, readonly SierraEntry[]> // Each kind was just read.
  return turn(async () => {
    let sponge = EMPTY
    for (let at = 0; at < felts.length; at += AT_ONCE) {
      if (at > 0) await breathe()
      sponge = absorb(sponge, felts.slice(at, at + AT_ONCE).map(BigInt))
    }
    const program_ = finish(sponge)
    const hashWith = (text: string) => hashOf(whole, text, program_)
    const spaced = spacedOut(abi)
    const kept = named !== undefined && hashWith(abi) === named ? abi : spaced
    const contractClass = {
      sierra_program: felts,
      contract_class_version: VERSION,
      entry_points_by_type: whole,
      abi: kept,
    }
    return { ok: true, contractClass, classHash: hashWith(kept) }
  })
}

function hashOf(entries: Readonly<Record<Kind, readonly SierraEntry[]>>, abi: string, program: bigint): ClassHash {
  const table = (kind: Kind) => poseidon(entries[kind].flatMap((it) => [BigInt(it.selector), BigInt(it.function_idx)]))
  const parts = [CLASS, table('EXTERNAL'), table('L1_HANDLER'), table('CONSTRUCTOR'), BigInt(keccakFelt(abi)), program]
  return felt(poseidon(parts)) as ClassHash // It is the hash of a class.
}

/** Outside of texts: no white space but one after each comma and colon. */
function spacedOut(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|\s+|[,:]/g, (part) => {
    if (part === ',' || part === ':') return `${part} `
    return part.startsWith('"') ? part : ''
  })
}

function isJson(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text))
  } catch {
    return false
  }
}

function hex(item: unknown): Felt | undefined {
  return typeof item === 'string' && item.startsWith('0x') ? parseFelt(item) : undefined
}

function no(at: string, what: string): ReadClass {
  return { ok: false, at, why: `expected ${what}` }
}

const CLASS = BigInt(shortString('CONTRACT_CLASS_V0.1.0'))
