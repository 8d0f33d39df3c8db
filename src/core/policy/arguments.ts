import { ADDRESS_BOUND, type Address, type Felt, MAX_U128, MAX_U256, P } from '../felt.ts'
import type { ArgKind, ArgPath, ArgRule, Call, CallRule, DenyRule, Operand } from './policy.ts'
import { decodeCalldata, type Value, valueAt } from './shapes.ts'

/** One call among those of its transaction. */
export interface CallAt {
  /** The session's. */
  readonly account: Address
  readonly calls: readonly Call[]
  readonly index: number
}

/** `undefined` is unknown: a felt that is missing, cannot be decoded or is out of range (policy.md 5.2). */
export type Truth = boolean | undefined

/**
 * Whether the arguments of a call fulfil a rule. Unknown is neither: it never satisfies an allow and always a deny.
 *
 * @see arguments.test.ts "unknown argument under not, any, deny"
 */
export function argumentsHold(rule: Pick<CallRule | DenyRule, 'args' | 'shapes'>, at: CallAt): Truth {
  return rule.args === undefined ? true : holds(rule.args, readerOf(rule.shapes, at))
}

/** The value of one argument, for a running total; `undefined`: unknown. */
export function argumentOf(path: ArgPath, as: ArgKind, shapes: CallRule['shapes'], at: CallAt): bigint | undefined {
  return read(readerOf(shapes, at), path, as)
}

/** The first condition of a rule that the call does not fulfil, and what was sent: for the sentence of a refusal. */
export function firstFailing(
  rule: Pick<CallRule, 'args' | 'shapes'>,
  at: CallAt,
): { readonly rule: ArgRule; readonly sent: bigint | undefined } | undefined {
  if (rule.args === undefined) return undefined
  const reader = readerOf(rule.shapes, at)
  const conditions = 'all' in rule.args ? rule.args.all : [rule.args]
  const failing = conditions.find((one) => holds(one, reader) !== true)
  if (failing === undefined) return undefined
  return { rule: failing, sent: 'op' in failing ? read(reader, failing.arg, failing.as) : undefined }
}

/** The value if it is one of its kind. */
export function inKind(value: bigint, as: ArgKind): bigint | undefined {
  if (as === 'address') return value > 0n && value < ADDRESS_BOUND ? value : undefined
  return value <= HIGHEST[as] ? value : undefined
}

const HIGHEST: Readonly<Record<Exclude<ArgKind, 'address'>, bigint>> = {
  felt: P - 1n,
  classHash: P - 1n,
  selector: 2n ** 250n - 1n,
  bool: 1n,
  u128: MAX_U128,
  u256: MAX_U256,
}

interface Reader {
  readonly at: CallAt
  readonly calldata: readonly Felt[]
  readonly values: () => ReadonlyMap<string, Value> | undefined
  /** Inside `each`. */
  readonly item?: Value
}

function readerOf(shapes: CallRule['shapes'], at: CallAt): Reader {
  const call = at.calls[at.index]
  const calldata = call?.calldata ?? []
  const params = call === undefined ? undefined : shapes?.[call.selector]
  let decoded: { readonly values: ReadonlyMap<string, Value> | undefined } | undefined
  const values = () => {
    decoded ??= { values: params === undefined ? undefined : decodeCalldata(params, calldata) }
    return decoded.values
  }
  return { at, calldata, values }
}

function holds(rule: ArgRule, reader: Reader): Truth {
  if ('all' in rule) return every(rule.all, (one) => holds(one, reader))
  if ('any' in rule) return not(every(rule.any, (one) => not(holds(one, reader))))
  if ('not' in rule) return not(holds(rule.not, reader))
  if ('each' in rule) {
    const list = target(rule.each, reader)
    return list?.t === 'list' ? every(list.items, (item) => holds(rule.rule, { ...reader, item })) : undefined
  }
  const value = read(reader, rule.arg, rule.as)
  if (value === undefined) return undefined
  const compared = (to: Operand, test: (other: bigint) => boolean): Truth => {
    const other = operand(to, rule.as, reader)
    return other === undefined ? undefined : test(other)
  }
  const isOneOf = (operands: readonly Operand[]) =>
    not(every(operands, (one) => not(compared(one, (other) => value === other))))
  switch (rule.op) {
    case 'eq':
      return compared(rule.to, (other) => value === other)
    case 'ne':
      return compared(rule.to, (other) => value !== other)
    case 'lt':
      return compared(rule.to, (other) => value < other)
    case 'lte':
      return compared(rule.to, (other) => value <= other)
    case 'gt':
      return compared(rule.to, (other) => value > other)
    case 'gte':
      return compared(rule.to, (other) => value >= other)
    case 'in':
      return isOneOf(rule.to)
    case 'notIn':
      return not(isOneOf(rule.to))
    case 'between': {
      const [low, high] = rule.to
      return every(
        [() => compared(low, (other) => value >= other), () => compared(high, (other) => value <= other)],
        (it) => it(),
      )
    }
  }
}

/** False wins over unknown; nothing to fulfil is fulfilled. */
function every<T>(items: readonly T[], test: (item: T) => Truth): Truth {
  let result: Truth = true
  for (const item of items) {
    const one = test(item)
    if (one === false) return false
    if (one === undefined) result = undefined
  }
  return result
}

function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth
}

function operand(to: Operand, as: ArgKind, reader: Reader): bigint | undefined {
  if ('value' in to) return inKind(BigInt(to.value), as)
  if (to.ref === 'account') return inKind(BigInt(reader.at.account), as)
  if (to.ref === 'arg') return read(reader, to.arg, as)
  const earlier = reader.at.calls[reader.at.index - to.back]
  return earlier === undefined ? undefined : raw(to.arg, as, earlier.calldata)
}

function read(reader: Reader, path: ArgPath, as: ArgKind): bigint | undefined {
  if (path.at === 'felt' || path.at === 'length') return raw(path, as, reader.calldata)
  const found = target(path, reader)
  return found?.t === 'number' ? inKind(found.value, as) : undefined
}

function target(path: ArgPath, reader: Reader): Value | undefined {
  if (path.at === 'param') return valueAt(reader.values()?.get(path.name), path.path)
  return path.at === 'item' ? valueAt(reader.item, path.path) : undefined
}

/** Straight from the felts; a u256 is two of them. */
function raw(path: ArgPath, as: ArgKind, calldata: readonly Felt[]): bigint | undefined {
  if (path.at === 'length') return inKind(BigInt(calldata.length), as)
  if (path.at !== 'felt') return undefined
  const low = feltAt(calldata, path.index)
  if (low === undefined || as !== 'u256') return low === undefined ? undefined : inKind(low, as)
  const high = feltAt(calldata, path.index + 1)
  return high === undefined || low > MAX_U128 || high > MAX_U128 ? undefined : low + (high << 128n)
}

function feltAt(calldata: readonly Felt[], index: number): bigint | undefined {
  const felt = calldata[index]
  return felt === undefined ? undefined : BigInt(felt)
}
