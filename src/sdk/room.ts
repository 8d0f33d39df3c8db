/** What a session's transaction takes at the node, and the bounds it needs for that (argent-sessions.md 16). */
import { type Bound, type Bounds, type Invoke, invokeBody } from '../starknet/invoke.ts'
import { type PlaceholderParts, placeholderToken, validationGas } from '../starknet/session-token.ts'
import { malformed, refusal } from './refusal.ts'

/** As much of a starknet.js provider as a `SessionSigner` asks. Its own `fetch` answers otherwise in 10.x than before. */
export interface Node {
  readonly channel: { readonly fetch: (method: string, params: object) => Promise<{ json(): Promise<unknown> }> }
}

/** Units and fri per unit, as estimated; of L2 gas with what validation takes, which an estimate leaves out. */
export type Gas = Readonly<Record<keyof Bounds, { readonly amount: bigint; readonly price: bigint }>>

/**
 * Run at the node with a token of the right length and end in the place of the real one, which nobody has to sign for it.
 *
 * @throws 217 when the calls fail there; 163 when the node answers otherwise
 */
export async function gasOf(node: Node, built: Omit<Invoke, 'bounds' | 'tip'>, token: PlaceholderParts): Promise<Gas> {
  const body = invokeBody({ ...built, tip: 0n, bounds: NO_BOUNDS, signature: placeholderToken(token) })
  const params = { request: [body], simulation_flags: ['SKIP_VALIDATE'], block_id: 'pre_confirmed' }
  const [estimate] = (await ask(node, 'starknet_estimateFee', params)) as readonly Readonly<Record<string, string>>[]
  const of = (name: keyof Bounds) => ({
    amount: BigInt(estimate?.[`${name}_consumed`] ?? Number.NaN),
    price: BigInt(estimate?.[`${name}_price`] ?? Number.NaN),
  })
  const proofFelts = token.proofLengths.reduce((sum, length) => sum + length, 0)
  const validation = validationGas({ by: 'session', calls: token.proofLengths.length, proofFelts })
  const l2_gas = of('l2_gas')
  return {
    l1_gas: of('l1_gas'),
    l2_gas: { ...l2_gas, amount: l2_gas.amount + validation },
    l1_data_gas: of('l1_data_gas'),
  }
}

export async function nextNonce(node: Node, account: string): Promise<bigint> {
  const params = { block_id: 'pre_confirmed', contract_address: account }
  return BigInt((await ask(node, 'starknet_getNonce', params)) as string)
}

/** Half as much again of each amount and price, as the wallet itself commits. */
export function boundsFor({ l1_gas, l2_gas, l1_data_gas }: Gas): Bounds {
  return { l1_gas: widened(l1_gas), l2_gas: widened(l2_gas), l1_data_gas: widened(l1_data_gas) }
}

/**
 * @throws 114 for bounds with which it would fail and cost its fee, naming what it takes
 * @see signer.test.ts "bounds that cannot work are refused before anything is signed, with the least that can"
 */
export function demandRoom(bounds: Bounds, { l2_gas, l1_data_gas }: Gas): void {
  if (bounds.l2_gas.maxAmount < l2_gas.amount - MARGIN) throw tooLittle('l2_gas', l2_gas.amount)
  if (bounds.l1_data_gas.maxAmount < l1_data_gas.amount) throw tooLittle('l1_data_gas', l1_data_gas.amount)
}

/** Of the formula, which never fell short: what is refused could not have worked. */
const MARGIN = 60_000n
const ZERO: Bound = { maxAmount: 0n, maxPrice: 0n }
/** Nodes estimate with it. */
const NO_BOUNDS: Bounds = { l1_gas: ZERO, l2_gas: ZERO, l1_data_gas: ZERO }
const EXECUTION_FAILED = 41

async function ask(node: Node, method: string, params: object): Promise<unknown> {
  const { result, error } = (await (await node.channel.fetch(method, params)).json()) as {
    readonly result?: unknown
    readonly error?: { readonly code: number }
  }
  if (result !== undefined) return result
  const refused =
    error?.code === EXECUTION_FAILED
      ? refusal(217, 'SESSION_SIMULATION_FAILED', { reasons: [{ code: 'simulationFailed' }] })
      : refusal(163, 'UNKNOWN_ERROR', { reason: 'node', method })
  throw Object.assign(refused, { cause: error })
}

function tooLittle(resource: keyof Bounds, least: bigint) {
  return malformed(
    '/transaction/resource_bounds',
    `expected at least ${least} of ${resource}: with less it fails and is paid`,
  )
}

function widened({ amount, price }: Gas[keyof Bounds]): Bound {
  const half = (value: bigint) => (value * 3n + 1n) / 2n
  return { maxAmount: half(amount), maxPrice: half(price) }
}
