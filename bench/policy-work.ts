/**
 * What the policy engine costs: decisions over policies of some lengths, the way of one call from text to hold beside one
 * signature, and what bad input costs beside the largest that is legal (policy.md 14).
 */
import { holdOf } from '../src/background/sending/journal.ts'
import { type Address, type Felt, felt, u256 } from '../src/core/felt.ts'
import { emptyBook, heldBy } from '../src/core/policy/book.ts'
import { evaluate, type Facts, type Transaction } from '../src/core/policy/evaluate.ts'
import { LIMITS } from '../src/core/policy/limits.ts'
import type { Call, Hold, MeterBook, Origin, RuleId, SessionPolicy } from '../src/core/policy/policy.ts'
import { parseRequest } from '../src/core/policy/wire.ts'
import { dapp } from '../src/core/protocol/dapp.ts'
import { INVOKE, readParams } from '../src/core/protocol/frame.ts'
import type { JournalRow, StoredSession } from '../src/core/records.ts'
import { type Decoded, decode } from '../src/core/schema.ts'
import { ARGENT_0_4_0 } from '../src/starknet/accounts.ts'
import { sign } from '../src/starknet/curve.ts'
import { selectorOf } from '../src/starknet/selector.ts'
import { ACCOUNT, CHAIN_ID, KEYS, ORIGIN, sessionOf } from './ours.ts'

const NOW = 1_900_000_000
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d' as Address
const MANY = 1_000_000

export type Act = (round: number) => unknown

/** By length of the policy: one decision about two calls, which two of its rules own. */
export function decisions(lengths: readonly number[]): Readonly<Record<string, Act>> {
  return Object.fromEntries(
    lengths.map((length) => {
      const world = worldOf(policyOf(length))
      // The first and the last rule: one that is found early does not stand for both.
      const calls = (round: number) => [0, length - 1].map((rule) => callTo(rule, round))
      return [
        `${length}`,
        (round) => {
          if (decide(world, calls(round)) !== 'auto') throw new Error(`${length} rules: a fitting call is asked about`)
        },
      ]
    }),
  )
}

/** Text of a page's request → calls → decision → the journal row that holds it, and what is open with it. */
export function wayOfOneCall(): Act {
  const world = worldOf(policyOf(66))
  const { to, selector } = callTo(7, 0)
  return (round) => {
    const text = JSON.stringify({
      calls: [{ contract_address: to, entry_point: selector, calldata: [felt(round), '0x2', '0x3'] }],
      session: { mode: 'only' },
    })
    const decoded = decode(dapp.wallet_addInvokeTransaction.params, JSON.parse(text)) as Decoded<{
      calls: { contract_address: Address; entry_point: Call['selector']; calldata: Felt[] }[]
    }>
    if (!decoded.ok) throw new Error(decoded.at)
    const calls = decoded.value.calls.map((it) => ({
      to: it.contract_address,
      selector: it.entry_point,
      calldata: it.calldata,
    }))
    const { session, book, open, facts } = world
    const verdict = evaluate(session, book, open, txOf(calls), facts, NOW)
    if (verdict.kind !== 'auto') throw new Error(JSON.stringify(verdict))
    const row = {
      id: `row ${round}`,
      session: session.id,
      group: `row ${round}`,
      account: ACCOUNT,
      network: session.network,
      kind: 'invoke',
      hash: '0x1',
      nonce: felt(round),
      calls,
      charges: verdict.charges,
      at: NOW,
      status: 'held',
    } as unknown as JournalRow & { readonly session: StoredSession['id'] } // What a hold is made of.
    return heldBy([...open, holdOf(row)])
  }
}

export function signature(): Act {
  return (round) => sign(felt(2n ** 250n + BigInt(round)), KEYS.session)
}

/** The largest legal request for a session, from the text that a page sent: as many values as a frame may have. */
export function largestRequest(): Act {
  const text = JSON.stringify(fullRequest())
  return () => {
    const why = refusal(SESSION, text)
    if (why !== undefined) throw new Error(`the largest legal request is refused: ${why}`)
  }
}

/** By name: texts of requests that are refused. Those that a frame has room for fill it. */
export function badRequests(): Readonly<Record<string, Act>> {
  const full = fullRequest()
  const [rule] = full.calls as [(typeof full.calls)[0]]
  const [limit] = full.spend_limits as [(typeof full.spend_limits)[0]]
  const plain = { contract_address: rule.contract_address, entry_point: 'move' }
  const condition = { at: 0, op: 'eq', value: '0x1' }
  const ofRule = (change: object) => ({ calls: [{ ...plain, ...change }] })
  const ofLimit = (change: object) => ({ ...full, spend_limits: [{ ...limit, ...change }] })
  const lists = (many: <T>(item: T) => T[]): Record<string, unknown> => ({
    values: many(0),
    rules: { calls: many(0) },
    entrypoints: ofRule({ entry_point: many('a') }),
    caps: ofRule({ caps: many(1) }),
    sums: ofRule({ sums: many(1) }),
    'sums with caps': ofRule({ sums: many([]) }),
    conditions: ofRule({ args: many(1) }),
    'conditions in all': ofRule({ args: { all: many(1) } }),
    'in values': ofRule({ args: { at: 0, op: 'in', value: many('1') } }),
    denies: { ...ofRule({}), deny: many(0) },
    limits: { ...ofRule({}), spend_limits: many(0) },
    recipients: { ...ofRule({}), spend_limits: [{ ...limit, recipients: many('1') }] },
    'setup calls': { ...ofRule({}), setup_calls: many(0) },
    'usage caps': { ...ofRule({}), usage: { tx_caps: many(1) } },
  })
  const named = (count: string, all: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(all).map(([name, json]) => [`${count} ${name}`, json]))
  const bad: Record<string, unknown> = {
    ...named(
      '1,000,000',
      lists((item) => new Array(MANY).fill(item)),
    ),
    ...named(
      '49,000',
      lists((item) => new Array(49_000).fill(item)),
    ),
    '40,000 unknown keys': Object.fromEntries(Array.from({ length: 40_000 }, (_, at) => [`k${at}`, 0])),
    '24,000 empty rules': { calls: new Array(24_000).fill({}) },
    'a reason of 500,000 letters': { ...ofRule({}), reason: 'x'.repeat(500_000) },
    'an amount of 500,000 digits': { ...ofRule({}), spend_limits: [{ token: '0x1', total: '9'.repeat(500_000) }] },
    'an address of 500,000 digits': ofRule({ contract_address: `0x${'0'.repeat(500_000)}1` }),
    'a name of 500,000 letters': ofRule({ entry_point: 'x'.repeat(500_000) }),
    'a path of 150,000 steps': ofRule({ args: { ...condition, at: `a${'[0]'.repeat(150_000)}!` } }),
    'a condition over the limit': ofRule({ args: new Array(LIMITS.argNodes).fill(condition) }),
    'own constructor': { ...full, constructor: {} },
    'an amount that is a number': ofLimit({ total: 5 }),
    milliseconds: { ...full, duration: undefined, valid_until: (NOW + 600) * 1_000 },
    'x + P': ofLimit({ token: `0x${(2n ** 251n + 17n * 2n ** 192n + 5n).toString(16)}` }),
  }
  return refusals(SESSION, {
    ...texts(bad),
    '20,000 levels of not': JSON.stringify(ofRule({ args: 'nest' })).replace('"nest"', nested('{"not":', '}')),
    '20,000 levels of all': JSON.stringify(ofRule({ args: 'nest' })).replace('"nest"', nested('{"all":[', ']}')),
    'own __proto__': JSON.stringify(full).replace('{', '{"__proto__":{"enabled":true},'),
  })
}

/** By name: texts of transactions that are refused. */
export function badCalls(): Readonly<Record<string, Act>> {
  const call = { contract_address: GAME(0), entry_point: SELECTORS[0], calldata: ['0x1'] }
  const bad: Record<string, unknown> = {
    '1,000,000 calls': { calls: new Array(MANY).fill(0) },
    '1,000,000 felts': { calls: [{ ...call, calldata: new Array(MANY).fill('0x1') }] },
    '49,000 calls': { calls: new Array(49_000).fill(0) },
    '49,000 felts': { calls: [{ ...call, calldata: new Array(49_000).fill('0x1') }] },
    'a felt of 500,000 digits': { calls: [{ ...call, calldata: [`0x1${'0'.repeat(500_000)}`] }] },
    'a name of 500,000 letters': { calls: [{ ...call, entry_point: 'x'.repeat(500_000) }] },
    'one felt short of canonical': { calls: [{ ...call, calldata: ['0x01'] }] },
  }
  const deep = `{"calls":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
  return refusals(INVOKE, {
    ...texts(bad),
    'calls 50,000 deep': deep,
    'a call with __proto__': '{"calls":[{"__proto__":{}}]}',
  })
}

const SESSION = 'wallet_requestSession'

/** What a frame's text goes through before anything else is asked; `undefined`: it is taken. */
function refusal(type: string, text: string): string | undefined {
  const read = readParams(type, text)
  if (read.fault !== undefined) return read.fault.why
  if (type === SESSION) {
    const parsed = parseRequest(read.value, { now: NOW, selectorOf })
    return parsed.ok ? undefined : JSON.stringify(parsed.error)
  }
  const decoded = decode(dapp.wallet_addInvokeTransaction.params, read.value)
  return decoded.ok ? undefined : decoded.why
}

const nested = (open: string, close: string) =>
  `${open.repeat(20_000)}{"at":0,"op":"eq","value":"1"}${close.repeat(20_000)}`

function texts(all: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(all).map(([name, json]) => [name, JSON.stringify(json)]))
}

function refusals(type: string, all: Readonly<Record<string, string>>): Readonly<Record<string, Act>> {
  return Object.fromEntries(
    Object.entries(all).map(([name, text]) => [
      name,
      () => {
        if (refusal(type, text) === undefined) throw new Error(`${name}: taken`)
      },
    ]),
  )
}

interface World {
  readonly session: StoredSession
  readonly book: MeterBook
  readonly open: readonly Hold[]
  readonly facts: Facts
}

function worldOf(policy: SessionPolicy): World {
  const session = {
    ...sessionOf({ account: ACCOUNT, methods: 1, look: 'receipt' }, NOW),
    granted: policy,
    effective: policy,
  }
  const read = { classHash: ARGENT_0_4_0, readAt: NOW }
  return {
    session,
    book: emptyBook(session.id),
    open: [],
    facts: {
      ownAccounts: [ACCOUNT],
      unlocked: true,
      workingSet: true,
      clockWrong: false,
      classes: Object.fromEntries([ACCOUNT, ...policy.calls.map(({ contract }) => contract)].map((it) => [it, read])),
      liveAllowance: false,
      simulation: 'none',
      reverts: { inARow: 0, lastAt: 0 },
    },
  }
}

function decide({ session, book, open, facts }: World, calls: readonly Call[]): string {
  return evaluate(session, book, open, txOf(calls), facts, NOW).kind
}

function txOf(calls: readonly Call[]): Transaction {
  return {
    origin: ORIGIN as Origin,
    chainId: CHAIN_ID,
    account: ACCOUNT,
    calls,
    fee: { token: STRK, max: 10n ** 15n, tipPerGas: 0n },
    unsupported: [],
  }
}

const SELECTORS = ['move', 'act', 'open'].map(selectorOf)
const GAME = (at: number) => felt(0x1_000 + at) as Address // small felts are addresses

function callTo(rule: number, round: number): Call {
  return { to: GAME(rule), selector: SELECTORS[rule % 3]!, calldata: [felt(round), felt(1), felt(2)] }
}

/** Each rule of its own contract, as a game with many systems has them. */
function policyOf(length: number): SessionPolicy {
  const session = { kind: 'session' } as const
  return {
    v: 1,
    validAfter: NOW - 10,
    validUntil: NOW + 86_400,
    calls: Array.from({ length }, (_, at) => ({
      id: `r${at}` as RuleId,
      contract: GAME(at),
      entrypoints: SELECTORS.map((selector) => ({ selector })),
      caps: [{ window: session, max: 1_000 }],
      sums: [],
      enabled: true,
      required: false,
      codePin: { classHash: ARGENT_0_4_0, onChange: 'pause' as const },
    })),
    deny: [],
    spend: { limits: [], look: 'receipt' },
    fees: { payer: 'account', tokens: [{ token: STRK, caps: [{ window: session, max: u256(10n ** 24n) }] }] },
    usage: { tx: [{ window: session, max: 100_000 }], calls: [], maxCallsPerTx: 20, minGap: 0, maxInFlight: 16 },
    messages: [],
  }
}

function fullRequest() {
  const windows = [
    'session',
    ...(['minute', 'hour', 'day', 'week', 'month', 'year'] as const).map((calendar) => ({ calendar })),
    { rolling: 60 },
  ]
  const counts = windows.map((window) => ({ max: 1_000, window }))
  const amounts = windows.map((window) => ({ amount: '10', window }))
  const condition = { at: 0, op: 'lte', value: '0x10' }
  return {
    reason: 'x'.repeat(LIMITS.reason),
    label: 'x'.repeat(LIMITS.label),
    duration: 86_400,
    calls: Array.from({ length: LIMITS.rules }, (_, at) => ({
      contract_address: GAME(at),
      entry_point: ['move', 'act'].map((name) => `${name}_${at}`),
      args: [condition, condition, condition, condition],
      caps: counts,
      sums: [0, 1, 2].map((place) => ({ at: place, caps: amounts })),
    })),
    deny: Array.from({ length: LIMITS.denies }, () => ({ contract_address: '*', entry_point: ['pause', 'resume'] })),
    spend_limits: Array.from({ length: LIMITS.limits }, (_, at) => ({
      token: GAME(1_000 + at),
      per_call: '5',
      caps: amounts,
      recipients: Array.from({ length: LIMITS.recipients }, (_, who) => felt(who + 1)),
    })),
    usage: { tx_caps: counts.slice(0, 6), call_caps: counts },
  }
}
