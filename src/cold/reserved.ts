import { type Address, type Felt, felt, parseAddress, parseSelector, shortString } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import { isPlainObject } from '../core/schema.ts'
import { sessionHash } from '../starknet/session-token.ts'
import {
  type Hashed,
  hashScope,
  hashTypedData,
  isBadTypedData,
  type Member,
  readTypedData,
  type Signed,
  type TypedData,
} from './typed-data.ts'

/**
 * What typed data is, by the felts that are hashed and never by its text (argent-sessions.md 12): a message, a session or an
 * outside execution written exactly, or none of them. Nothing reserved is ever a message.
 */
export type Classified =
  | { readonly kind: 'message'; readonly data: TypedData; readonly hashed: Hashed }
  | SessionData
  | OlderSession
  | OutsideExecution
  | {
      readonly kind: 'refused'
      readonly at: string
      readonly why: string
      /** It looked like something else than it is, or may be: the person reads that later. */
      readonly hidden: boolean
    }

/** The session of an Argent account, as a site wrote it. */
export interface SessionData {
  readonly kind: 'session'
  readonly hash: Felt
  readonly expiresAt: bigint
  readonly methods: readonly { readonly contract: Felt; readonly selector: Felt }[]
  readonly metadata: string
  readonly sessionKeyGuid: Felt
}
/** A session as libraries wrote it before (argent-sessions.md 14). Never signed: it could have power elsewhere. */
export interface OlderSession {
  readonly kind: 'older'
  readonly expires: bigint
  /** `ArgentSession` may have an action as its name, in the felt of its text. */
  readonly methods: readonly { readonly contract: Felt; readonly method: Felt }[]
  /** The plugin account's names none. */
  readonly account?: Felt
  /** With which its page signs what it asks for: of `ArgentSession` alone. */
  readonly pageKey?: Felt
  readonly fees?: { readonly token: Felt; readonly low: bigint; readonly high: bigint }
}
/** SNIP-9: calls that somebody else sends, and pays for. */
export interface OutsideExecution {
  readonly kind: 'outside'
  readonly version: 1 | 2
  readonly hash: Felt
  readonly caller: Felt
  readonly nonce: Felt
  readonly executeAfter: bigint
  readonly executeBefore: bigint
  readonly calls: readonly Call[]
}

const SESSION = 'SessionAccount.session'
const OUTSIDE = 'Account.execute_from_outside'
/** Of the older form that has a name; the plugin account's has none. */
const OFFCHAIN = 'ArgentSession'
/** Another account's sessions. */
const FOREIGN = 'Account.execute_session'
const RESERVED = [SESSION, OUTSIDE, OFFCHAIN, FOREIGN] as const
const RESERVED_FELTS: ReadonlySet<bigint> = new Set(RESERVED.map((name) => BigInt(shortString(name))))
/** Session, revision 1; OutsideExecution, revisions 0 and 1; Session and Policy of the plugin account. */
const RESERVED_TYPES: ReadonlySet<Felt> = new Set([
  felt('0x2a7d1ecdf754b100d735189f4969485656c828bfcb863a154c61199caa02434'),
  felt('0x11ff76fe3f640fa6f3d60bbd94a3b9d47141a2c96f87fdcfbeb2af1d03f7050'),
  felt('0x312b56c05a7965066ddbda31c016d8d05afc305071c0ca3cdc2192c3c2f1f0f'),
  felt('0x1aa0e1c56b45cf06a54534fa1707c54e520b842feb21d03b7deddb6f1e340c'),
  felt('0x2f0026e78543f036f33e26a8f5891b88c58dc1e20cbbfaf0bb53274da6fa568'),
])
const FOREIGN_TYPES: ReadonlySet<string> = new Set(['SessionExecution', 'GasSponsoredSessionExecution'])
const INVISIBLE = /[\s\p{C}\p{M}\p{Z}]/gu
/** Source: Unicode confusables.txt, the rows of the letters that the reserved names have. */
const LOOKS_LIKE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: '4@аɑαａ⍺ꭺᴀ',
    c: '¢сϲᴄⅽ',
    d: 'ԁⅾᴅ',
    e: '3еɛε℮ҽᴇ',
    f: 'ƒꞙẝ',
    g: 'ɡց9',
    i: '1l|!іıɩιӏᛁⅼ',
    m: 'мⅿᴍ',
    n: 'ոռпᴎɴη',
    o: '0оοօσ૦ᴏ',
    r: 'гᴦⲅʀ',
    s: '5$ѕꜱʂ',
    t: '7+тτᴛ',
    u: 'υսʋᴜμ',
    x: 'хⅹ×χ',
    '.': '․·•‧。',
    _: '‗ˍ＿-‐‑‒–—',
  }).flatMap(([letter, looks]) => [...looks].map((look) => [look, letter] as const)),
)
const RESERVED_NAMES: ReadonlySet<string> = new Set(RESERVED.map(plain))

const m = (name: string, type: string, contains?: string): Member => ({
  name,
  type,
  ...(contains === undefined ? {} : { contains }),
})
const DOMAIN_1 = [
  m('name', 'shortstring'),
  m('version', 'shortstring'),
  m('chainId', 'shortstring'),
  m('revision', 'shortstring'),
]
const SESSION_FORM: Form = {
  primaryType: 'Session',
  version: 0x31n,
  types: {
    StarknetDomain: DOMAIN_1,
    'Allowed Method': [m('Contract Address', 'ContractAddress'), m('selector', 'selector')],
    Session: [
      m('Expires At', 'timestamp'),
      m('Allowed Methods', 'merkletree', 'Allowed Method'),
      m('Metadata', 'string'),
      m('Session Key', 'felt'),
    ],
  },
}
const OUTSIDE_FORMS: Readonly<Record<0 | 1, Form>> = {
  0: {
    primaryType: 'OutsideExecution',
    version: 1n,
    types: {
      StarkNetDomain: [m('name', 'felt'), m('version', 'felt'), m('chainId', 'felt')],
      OutsideExecution: [
        m('caller', 'felt'),
        m('nonce', 'felt'),
        m('execute_after', 'felt'),
        m('execute_before', 'felt'),
        m('calls_len', 'felt'),
        m('calls', 'OutsideCall*'),
      ],
      OutsideCall: [m('to', 'felt'), m('selector', 'felt'), m('calldata_len', 'felt'), m('calldata', 'felt*')],
    },
  },
  1: {
    primaryType: 'OutsideExecution',
    version: 2n,
    types: {
      StarknetDomain: DOMAIN_1,
      OutsideExecution: [
        m('Caller', 'ContractAddress'),
        m('Nonce', 'felt'),
        m('Execute After', 'u128'),
        m('Execute Before', 'u128'),
        m('Calls', 'Call*'),
      ],
      Call: [m('To', 'ContractAddress'), m('Selector', 'selector'), m('Calldata', 'felt*')],
    },
  },
}
/** Source: @argent/x-sessions 4 and 5, and the offchain sessions of early 2024 (seeds.md 8). */
const PLUGIN_FORM: Form = {
  primaryType: 'Session',
  types: {
    StarkNetDomain: [m('chainId', 'felt')],
    Policy: [m('contractAddress', 'felt'), m('selector', 'selector')],
    Session: [m('key', 'felt'), m('expires', 'felt'), m('root', 'merkletree', 'Policy')],
  },
}
const OFFCHAIN_FORM: Form = {
  primaryType: 'Session',
  version: 1n,
  types: {
    StarkNetDomain: [m('name', 'felt'), m('chainId', 'felt'), m('version', 'felt')],
    u256: [m('low', 'felt'), m('high', 'felt')],
    TokenSpending: [m('tokenAddress', 'felt'), m('maximumAmount', 'u256')],
    AllowedMethod: [m('contractAddress', 'felt'), m('method', 'felt')],
    Session: [
      m('accountAddress', 'felt'),
      m('sessionKey', 'felt'),
      m('expirationTime', 'felt'),
      m('gasFees', 'TokenSpending'),
      m('allowedMethods', 'AllowedMethod*'),
    ],
  },
}
interface Form {
  readonly primaryType: string
  /** Absent: its domain has none. */
  readonly version?: bigint
  readonly types: Readonly<Record<string, readonly Member[]>>
}

/** @param account whose signature it would be, on the chain of `chainId`; without one, on the chain that it names itself */
export function classify(raw: unknown, { account, chainId }: { account: Address; chainId?: Felt }): Classified {
  const domain = isPlainObject(raw) && isPlainObject(raw.domain) ? raw.domain : {}
  const exact = domain.name === SESSION || domain.name === OUTSIDE || domain.name === OFFCHAIN
  const disguised = !exact && Object.values(domain).some(isReservedText)
  let data: TypedData
  let hashed: Hashed
  try {
    data = readTypedData(raw)
    hashed = hashTypedData(data)
  } catch (error) {
    if (!isBadTypedData(error)) throw error
    return refusal(error.at, error.why, exact || disguised)
  }
  const plugin = pluginOf(data, hashed)
  const hidden = plugin === undefined && isReserved(data, hashed.domain, [...hashed.typeHashes])
  if (!exact && (disguised || hidden)) return refusal('/domain/name', HIDDEN, true)
  const elsewhere = chainId && wrongChain(data, hashed, chainId)
  if (elsewhere !== undefined)
    return refusal(elsewhere, 'expected the network of this site', exact || plugin !== undefined)
  if (plugin !== undefined) return plugin
  if (!exact) return { kind: 'message', data, hashed }
  const found =
    domain.name === SESSION
      ? sessionOf(data, hashed, account)
      : domain.name === OUTSIDE
        ? outsideOf(data, hashed, account)
        : offchainOf(data, hashed)
  return found ?? refusal('', `expected exactly the form of ${String(domain.name)}`, true)
}

/**
 * What a rule of a session may be about: never what is reserved, however it is spelled.
 *
 * @throws BadTypedData
 */
export function messageScope(raw: unknown): { readonly domainHash: Felt; readonly typeHash: Felt } | undefined {
  const data = readTypedData(raw)
  const { domain, domainHash, typeHash } = hashScope(data)
  const texts = Object.values(data.domain).some(isReservedText)
  // The rule is told by its domain's name: what no hash knows must not stand for it.
  const unhashed = domain.unsigned.some(({ name }) => name !== 'revision')
  return texts || unhashed || isReserved(data, domain, [typeHash]) ? undefined : { domainHash, typeHash }
}

function isReserved(data: TypedData, domain: Signed, types: readonly Felt[]): boolean {
  return (
    partsOf(domain).some(({ felt: value }) => RESERVED_FELTS.has(value)) ||
    types.some((hash) => RESERVED_TYPES.has(hash)) ||
    FOREIGN_TYPES.has(data.primaryType)
  )
}

const HIDDEN = 'expected a message: this would be a session, or a transaction for somebody else to send'

function refusal(at: string, why: string, hidden: boolean): Classified {
  return { kind: 'refused', at, why, hidden }
}

/** Where a chain is named that is not this one, hashed or not. */
function wrongChain(data: TypedData, { domain }: Hashed, chainId: Felt): string | undefined {
  const chain = BigInt(chainId)
  const hashed = partsOf(domain).find(({ name }) => name === 'chainId')
  if (hashed !== undefined) return hashed.felt === chain ? undefined : '/domain/chainId'
  const written = data.domain.chainId
  if (written === undefined || feltOf(written) === chain) return undefined
  return '/domain/chainId'
}

/** Types, domain and keys exactly as the account's contract has them; the values are its own business. */
function isForm(data: TypedData, hashed: Hashed, form: Form, revision: 0 | 1): boolean {
  const names = Object.keys(form.types)
  const sameTypes =
    data.revision === revision &&
    data.primaryType === form.primaryType &&
    data.types.size === names.length &&
    names.every((name) => isSame(data.types.get(name), form.types[name]))
  const version = partsOf(hashed.domain).find(({ name }) => name === 'version')
  const domainKeys = Object.keys(data.domain).filter((key) => key !== 'revision')
  const domainMembers = form.types[revision === 1 ? 'StarknetDomain' : 'StarkNetDomain']?.filter(
    ({ name }) => name !== 'revision',
  )
  return (
    sameTypes &&
    version?.felt === form.version &&
    domainKeys.length === domainMembers?.length &&
    hasOnlyMembers(hashed.message)
  )
}

function isSame(members: readonly Member[] | undefined, expected: readonly Member[] | undefined): boolean {
  return (
    members?.length === expected?.length &&
    (members ?? []).every((member, index) => {
      const other = expected?.[index]
      return member.name === other?.name && member.type === other.type && member.contains === other.contains
    })
  )
}

function hasOnlyMembers(signed: Signed): boolean {
  return signed.unsigned.length === 0 && partsOf(signed).every(hasOnlyMembers)
}

function sessionOf(data: TypedData, hashed: Hashed, account: Address): SessionData | undefined {
  if (!isForm(data, hashed, SESSION_FORM, 1)) return undefined
  const chain = partsOf(hashed.domain).find(({ name }) => name === 'chainId')
  if (chain === undefined) return undefined
  const [expires, tree, metadata, key] = partsOf(hashed.message)
  if (expires === undefined || tree === undefined || metadata === undefined || key === undefined) return undefined
  const { shown } = metadata
  if (shown.as !== 'text' || expires.felt > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  const sessionKeyGuid = felt(key.felt)
  const hash = hashed.hash(account)
  // Its own form of the same, by other code: one that is not the same is not signed (argent-sessions.md 12).
  const expiresAt = Number(expires.felt)
  const again = sessionHash({
    chainId: felt(chain.felt),
    account,
    expiresAt,
    root: felt(tree.felt),
    metadata: shown.text,
    sessionKeyGuid,
  })
  if (hash !== again) return undefined
  const methods = partsOf(tree).flatMap((leaf) => {
    const [contract, selector] = partsOf(leaf)
    return contract && selector ? [{ contract: felt(contract.felt), selector: felt(selector.felt) }] : []
  })
  return { kind: 'session', hash, expiresAt: expires.felt, methods, metadata: shown.text, sessionKeyGuid }
}

function pluginOf(data: TypedData, hashed: Hashed): OlderSession | undefined {
  if (!isForm(data, hashed, PLUGIN_FORM, 0)) return undefined
  const [, expires, root] = partsOf(hashed.message)
  return expires && root && { kind: 'older', expires: expires.felt, methods: methodsIn(root) }
}

function offchainOf(data: TypedData, hashed: Hashed): OlderSession | undefined {
  if (!isForm(data, hashed, OFFCHAIN_FORM, 0)) return undefined
  const [account, key, expires, spending, list] = partsOf(hashed.message)
  if (!account || !key || !expires || !spending || !list) return undefined
  const [token, amount] = partsOf(spending)
  const [low, high] = amount ? partsOf(amount) : []
  if (!token || !low || !high) return undefined
  return {
    kind: 'older',
    expires: expires.felt,
    methods: methodsIn(list),
    account: felt(account.felt),
    pageKey: felt(key.felt),
    fees: { token: felt(token.felt), low: low.felt, high: high.felt },
  }
}

function methodsIn(list: Signed): OlderSession['methods'] {
  return partsOf(list).flatMap((one) => {
    const [contract, method] = partsOf(one)
    return contract && method ? [{ contract: felt(contract.felt), method: felt(method.felt) }] : []
  })
}

function outsideOf(data: TypedData, hashed: Hashed, account: Address): OutsideExecution | undefined {
  const { revision } = data
  if (!isForm(data, hashed, OUTSIDE_FORMS[revision], revision)) return undefined
  const parts = partsOf(hashed.message)
  const [caller, nonce, after, before, length] = parts
  const list = parts.at(-1)
  if (!caller || !nonce || !after || !before || !length || !list) return undefined
  const calls = partsOf(list).map((call) => callOf(call, revision))
  if (revision === 0 && length.felt !== BigInt(calls.length)) return undefined
  if (calls.some((call) => call === undefined)) return undefined
  return {
    kind: 'outside',
    version: revision === 0 ? 1 : 2,
    hash: hashed.hash(account),
    caller: felt(caller.felt),
    nonce: felt(nonce.felt),
    executeAfter: after.felt,
    executeBefore: before.felt,
    calls: calls.flatMap((call) => (call === undefined ? [] : [call])),
  }
}

function callOf(signed: Signed, revision: 0 | 1): Call | undefined {
  const parts = partsOf(signed)
  const [to, selector, length] = parts
  const list = parts.at(-1)
  const address = to && parseAddress(felt(to.felt))
  const action = selector && parseSelector(felt(selector.felt))
  if (address === undefined || action === undefined || length === undefined || list === undefined) return undefined
  const calldata = partsOf(list).map(({ felt: value }) => felt(value))
  if (revision === 0 && length.felt !== BigInt(calldata.length)) return undefined
  return { to: address, selector: action, calldata }
}

function partsOf({ shown }: Signed): readonly Signed[] {
  return shown.as === 'parts' ? shown.parts : []
}

/** Everything that encodes to a reserved name somewhere, or looks like one to a person. */
function isReservedText(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 1 && isReservedText(value[0])
  if (typeof value !== 'string' && typeof value !== 'number') return false
  const text = String(value)
  if (text.length > 512) return false
  return RESERVED_NAMES.has(plain(text)) || RESERVED_FELTS.has(feltOf(text) ?? -1n)
}

function feltOf(value: unknown): bigint | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  try {
    return BigInt(value)
  } catch {
    const text = String(value)
    return /^[\x20-\x7e]{1,31}$/.test(text) ? BigInt(shortString(text)) : undefined
  }
}

/** As an eye sees it: compatible forms folded, nothing invisible, look-alikes as the letter they look like, lower case. */
function plain(text: string): string {
  return [...text.normalize('NFKD').toLowerCase()]
    .map((char) => LOOKS_LIKE.get(char) ?? char)
    .join('')
    .replace(INVISIBLE, '')
}
