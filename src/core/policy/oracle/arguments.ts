import type { ArgKind, ArgPath, ArgRule, Call, CallRule, DenyRule, Operand, Param, Shape } from '../policy.ts'

/** Three-valued: what cannot be read is neither true nor false (policy.md 5.2). */
export type Truth = 'true' | 'false' | 'unknown'

/** What an argument predicate is judged against. */
export interface Scene {
  readonly calls: readonly Call[]
  readonly index: number
  readonly account: string
  readonly shapes: CallRule['shapes'] | DenyRule['shapes']
}

type Node =
  | { readonly leaf: string; readonly value: bigint }
  | { readonly fields: ReadonlyMap<string, Node> }
  | { readonly elements: readonly Node[] }
  | { readonly bytes: true }

const TWO_128 = 1n << 128n
const ADDRESS_END = (1n << 251n) - 256n
const SELECTOR_END = 1n << 250n
const LONGEST_ARRAY = 1000n
const WORD_END = 1n << 248n
const INTEGER_END: Readonly<Record<string, bigint>> = {
  bool: 2n,
  u8: 1n << 8n,
  u16: 1n << 16n,
  u32: 1n << 32n,
  u64: 1n << 64n,
  u128: TWO_128,
  address: ADDRESS_END,
  selector: SELECTOR_END,
}

export function holds(rule: ArgRule, scene: Scene, item?: Node): Truth {
  if ('all' in rule) return allOf(rule.all.map((it) => holds(it, scene, item)))
  if ('any' in rule) return anyOf(rule.any.map((it) => holds(it, scene, item)))
  if ('not' in rule) return opposite(holds(rule.not, scene, item))
  if ('each' in rule) {
    const list = nodeAt(rule.each, scene, item)
    if (list === undefined || !('elements' in list)) return 'unknown'
    return allOf(list.elements.map((element) => holds(rule.rule, scene, element)))
  }
  const subject = valueAt(rule.arg, rule.as, scene, item)
  const compare = (to: Operand, is: (left: bigint, right: bigint) => boolean): Truth => {
    const right = operandOf(to, rule.as, scene, item)
    return subject === undefined || right === undefined ? 'unknown' : is(subject, right) ? 'true' : 'false'
  }
  switch (rule.op) {
    case 'eq':
      return compare(rule.to, (a, b) => a === b)
    case 'ne':
      return compare(rule.to, (a, b) => a !== b)
    case 'lt':
      return compare(rule.to, (a, b) => a < b)
    case 'lte':
      return compare(rule.to, (a, b) => a <= b)
    case 'gt':
      return compare(rule.to, (a, b) => a > b)
    case 'gte':
      return compare(rule.to, (a, b) => a >= b)
    case 'in':
      return anyOf(rule.to.map((to) => compare(to, (a, b) => a === b)))
    case 'notIn':
      return opposite(anyOf(rule.to.map((to) => compare(to, (a, b) => a === b))))
    case 'between':
      return allOf([compare(rule.to[0], (a, b) => a >= b), compare(rule.to[1], (a, b) => a <= b)])
  }
}

/** @returns `undefined` when the argument is unknown */
export function valueAt(path: ArgPath, as: ArgKind, scene: Scene, item?: Node): bigint | undefined {
  const { calldata } = scene.calls[scene.index]!
  if (path.at === 'length') return BigInt(calldata.length)
  if (path.at === 'felt') return rawAt(calldata, path.index, as)
  const node = nodeAt(path, scene, item)
  if (node === undefined || !('leaf' in node)) return undefined
  return within(node.value, as) ? node.value : undefined
}

/** What is out of the range of the kind is unknown, whoever names it. */
function operandOf(operand: Operand, as: ArgKind, scene: Scene, item?: Node): bigint | undefined {
  if ('value' in operand) return inRange(BigInt(operand.value), as)
  if (operand.ref === 'account') return inRange(BigInt(scene.account), as)
  if (operand.ref === 'arg') return valueAt(operand.arg, as, scene, item)
  const earlier = scene.index - operand.back
  if (earlier < 0 || operand.back < 1) return undefined
  return operand.arg.at === 'felt' || operand.arg.at === 'length'
    ? valueAt(operand.arg, as, { ...scene, index: earlier })
    : undefined
}

function rawAt(calldata: readonly string[], index: number, as: ArgKind): bigint | undefined {
  const first = calldata[index]
  if (first === undefined) return undefined
  if (as !== 'u256') return within(BigInt(first), as) ? BigInt(first) : undefined
  const second = calldata[index + 1]
  return second === undefined ? undefined : limbs(BigInt(first), BigInt(second))
}

const inRange = (value: bigint, as: ArgKind) => (within(value, as) ? value : undefined)

function within(value: bigint, as: ArgKind): boolean {
  switch (as) {
    case 'felt':
    case 'classHash':
    case 'u256':
      return true
    case 'u128':
      return value < TWO_128
    case 'bool':
      return value < 2n
    case 'selector':
      return value < SELECTOR_END
    case 'address':
      return value > 0n && value < ADDRESS_END
  }
}

function nodeAt(path: ArgPath, scene: Scene, item?: Node): Node | undefined {
  if (path.at === 'felt' || path.at === 'length') return undefined
  const call = scene.calls[scene.index]!
  const params = scene.shapes?.[call.selector]
  const root =
    path.at === 'item' ? item : params === undefined ? undefined : decodeAll(params, call.calldata)?.get(path.name)
  return path.path.reduce<Node | undefined>((node, step) => {
    if (node === undefined) return undefined
    if (typeof step === 'number') return 'elements' in node ? node.elements[step] : undefined
    return 'fields' in node ? node.fields.get(step) : undefined
  }, root)
}

/** Exact: every felt consumed, else nothing is known. */
function decodeAll(params: readonly Param[], calldata: readonly string[]): ReadonlyMap<string, Node> | undefined {
  const felts = calldata.map(BigInt)
  const fields = fieldsFrom(params, felts)
  return fields === undefined || felts.length > 0 ? undefined : fields
}

function fieldsFrom(params: readonly Param[], felts: bigint[]): ReadonlyMap<string, Node> | undefined {
  const fields = new Map<string, Node>()
  for (const { name, shape } of params) {
    const node = decode(shape, felts)
    if (node === undefined) return undefined
    fields.set(name, node)
  }
  return fields
}

/** Takes what it reads off the front. */
function decode(shape: Shape, felts: bigint[]): Node | undefined {
  switch (shape.t) {
    case 'struct': {
      const fields = fieldsFrom(shape.fields, felts)
      return fields && { fields }
    }
    case 'enum': {
      const index = felts.shift()
      const variant = index === undefined || index >= BigInt(shape.variants.length) ? undefined : Number(index)
      if (variant === undefined) return undefined
      const { name, shape: payload } = shape.variants[variant]!
      const node = decode(payload, felts)
      return node && { fields: new Map([[name, node]]) }
    }
    case 'array': {
      const length = felts.shift()
      return length === undefined || length > LONGEST_ARRAY ? undefined : listFrom(shape.of, Number(length), felts)
    }
    case 'fixed':
      return listFrom(shape.of, shape.length, felts)
    case 'bytes': {
      const words = felts.shift()
      if (words === undefined || words > LONGEST_ARRAY) return undefined
      const taken = felts.splice(0, Number(words))
      const [rest, length] = felts.splice(0, 2)
      if (BigInt(taken.length) !== words || rest === undefined || length === undefined) return undefined
      const exact = taken.every((word) => word < WORD_END) && length < 31n && rest < 1n << (8n * length)
      return exact ? { bytes: true } : undefined
    }
    case 'u256': {
      const [low, high] = felts.splice(0, 2)
      const value = low === undefined || high === undefined ? undefined : limbs(low, high)
      return value === undefined ? undefined : { leaf: 'u256', value }
    }
    default: {
      const value = felts.shift()
      if (value === undefined || value >= (INTEGER_END[shape.t] ?? value + 1n)) return undefined
      return { leaf: shape.t, value }
    }
  }
}

function listFrom(of: Shape, length: number, felts: bigint[]): Node | undefined {
  const elements: Node[] = []
  for (let i = 0; i < length; i++) {
    const node = decode(of, felts)
    if (node === undefined) return undefined
    elements.push(node)
  }
  return { elements }
}

export function limbs(low: bigint, high: bigint): bigint | undefined {
  return low < TWO_128 && high < TWO_128 ? high * TWO_128 + low : undefined
}

function allOf(parts: readonly Truth[]): Truth {
  return parts.includes('false') ? 'false' : parts.includes('unknown') ? 'unknown' : 'true'
}

function anyOf(parts: readonly Truth[]): Truth {
  return parts.includes('true') ? 'true' : parts.includes('unknown') ? 'unknown' : 'false'
}

function opposite(truth: Truth): Truth {
  return truth === 'unknown' ? 'unknown' : truth === 'true' ? 'false' : 'true'
}
