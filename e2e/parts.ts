import 'fake-indexeddb/auto'
import { createContracts } from '../src/background/contracts.ts'
import { type Allowed, approved } from '../src/background/keys/approved.ts'
import type { CosignAnswer } from '../src/background/sending/cosigning.ts'
import type { InSession } from '../src/background/sending/executor.ts'
import {
  ACCOUNT,
  account,
  createWorld,
  GUARDIAN,
  ORIGIN,
  OWNER,
  storedSession,
  type World,
} from '../src/background/sending/stub-world.ts'
import * as cold from '../src/cold/index.ts'
import { STRK } from '../src/core/account.ts'
import { type Address, address, type Felt, felt } from '../src/core/felt.ts'
import { contractsOf } from '../src/core/policy/asked.ts'
import { emptyBook } from '../src/core/policy/book.ts'
import type { Call, Reason, SessionPolicy } from '../src/core/policy/policy.ts'
import { resolve } from '../src/core/policy/resolve.ts'
import { parseRequest } from '../src/core/policy/wire.ts'
import type { RequestSessionParams } from '../src/core/policy/wire-shape.ts'
import type { JournalRow, StoredSession } from '../src/core/records.ts'
import { bundled } from '../src/core/tokens.ts'
import { createNode, type Post } from '../src/platform/node.ts'
import { ordinarySignature } from '../src/starknet/accounts.ts'
import { publicKey, randomKey, type Signature, sign } from '../src/starknet/curve.ts'
import { committedMaximum, invokeBody, invokeHash } from '../src/starknet/invoke.ts'
import { selectorOf } from '../src/starknet/selector.ts'
import {
  authorizationFelts,
  methodKey,
  methodTree,
  readAuthorization,
  sessionHash,
  sessionMessage,
  sessionToken,
  signerGuid,
} from '../src/starknet/session-token.ts'
import type { Devnet, NodeError } from './devnet.ts'
import { expect } from './world.ts'

/** A running session and the key it has, which a test may misuse. */
export interface Running {
  readonly session: StoredSession
  readonly key: Uint8Array
}
/** What a token says that the wallet would not have said; without any of it the token is one of the wallet's own. */
export interface Forged {
  readonly sessionKey?: Uint8Array
  readonly guardianKey?: Uint8Array
  /** The key that the token names; without it the session's own. */
  readonly named?: Uint8Array
  readonly tip?: bigint
  /** In the place of the token. */
  readonly signature?: (token: readonly Felt[]) => readonly Felt[]
}
export type Landed =
  | { readonly by: 'nobody'; readonly hash: Felt }
  | { readonly by: 'chain'; readonly when: 'validation' | 'execution'; readonly words: string }

/** What a site has built and signed with the key that it holds, and what the wallet says to it. */
export interface Cosigned {
  readonly answer: CosignAnswer
  readonly hash: Felt
  /** Of the bounds that it was built with. */
  readonly maxFee: bigint
  /** By the site, with both signatures. @throws where the second one was not given */
  send(): Promise<Landed>
}

/**
 * The wallet's background without a browser, on a real chain: the account deployed with both its keys, sessions as the
 * wallet makes them from what a site asks, and tokens that pass the wallet by.
 */
export interface Parts {
  readonly devnet: Devnet
  readonly world: World
  readonly account: Address
  /** @param change of the policy as it was resolved; `effective`: what is enforced, if that is another one */
  start(ask: RequestSessionParams, more?: More): Promise<Running>
  act(running: Running, ...calls: readonly Call[]): Promise<InSession>
  /** `act`, sent, and settled by its receipt. */
  done(running: Running, ...calls: readonly Call[]): Promise<JournalRow>
  /** The codes of what the wallet answers instead of signing. */
  refusal(running: Running, ...calls: readonly Call[]): Promise<readonly Reason['code'][]>
  /** The site has the key, and asks for the second signature. `price`: how many times the block's it pays at most. */
  cosign(running: Running, calls: readonly Call[], price?: bigint): Promise<Cosigned>
  /** Signs and sends without asking any policy. */
  raw(running: Running, calls: readonly Call[], forged?: Forged): Promise<Landed>
  /** Signs with the keys of the account and no session, and sends, without asking any policy. */
  rawByOwner(calls: readonly Call[]): Promise<Landed>
  /** The token that `raw` would send. */
  tokenOver(running: Running, calls: readonly Call[]): Promise<readonly Felt[]>
  /** What a person does with the account: without a session. */
  byOwner(...calls: readonly Call[]): Promise<void>
  /** Revoked here before; resolves when the chain has it. */
  revokeOnChain(running: Running): Promise<void>
  /** What somebody else does. */
  byOthers(to: string, name: string, ...calldata: readonly (string | number | bigint)[]): Promise<void>
  /** @returns the view's felts as integers */
  view(to: string, name: string, ...calldata: readonly (string | number | bigint)[]): Promise<readonly bigint[]>
  now(): Promise<number>
  /** Every request that the wallet has sent to its node, as text. */
  readonly posted: readonly string[]
  /** Once, when the wallet's next transaction has left it and the chain does not have it yet. */
  beforeNext(act: () => Promise<void>): void
  /** What the wallet has read of the chain grows older by this, s. */
  age(seconds: number): void
  stop(): void
}
export interface More {
  readonly change?: (policy: SessionPolicy) => SessionPolicy
  readonly effective?: (granted: SessionPolicy) => SessionPolicy
  readonly session?: Partial<StoredSession>
  /** Held by the wallet alone, as a session for any contract is. */
  readonly backing?: 'wallet'
  /** Written by its page, which has the key: what both keys signed names no policy. */
  readonly byPage?: true
}

const NETWORK = 'devnet'
const MUCH = 10n ** 24n
const FEES = { max_total: (10n ** 22n).toString(), max_per_tx: (10n ** 21n).toString() }

export const to = (contract: string, name: string, ...calldata: readonly (string | number | bigint)[]): Call => ({
  to: address(contract),
  selector: selectorOf(name),
  calldata: calldata.map((it) => felt(BigInt(it))),
})
export const u256 = (amount: bigint | number) => [BigInt(amount) & (2n ** 128n - 1n), BigInt(amount) >> 128n] as const

const same = (policy: SessionPolicy) => policy
type Built = Pick<Forged, 'sessionKey' | 'named' | 'tip'> & { readonly price?: bigint }
const VALIDATION_FAILED = 55
/** What contracts said, out of a node's long sentence: `0x… ('session/expired')`. */
const textsIn = (message: string) => [...message.matchAll(/\('([^']+)'\)/g)].map(([, text]) => text).join(', ')

/** The chain must be one of its own: the account is always the same. */
export async function partsOn(devnet: Devnet): Promise<Parts> {
  // The release's code: no crash points.
  Object.assign(globalThis, { __E2E__: false })
  let meanwhile: (() => Promise<void>) | undefined
  let older = 0
  const posted: string[] = []
  const post: Post = async (_url, body) => {
    posted.push(body)
    if (meanwhile !== undefined && body.includes('"starknet_addInvokeTransaction"')) {
      const act = meanwhile
      meanwhile = undefined
      await act()
    }
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${devnet.url}/rpc`, { method: 'POST', headers, body })
    return { status: answer.status, text: await answer.text() }
  }
  const node = createNode({ url: `${devnet.url}/rpc`, post })
  const now = async () => (await node.lastBlock()).at
  await devnet.createBlock()
  const clock = { now: await now() }
  let reader: ReturnType<typeof createContracts> | undefined
  const world = await createWorld({
    clock,
    post,
    network: NETWORK,
    ticks: () => performance.now() + older,
    contracts: (nodes) => {
      reader = createContracts({
        nodes,
        cold: () => cold,
        listed: async (network) => bundled(network).map((it) => it.address),
      })
      return reader
    },
  })
  const contracts = reader!
  await devnet.mint(ACCOUNT, MUCH)
  const stop = world.keepTime()
  const setup = { network: NETWORK, account } as const
  const missing = ['deploy', 'enable'] as const
  const { steps } = await world.executor.estimateSteps({ ...setup, steps: missing })
  const allows = missing.map((step) => ({ kind: 'step', step }) as const)
  await world.executor.runSteps({ ...setup, steps, approved: world.yes(allows) }, () => undefined)

  let ids = 0
  const newId = (kind: string) => {
    ids += 1
    return `${kind}${ids}`
  }

  const policyOf = async (ask: RequestSessionParams): Promise<SessionPolicy> => {
    // The wallet's own clock: the chain's may be ahead of what it has seen.
    const { now: at } = world.networks.clock(NETWORK, undefined)
    const parsed = parseRequest({ fees: FEES, ...ask }, { now: at, selectorOf })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
    const { asked } = parsed
    const tokens = asked.limits.map(({ token }) => token)
    const called = contractsOf(asked.calls)
    const resolved = resolve(
      asked,
      {
        account: ACCOUNT,
        ownAccounts: [ACCOUNT],
        classes: await contracts.facts(NETWORK, [...called, ...tokens]),
        strk: STRK,
        allowances: (await contracts.allowances(NETWORK, ACCOUNT, tokens, called)).given,
      },
      at,
    )
    if (!resolved.ok) throw new Error(JSON.stringify(resolved.error))
    return resolved.policy
  }

  const start: Parts['start'] = async (
    ask,
    { change = same, effective = same, session: more, backing, byPage } = {},
  ) => {
    const key = randomKey((length) => crypto.getRandomValues(new Uint8Array(length)))
    const granted = change(await policyOf(ask))
    const { genesis } = world.networks.get(NETWORK)
    if (genesis === undefined) throw new Error('the node was not checked')
    const id = newId('s')
    const { chain, ...stored } = storedSession(id, granted, key)
    const session = {
      ...stored,
      ...(backing === undefined ? { chain: chain! } : { backing, key: { by: 'wallet', guid: felt(0) } as const }),
      network: NETWORK,
      genesis,
      effective: effective(granted),
      createdAt: await now(),
      ...(byPage === undefined ? {} : writtenByPage(stored, chain!)),
      ...more,
    } as const
    await world.sessions.create(session, emptyBook(session.id))
    if (byPage === undefined) world.useKey(id, key)
    return { session, key }
  }

  const act: Parts['act'] = ({ session }, ...calls) =>
    world.executor.executeInSession({
      origin: ORIGIN,
      request: newId('q'),
      network: NETWORK,
      account: ACCOUNT,
      calls,
      session: session.id,
    })

  const generousBounds = async (times = 2n) => {
    const { prices } = await node.lastBlock()
    const bound = (maxAmount: bigint, price: bigint) => ({ maxAmount, maxPrice: price * times })
    return {
      l1_gas: bound(0n, prices.l1_gas),
      l2_gas: bound(100_000_000n, prices.l2_gas),
      l1_data_gas: bound(10_000n, prices.l1_data_gas),
    }
  }

  const built = async ({ session, key }: Running, calls: readonly Call[], forged: Built = {}) => {
    const { chain } = session
    if (chain === undefined) throw new Error('not a session on chain')
    const { chainId } = session
    const named = publicKey(forged.named ?? key)
    const tree = methodTree(chain.methods, chain.bySite ? 'written' : 'sorted')
    // Of a call that is not in the tree, the best that a thief has: a path that leads to the root from somewhere.
    const [any] = tree.proofs.values()
    const proofs = calls.map((call) => tree.proofs.get(methodKey(call.to, call.selector)) ?? any!)
    const bounds = await generousBounds(forged.price)
    const { tip = 0n } = forged
    const parts = { sender: ACCOUNT, calls, nonce: (await node.nonce(ACCOUNT)) ?? felt(0), tip, bounds }
    const hash = invokeHash({ chainId, ...parts })
    const { expiresAt, root, metadata } = chain
    const own = sessionHash({
      ...{ chainId, account: ACCOUNT, expiresAt, root, metadata },
      sessionKeyGuid: signerGuid(named),
    })
    const message = sessionMessage(hash, own)
    const bySession = sign(message, forged.sessionKey ?? key)
    const tokenOf = (guardian: Signature) =>
      sessionToken({
        ...{ expiresAt, root, metadata, proofs },
        sessionPublicKey: named,
        authorization: readAuthorization(chain.authorization),
        session: bySession,
        guardian,
      })
    return { hash, parts, message, bySession, tokenOf }
  }

  const signed = async (running: Running, calls: readonly Call[], forged: Forged = {}) => {
    const { hash, parts, message, tokenOf } = await built(running, calls, forged)
    const { guardianKey = GUARDIAN, signature = (it) => it } = forged
    return { hash, parts, signature: signature(tokenOf(sign(message, guardianKey))) }
  }

  const cosign: Parts['cosign'] = async (running, calls, price) => {
    const { hash, parts, bySession, tokenOf } = await built(running, calls, price === undefined ? {} : { price })
    const { nonce, bounds, tip } = parts
    const asked = { calls, nonce, bounds, tip, signature: bySession, cache: 0 } as const
    const answer = await world.cosigning.transaction(running.session, asked)
    return {
      answer,
      hash,
      maxFee: committedMaximum(bounds, tip),
      send: async () => {
        if (answer.kind !== 'signed') throw new Error(`not signed: ${answer.kind}`)
        return send({ hash, parts, signature: tokenOf(answer) })
      },
    }
  }

  const raw: Parts['raw'] = async (running, calls, forged) => send(await signed(running, calls, forged))

  const rawByOwner: Parts['rawByOwner'] = async (calls) => {
    const bounds = await generousBounds()
    const { chainId } = world.networks.get(NETWORK)
    const parts = { sender: ACCOUNT, calls, nonce: (await node.nonce(ACCOUNT)) ?? felt(0), tip: 0n, bounds }
    const hash = invokeHash({ chainId, ...parts })
    const by = (key: Uint8Array) => ({ publicKey: publicKey(key), signature: sign(hash, key) })
    return send({ hash, parts, signature: ordinarySignature('argent-0.4.0', by(OWNER), by(GUARDIAN)) })
  }

  const send = async ({ hash, parts, signature }: Awaited<ReturnType<typeof signed>>): Promise<Landed> => {
    const refused = await devnet
      .rpc('starknet_addInvokeTransaction', { invoke_transaction: invokeBody({ ...parts, signature }) })
      .then(
        () => undefined,
        (error: NodeError) => error,
      )
    if (refused !== undefined) {
      if (refused.code !== VALIDATION_FAILED) throw refused
      return { by: 'chain', when: 'validation', words: textsIn(refused.message) }
    }
    const receipt = await node.receipt(hash)
    if (receipt === undefined) throw new Error('a chain with a block for each transaction has its receipt at once')
    // Somebody else signed for the account: the wallet looks at its nonce anew, as after any foreign transaction.
    world.nonces.forget(NETWORK, ACCOUNT)
    return receipt.execution === 'REVERTED'
      ? { by: 'chain', when: 'execution', words: textsIn(receipt.failure ?? '') }
      : { by: 'nobody', hash }
  }

  const settled = async (hash: Felt): Promise<JournalRow> => {
    const find = async () =>
      (await world.journal.list({ network: NETWORK, account: ACCOUNT })).find((row) => row.hash === hash)
    await expect.poll(async () => (await find())?.status, { timeout: 60_000 }).toBe('settled')
    return (await find())!
  }

  const yesTo = (allowed: Allowed) => approved({ ...world.yes([allowed]), approval: newId('a') })

  const byOwner: Parts['byOwner'] = async (...calls) => {
    const { calls: bounds } = await world.executor.estimateSteps({ ...setup, steps: [], calls })
    const yes = yesTo({ kind: 'calls', calls })
    const { hash } = await world.executor.executeApproved(yes, { ...setup, kind: 'invoke', calls, bounds: bounds! })
    expect((await settled(hash)).end).toBe('accepted')
  }

  return {
    devnet,
    world,
    account: ACCOUNT,
    start,
    act,
    done: async (running, ...calls) => {
      const result = await act(running, ...calls)
      if (result.kind !== 'sent') throw new Error(JSON.stringify(result))
      return settled(result.hash)
    },
    refusal: async (running, ...calls) => {
      const result = await act(running, ...calls)
      if (result.kind !== 'ask' && result.kind !== 'refuse') throw new Error(`not refused: ${result.kind}`)
      return result.reasons.map(({ code }) => code)
    },
    cosign,
    raw,
    rawByOwner,
    posted,
    tokenOver: async (running, calls) => (await signed(running, calls)).signature,
    byOwner,
    revokeOnChain: async ({ session: { id, chain } }) => {
      const yes = yesTo({ kind: 'revoke', sessionHash: chain!.sessionHash })
      await world.executor.revokeOnChain(world.sessions.get(id)!, yes)
      await expect.poll(() => world.sessions.get(id)?.onChain?.state, { timeout: 60_000 }).toBe('done')
    },
    byOthers: async (contractAddress, entrypoint, ...calldata) => {
      const { provider } = devnet.account
      const call = { contractAddress, entrypoint, calldata: calldata.map((it) => felt(BigInt(it))) }
      const { transaction_hash } = await devnet.account.execute(call)
      const receipt = await provider.waitForTransaction(transaction_hash, { retryInterval: 50 })
      expect(receipt.isSuccess()).toBe(true)
    },
    view: async (contract, name, ...calldata) => (await node.call(to(contract, name, ...calldata))).map(BigInt),
    now,
    beforeNext: (act) => {
      meanwhile = act
    },
    age: (seconds) => {
      older += seconds * 1_000
    },
    stop,
  }
}

/** As @argent/x-sessions writes it, in an order of its own. */
function writtenByPage(
  { chainId, key: { guid } }: Pick<StoredSession, 'chainId' | 'key'>,
  chain: NonNullable<StoredSession['chain']>,
): Pick<StoredSession, 'key' | 'chain'> {
  const { methods, root } = methodTree([...chain.methods].reverse(), 'written')
  const metadata = '{"projectID":"chess","txFees":[]}'
  const { expiresAt } = chain
  const hash = sessionHash({ chainId, account: ACCOUNT, expiresAt, root, metadata, sessionKeyGuid: guid })
  const authorization = authorizationFelts({
    ownerPublicKey: publicKey(OWNER),
    owner: sign(hash, OWNER),
    guardianPublicKey: publicKey(GUARDIAN),
    guardian: sign(hash, GUARDIAN),
  })
  return {
    key: { by: 'dapp', guid },
    chain: { sessionHash: hash, expiresAt, methods, root, metadata, authorization, bySite: true },
  }
}
