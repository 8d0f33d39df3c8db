/**
 * From calls to the finished JSON of a session's transaction: ours with what a worker keeps, and the same bytes made with the
 * helpers of starknet.js and nothing kept. Bundled, it runs in node and in a page.
 */
import { byteArray, CallData, ec, hash, merkle, shortString, type TypedData, typedData } from 'starknet10'
import { createSigner } from '../src/background/keys/signer.ts'
import { createStopFlags } from '../src/background/keys/working-set.ts'
import { storedBounds } from '../src/background/sending/fees.ts'
import type { Held } from '../src/background/sending/ledger.ts'
import { type Felt, felt } from '../src/core/felt.ts'
import type { Call } from '../src/core/policy/policy.ts'
import type { JournalRow, StoredSession } from '../src/core/records.ts'
import { invokeAttempt } from '../src/platform/node.ts'
import { sign } from '../src/starknet/curve.ts'
import { type Bounds, invokeBody, invokeHash } from '../src/starknet/invoke.ts'
import { poseidon2 } from '../src/starknet/poseidon.ts'
import { ACCOUNT, callOf, GAME, HEX_KEYS, KEYS, METHOD, recordOf, sessionOf } from './ours.ts'

const NOW = 1_900_000_000
const TIP = 0n
const WARM_UP = 20
const ROUNDS = 40
/** Ours is quick: as one sample stands for so many in a row, a timer's steps do not show. */
const IN_A_ROW = 5
const FEW = 1
const TEN = 10
const MANY = 100

const ADDRESS = ACCOUNT
const BOUNDS: Bounds = {
  l1_gas: { maxAmount: 0n, maxPrice: 75_000_000_000_000n },
  l2_gas: { maxAmount: 2_000_000n, maxPrice: 12_000_000_000n },
  l1_data_gas: { maxAmount: 256n, maxPrice: 150_000_000_000_000n },
}

export interface Measured {
  /** Medians, µs. */
  readonly ours: number
  readonly reference: number
  /** Ours once more, beside its model: 2 · sign + 7 · permutation. */
  readonly again: number
  readonly model: number
  /** Ours with 1 method, and with 100. */
  readonly few: number
  readonly many: number
  /** Share of random bodies that are equal, byte for byte. */
  readonly equal: number
}

/** @param bodies how many random ones are compared */
export async function measureHotpath(bodies: number): Promise<Measured> {
  const sessions = new Map(
    [FEW, TEN, MANY].map((n) => [n, sessionOf({ account: ADDRESS, methods: n, look: 'receipt' }, NOW)]),
  )
  const ours = (n: number) => {
    const make = oursFor(sessions.get(n)!)
    return async (round: number) => {
      for (let time = 0; time < IN_A_ROW; time += 1) await make(sampleOf(round * IN_A_ROW + time))
    }
  }
  const reference = referenceFor(sessions.get(TEN)!)
  const inARow = (act: (at: number) => unknown) => async (round: number) => {
    for (let time = 0; time < IN_A_ROW; time += 1) act(round * IN_A_ROW + time)
  }
  // Apart, because who follows the reference pays for the garbage that it leaves.
  const against = await medians({
    ours: ours(TEN),
    reference: async (round) => void reference(sampleOf(round)),
  })
  const floor = await medians({
    ours: ours(TEN),
    sign: inARow((at) => sign(felt(2n ** 250n + BigInt(at)), KEYS.session)),
    permutation: inARow((at) => poseidon2(2n ** 250n + BigInt(at), BigInt(GAME))),
  })
  const methods = await medians({ few: ours(FEW), many: ours(MANY) })
  return {
    ours: against.ours / IN_A_ROW,
    reference: against.reference,
    again: floor.ours / IN_A_ROW,
    model: (2 * floor.sign + 7 * floor.permutation) / IN_A_ROW,
    few: methods.few / IN_A_ROW,
    many: methods.many / IN_A_ROW,
    equal: await shareOfEqual(sessions.get(TEN)!, bodies),
  }
}

interface Sample {
  readonly calls: readonly Call[]
  readonly nonce: Felt
  readonly bounds: Bounds
}

/** Another amount and another nonce each time, so that nothing of it was seen before. */
function sampleOf(round: number): Sample {
  return { calls: [callOf([GAME, felt(BigInt(round) + 10n ** 18n), felt(0)])], nonce: felt(round + 1), bounds: BOUNDS }
}

function oursFor(session: StoredSession) {
  const account = recordOf(ADDRESS)
  const signer = createSigner({
    keys: {
      isUnlocked: () => true,
      sessionKey: () => KEYS.session,
      guardianKey: () => KEYS.guardian,
      ownerSubkey: () => undefined,
      guardianSubkey: () => undefined,
      sessionSubkey: () => undefined,
    },
    classify: () => {
      throw new Error('no messages here')
    },
    vault: { openSecret: async () => undefined },
    stops: createStopFlags(),
    look: () => session,
    accounts: async () => [account],
    network: () => {
      throw new Error('no person signs here')
    },
    now: () => NOW,
  })
  const { chainId } = session
  return async ({ calls, nonce, bounds }: Sample): Promise<string> => {
    // The hash is the ledger's part, the rest the signer's and the sender's.
    const parts = { sender: ADDRESS, calls, nonce, tip: TIP, bounds }
    const row = {
      id: 'r',
      network: session.network,
      account: ADDRESS,
      session: session.id,
      kind: 'invoke',
      hash: invokeHash({ ...parts, chainId }),
      nonce,
      calls,
      bounds: storedBounds(bounds),
      tip: `${TIP}`,
      at: NOW,
      status: 'held',
    } as unknown as JournalRow // What signer and sender read of one.
    const held = { by: 'session', row, session, chainId } as unknown as Held // The brand is the ledger's.
    return bodyText(invokeAttempt(invokeBody({ ...parts, signature: await signer.session(held) })).text)
  }
}

const METHOD_TYPE = '0x38bb0eaaded40ffd0ffd2995e2b7603ee76746158c2f7cd494f201d4ca16a86'

/** As a site would do it with the library: typed data, tree and hashes for each transaction. */
function referenceFor(session: StoredSession) {
  const chain = session.chain!
  const methods = [...chain.methods].map(([contract, selector]) => ({ 'Contract Address': contract, selector }))
  return ({ calls, nonce, bounds }: Sample): string => {
    const guid = (publicKey: string) =>
      hash.computePoseidonHash(shortString.encodeShortString('Starknet Signer'), publicKey)
    const sessionKey = ec.starkCurve.getStarkKey(HEX_KEYS.session)
    const guardianKey = ec.starkCurve.getStarkKey(HEX_KEYS.guardian)
    const typed: TypedData = {
      types: TYPES,
      primaryType: 'Session',
      domain: {
        name: 'SessionAccount.session',
        version: shortString.encodeShortString('1'),
        chainId: session.chainId,
        revision: '1',
      },
      message: {
        'Expires At': chain.expiresAt,
        'Allowed Methods': methods,
        Metadata: chain.metadata,
        'Session Key': guid(sessionKey),
      },
    }
    const sessionHash = typedData.getMessageHash(typed, ADDRESS)
    const leaves = methods.map((method) =>
      hash.computePoseidonHashOnElements([METHOD_TYPE, method['Contract Address'], method.selector]),
    )
    const tree = new merkle.MerkleTree(leaves, hash.computePoseidonHash)
    const proofs = calls.map(({ to, selector }) => {
      const at = methods.findIndex((method) => method['Contract Address'] === to && method.selector === selector)
      return tree.getProof(leaves[at]!)
    })
    const calldata = CallData.compile([
      calls.length,
      ...calls.flatMap((call) => [call.to, hash.getSelectorFromName(METHOD), call.calldata.length, ...call.calldata]),
    ]).map(hexOf)
    const resources = Object.fromEntries(
      Object.entries(bounds).map(([name, { maxAmount, maxPrice }]) => [
        name,
        { max_amount: maxAmount, max_price_per_unit: maxPrice },
      ]),
    ) as Parameters<typeof hash.calculateInvokeTransactionHash>[0]['resourceBounds']
    const txHash = hash.calculateInvokeTransactionHash({
      senderAddress: ADDRESS,
      version: '0x3',
      compiledCalldata: calldata,
      chainId: session.chainId as never, // The library's own list of chain ids.
      nonce,
      accountDeploymentData: [],
      nonceDataAvailabilityMode: 0,
      feeDataAvailabilityMode: 0,
      resourceBounds: resources,
      tip: TIP,
      paymasterData: [],
    })
    const message = hash.computePoseidonHashOnElements([txHash, sessionHash, 0])
    const bySession = ec.starkCurve.sign(message, HEX_KEYS.session)
    const byGuardian = ec.starkCurve.sign(message, HEX_KEYS.guardian)
    const { data, pending_word, pending_word_len } = byteArray.byteArrayFromString(chain.metadata)
    const signature = [
      shortString.encodeShortString('session-token'),
      chain.expiresAt,
      tree.root,
      hash.computePoseidonHashOnElements([data.length, ...data, pending_word, pending_word_len]),
      guid(sessionKey),
      0,
      chain.authorization.length,
      ...chain.authorization,
      0,
      sessionKey,
      bySession.r,
      bySession.s,
      0,
      guardianKey,
      byGuardian.r,
      byGuardian.s,
      proofs.length,
      ...proofs.flatMap((proof) => [proof.length, ...proof]),
    ].map(hexOf)
    return JSON.stringify({
      type: 'INVOKE',
      version: '0x3',
      sender_address: ADDRESS,
      calldata,
      signature,
      nonce,
      resource_bounds: Object.fromEntries(
        Object.entries(resources).map(([name, it]) => [
          name,
          { max_amount: hexOf(it.max_amount), max_price_per_unit: hexOf(it.max_price_per_unit) },
        ]),
      ),
      tip: hexOf(TIP),
      nonce_data_availability_mode: 'L1',
      fee_data_availability_mode: 'L1',
      paymaster_data: [],
      account_deployment_data: [],
    })
  }
}

const TYPES = {
  StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
  'Allowed Method': [
    { name: 'Contract Address', type: 'ContractAddress' },
    { name: 'selector', type: 'selector' },
  ],
  Session: [
    { name: 'Expires At', type: 'timestamp' },
    { name: 'Allowed Methods', type: 'merkletree', contains: 'Allowed Method' },
    { name: 'Metadata', type: 'string' },
    { name: 'Session Key', type: 'felt' },
  ],
}

function hexOf(value: string | number | bigint): string {
  return `0x${BigInt(value).toString(16)}`
}

/** The transaction in a request's text, as it is. */
function bodyText(request: string): string {
  return request.slice(request.indexOf('{"type"'), -2)
}

async function shareOfEqual(session: StoredSession, bodies: number): Promise<number> {
  const ours = oursFor(session)
  const reference = referenceFor(session)
  let equal = 0
  for (let at = 0; at < bodies; at += 1) {
    const sample = randomSample()
    if ((await ours(sample)) === reference(sample)) equal += 1
  }
  return equal / bodies
}

/** One to three calls of up to six felts, any nonce, any bounds. */
function randomSample(): Sample {
  const felts = (n: number) => Array.from({ length: n }, () => felt(random(31)))
  const calls = Array.from({ length: 1 + below(3) }, () => callOf(felts(below(7))))
  const bound = () => ({ maxAmount: random(8), maxPrice: random(16) })
  return { calls, nonce: felt(random(6)), bounds: { l1_gas: bound(), l2_gas: bound(), l1_data_gas: bound() } }
}

function random(bytes: number): bigint {
  const digits = Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (it) => it.toString(16).padStart(2, '0'))
  return BigInt(`0x${digits.join('')}`)
}

function below(n: number): number {
  return Number(random(4) % BigInt(n))
}

/** As `measure` of ready.mjs, for work that is awaited, and with the clock that a page has too. */
async function medians<Name extends string>(variants: Record<Name, (round: number) => Promise<void>>) {
  const names = Object.keys(variants) as Name[]
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const from = performance.now()
      await variants[name](round)
      if (round >= WARM_UP) times[name].push((performance.now() - from) * 1000)
    }
  }
  return Object.fromEntries(names.map((name) => [name, middle(times[name])])) as Record<Name, number>
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}
