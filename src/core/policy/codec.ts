import {
  type Address,
  type ClassHash,
  type Felt,
  isCanonicalFelt,
  parseAddress,
  parseSelector,
  parseU256,
  type Selector,
  type U256,
} from '../felt.ts'
import {
  boolean,
  decode,
  exact,
  integer,
  list,
  literal,
  optional,
  picklist,
  type Schema,
  scalar,
  string,
  time,
  union,
  variant,
} from '../schema.ts'
import { LIMITS } from './limits.ts'
import { isCanonicalPaymaster, parseService } from './payers.ts'
import type { RuleId, SessionPolicy } from './policy.ts'
import { storedArguments, storedPath, storedShapes } from './stored-arguments.ts'

/**
 * A stored policy, or `undefined`: only the canonical spelling is one, and only members that this version decides. A row
 * with more was written by another version, and what cannot be judged is not run.
 *
 * @see codec.test.ts "property: one leaf of another kind is no policy"
 */
export function readPolicy(stored: unknown): SessionPolicy | undefined {
  const decoded = decode(policy as Schema, stored)
  return decoded.ok ? (decoded.value as SessionPolicy) : undefined // the schema below is this type, member by member
}

const canonical = <T extends string>(parse: (it: unknown) => T | undefined, what: string) =>
  scalar<T>((it) => (parse(it) === it ? parse(it) : undefined), what)
const address = canonical<Address>(parseAddress, 'a canonical address')
const selector = canonical<Selector>(
  (it) => (isCanonicalFelt(it) ? parseSelector(it) : undefined),
  'a canonical selector',
)
const amount = canonical<U256>(
  (it) => (typeof it === 'string' && /^[0-9]+$/.test(it) ? parseU256(it) : undefined),
  'decimal text',
)
const classHash = scalar<ClassHash>(
  (it) => (isCanonicalFelt(it) ? (it as string as ClassHash) : undefined),
  'a class hash',
) // a felt that names a class
const canonicalFelt = scalar<Felt>(
  (it) => (isCanonicalFelt(it) ? (it as string as Felt) : undefined),
  'a canonical felt',
)
/** A felt, or an amount as decimal text. */
const value = scalar<string>(
  (it) => (isCanonicalFelt(it) || (typeof it === 'string' && parseU256(it) === it) ? (it as string) : undefined),
  'a felt or decimal text',
)
const ruleId = scalar<RuleId>(
  (it) => (typeof it === 'string' && /^r[0-9]{1,3}$/.test(it) ? (it as RuleId) : undefined),
  'the id of a rule',
) // as made by resolve
const orAny = union([literal('*'), address])
const yes = optional(literal(true))

const seconds = integer(1, LIMITS.windowSeconds)
const window = variant('kind', [
  exact({ kind: literal('session') }),
  exact({ kind: literal('rolling'), seconds }),
  exact({ kind: literal('fixed'), seconds, anchor: time }),
  exact({ kind: literal('calendar'), unit: picklist(['minute', 'hour', 'day', 'week', 'month', 'year']) }),
])
const counts = list(exact({ window, max: integer(0, LIMITS.count) }), LIMITS.caps)
const amounts = list(exact({ window, max: amount }), LIMITS.caps)

const args = optional(storedArguments)
const shapes = optional(storedShapes)
const sums = list(exact({ arg: storedPath, as: picklist(['felt', 'u128', 'u256']), caps: amounts }), LIMITS.caps)
const denied = exact({
  contract: orAny,
  entrypoints: union([literal('*'), list(selector, LIMITS.entrypoints)]),
  args,
  shapes,
  by: picklist(['person', 'site']),
})

// A list of every action of a contract is as long as the chain takes.
const entrypoints = list(exact({ selector, name: optional(string()) }), LIMITS.leaves)
const anyRule = {
  id: ruleId,
  args,
  shapes,
  caps: counts,
  sums,
  enabled: boolean(),
  required: boolean(),
  sponsoredOnly: yes,
  notAToken: yes,
}
const rule = union([
  exact({
    ...anyRule,
    contract: address,
    entrypoints,
    wide: yes,
    adminAck: yes,
    codePin: optional(exact({ classHash, impl: optional(classHash), onChange: picklist(['pause', 'warn']) })),
  }),
  exact({ ...anyRule, contract: literal('*'), entrypoints: union([literal('*'), entrypoints]) }),
])
const limit = exact({
  asset: literal('erc20'),
  token: address,
  perCall: optional(amount),
  perTx: optional(amount),
  caps: amounts,
  stream: optional(exact({ start: time, initial: amount, perSecond: amount, max: optional(amount) })),
  recipients: optional(list(address, LIMITS.recipients)),
  spenders: list(address, LIMITS.spenders),
  approvals: picklist(['forbid', 'count', 'resetAfter']),
  foreignTransferFrom: picklist(['forbid', 'count']),
})
const people = list(address, LIMITS.recipients)
const allow = picklist(['forbid', 'allow'])
const itemLimit = (asset: 'erc721' | 'erc1155') =>
  exact({
    asset: literal(asset),
    collection: address,
    tokenIds: optional(list(amount, LIMITS.tokenIds)),
    maxOut: counts,
    recipients: optional(people),
    spenders: people,
    approveOne: allow,
    approveAll: allow,
  })
const limits = list(variant('asset', [limit, itemLimit('erc721'), itemLimit('erc1155')]), LIMITS.limits)
const message = exact({
  id: scalar<RuleId>(
    (it) => (typeof it === 'string' && /^m[0-9]{1,2}$/.test(it) ? (it as RuleId) : undefined),
    'the id of a message rule',
  ), // as made by resolve
  domainHash: canonicalFelt,
  typeHash: canonicalFelt,
  fields: list(
    exact({
      path: list(string(), LIMITS.depth),
      as: picklist(['felt', 'address', 'u128', 'u256', 'bool', 'selector', 'classHash']),
      op: picklist(['eq', 'in', 'lte', 'gte']),
      to: list(value, LIMITS.inList),
    }),
    LIMITS.messageFields,
  ),
  caps: counts,
  enabled: boolean(),
  required: boolean(),
})
const paymaster = scalar<string>(
  (it) => (isCanonicalPaymaster(it) ? (it as string) : undefined),
  'an https origin, or a canonical address',
)
const policy = exact({
  v: literal(1),
  validAfter: time,
  validUntil: time,
  calls: list(rule, LIMITS.rules),
  deny: list(denied, LIMITS.denies),
  spend: exact({ limits, look: picklist(['simulate', 'receipt']) }),
  fees: exact({
    payer: picklist(['account', 'paymaster', 'either']),
    tokens: list(exact({ token: address, perTx: optional(amount), caps: amounts }), LIMITS.feeTokens),
    paymasters: optional(list(paymaster, LIMITS.paymasters)),
    service: optional(scalar(parseService, 'the URL of a service')),
    maxTipPerGas: optional(amount),
  }),
  usage: exact({
    tx: counts,
    calls: counts,
    maxCallsPerTx: integer(1, LIMITS.callsPerTx),
    minGap: integer(0, LIMITS.windowSeconds),
    maxInFlight: integer(1, LIMITS.inFlight),
  }),
  messages: list(message, LIMITS.messages),
})
