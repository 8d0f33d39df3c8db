import { STRK } from '../account.ts'
import { malformed, thrown } from '../errors.ts'
import { type Address, CAIRO_NAME, type Felt, parseAddress, parseSelector, type Selector } from '../felt.ts'
import type { WrittenSession } from '../records.ts'
import { isPlainObject } from '../schema.ts'
import { MAX_LIFE, type UnixSeconds } from '../time.ts'
import type { Asked } from './asked.ts'
import { LIMITS } from './limits.ts'
import { parseRequest, type ReadContext } from './wire.ts'

/** Typed data of a session, by the felts that are hashed. */
export interface SessionFelts {
  readonly hash: Felt
  readonly expiresAt: bigint
  readonly methods: readonly { readonly contract: Felt; readonly selector: Felt }[]
  readonly metadata: string
  readonly sessionKeyGuid: Felt
}

/** The library that writes it sends by itself, or has it sent: its session may do both. */
const ANYBODY = { payer: 'any' } as const
/** A number above this is milliseconds: x-sessions' own default is (argent-sessions.md 13). */
const MILLISECONDS = 100_000_000_000n
const AT = '/message'

/**
 * A session that its site wrote, as a request: the same policy as if the site had asked for these methods and this end, which
 * a person narrows as always. The metadata's `projectID` is a claim of the site, its `txFees` are what it may spend on fees.
 *
 * @throws Refused 114 where it can never be granted: its hash allows no other way to tell
 */
export function askedWritten(
  it: SessionFelts,
  ctx: ReadContext,
): { readonly asked: Asked; readonly written: WrittenSession } {
  const expiresAt = endOf(it.expiresAt, ctx.now)
  if (it.sessionKeyGuid === '0x0') throw malformed(`${AT}/Session Key`, 'expected a key')
  if (it.methods.length > LIMITS.leaves)
    throw malformed(`${AT}/Allowed Methods`, `expected at most ${LIMITS.leaves} methods`)
  const methods = it.methods.map(readMethod)
  if (methods.length === 0) throw malformed(`${AT}/Allowed Methods`, 'expected at least one method')
  const parsed = parseRequest({ calls: rulesOf(methods), valid_until: expiresAt + 1, ...ofMetadata(it.metadata) }, ctx)
  if (!parsed.ok) throw asWritten(thrown(parsed.error))
  const { hash, metadata, sessionKeyGuid: keyGuid } = it
  return { asked: { ...parsed.asked, hash }, written: { hash, expiresAt, methods, metadata, keyGuid } }
}

/** A session as older libraries wrote it: what they said. None of their keys is one of the session. */
export interface OlderFelts {
  readonly expires: bigint
  readonly methods: readonly { readonly contract: Felt; readonly method: Felt }[]
  readonly fees?: { readonly token: Felt; readonly low: bigint; readonly high: bigint }
  readonly pageKey?: Felt
}

/**
 * The same policy as a request of this wallet's own, whose key it holds itself (argent-sessions.md 14). The end is exclusive
 * here, which is a second less than those libraries had.
 *
 * @throws Refused 114
 */
export function askedOlder(it: OlderFelts, ctx: ReadContext): Asked {
  const end = endOf(it.expires - 1n, ctx.now, `${AT}/expires`) + 1
  if (it.methods.length > LIMITS.leaves) throw malformed(AT, `expected at most ${LIMITS.leaves} methods`)
  const methods = it.methods.map(({ contract, method }): [Address, Selector] => {
    const to = parseAddress(contract)
    const name = nameIn(method)
    const action = name === undefined ? parseSelector(method) : ctx.selectorOf(name)
    if (to === undefined || action === undefined) throw malformed(AT, 'expected contracts and their actions')
    return [to, action]
  })
  if (methods.length === 0) throw malformed(AT, 'expected at least one method')
  const parsed = parseRequest(
    { calls: rulesOf(methods), valid_until: end, ...(it.fees === undefined ? {} : { fees: olderFees(it.fees) }) },
    ctx,
  )
  if (!parsed.ok) throw asWritten(thrown(parsed.error))
  return it.pageKey === undefined ? parsed.asked : { ...parsed.asked, pageKey: it.pageKey }
}

/** A selector has about 250 bits of a hash: none of them reads as a name. */
function nameIn(method: Felt): string | undefined {
  const hex = BigInt(method).toString(16)
  const bytes = hex.padStart(hex.length + (hex.length % 2), '0').match(/../g) ?? []
  const text = bytes.map((byte) => String.fromCharCode(Number.parseInt(byte, 16))).join('')
  return text.length <= 31 && CAIRO_NAME.test(text) ? text : undefined
}

function olderFees({ token, low, high }: NonNullable<OlderFelts['fees']>) {
  if (low >= 2n ** 128n || high >= 2n ** 128n) throw malformed(AT, 'expected an amount of two halves')
  return feesOf([{ tokenAddress: token, maxAmount: (low + (high << 128n)).toString() }])
}

/** What a request for a session is refused with, told of typed data: that method has 114 alone. */
export function asWritten(error: Error & { readonly data?: unknown }): Error {
  const why = isPlainObject(error.data) && typeof error.data.why === 'string' ? error.data.why : error.message
  return malformed(AT, why)
}

function endOf(at: bigint, now: UnixSeconds, path = `${AT}/Expires At`): UnixSeconds {
  if (at > MILLISECONDS) throw malformed(path, 'expected seconds, not milliseconds')
  const expiresAt = Number(at)
  if (expiresAt <= now) throw malformed(path, 'expected an end that lies ahead')
  if (expiresAt + 1 - now > MAX_LIFE) throw malformed(path, `expected an end at most ${MAX_LIFE} seconds ahead`)
  return expiresAt
}

function readMethod({ contract, selector }: SessionFelts['methods'][number], index: number): [Address, Selector] {
  const at = `${AT}/Allowed Methods/${index}`
  const to = parseAddress(contract)
  const action = parseSelector(selector)
  if (to === undefined) throw malformed(`${at}/Contract Address`, 'expected an address')
  if (action === undefined) throw malformed(`${at}/selector`, 'expected a selector')
  return [to, action]
}

/** One rule for each contract, so that each can be switched off; more where a rule has no room. */
function rulesOf(methods: readonly (readonly [Address, Selector])[]) {
  const byContract = new Map<Address, Set<Selector>>()
  for (const [contract, selector] of methods) {
    const known = byContract.get(contract) ?? new Set()
    byContract.set(contract, known.add(selector))
  }
  return [...byContract].flatMap(([contract_address, selectors]) => {
    const all = [...selectors]
    return Array.from({ length: Math.ceil(all.length / LIMITS.entrypoints) }, (_, part) => ({
      contract_address,
      entry_point: all.slice(part * LIMITS.entrypoints, (part + 1) * LIMITS.entrypoints),
    }))
  })
}

/** Whatever else it says is signed with the rest, and means nothing here. */
function ofMetadata(metadata: string): Record<string, unknown> {
  const read = jsonOf(metadata)
  if (!isPlainObject(read)) return { fees: ANYBODY }
  const { projectID: project, txFees: fees } = read
  const label =
    typeof project === 'string' && project !== '' && project.length <= LIMITS.label ? { label: project } : {}
  if (fees === undefined || (Array.isArray(fees) && fees.length === 0)) return { ...label, fees: ANYBODY }
  return { ...label, fees: { ...ANYBODY, ...feesOf(fees) } }
}

function feesOf(fees: unknown) {
  const at = `${AT}/Metadata`
  if (!Array.isArray(fees)) throw malformed(at, 'expected a list of txFees')
  const tokens = fees.map((fee: unknown) => {
    const token = isPlainObject(fee) ? parseAddress(fee.tokenAddress) : undefined
    const max_total = isPlainObject(fee) ? amountOf(fee.maxAmount) : undefined
    if (token === undefined || max_total === undefined) throw malformed(at, 'expected a token and an amount in txFees')
    return { token, max_total }
  })
  if (new Set(tokens.map(({ token }) => token)).size < tokens.length)
    throw malformed(at, 'expected each token once in txFees')
  const own = tokens.find(({ token }) => token === STRK)
  const others = tokens.filter((it) => it !== own)
  return {
    ...(own === undefined ? {} : { max_total: own.max_total }),
    ...(others.length === 0 ? {} : { tokens: others }),
  }
}

function amountOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined
  if (typeof value !== 'string' || !/^(?:0|[1-9][0-9]{0,77}|0[xX][0-9a-fA-F]{1,64})$/.test(value)) return undefined
  return BigInt(value).toString()
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
