/**
 * The second key for what a site sends itself (argent-sessions.md 13): the site holds the session's key and has signed; this
 * wallet decides, holds, writes it down, and only then signs the very same.
 */
import { STRK } from '../../core/account.ts'
import type { Felt } from '../../core/felt.ts'
import { unsupportedWindow } from '../../core/policy/outside.ts'
import type { Call, Reason, SessionId } from '../../core/policy/policy.ts'
import type { NetworkId, StoredSession } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { groupOf } from '../../core/transaction.ts'
import type { Nodes } from '../../platform/node.ts'
import { isSessionCachedCall } from '../../starknet/accounts.ts'
import type { Signature } from '../../starknet/curve.ts'
import { type Bounds, committedMaximum } from '../../starknet/invoke.ts'
import { isNonceFreeCall, type Outside } from '../../starknet/outside.ts'
import { validationGas } from '../../starknet/session-token.ts'
import { isNotNow, notNow } from '../failures.ts'
import type { Cosigned, Signer } from '../keys/signer.ts'
import type { History } from '../owners/history.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Deciding, JudgedBuilt } from './deciding.ts'
import { NO_BOUNDS } from './fees.ts'
import type { Journal } from './journal.ts'
import type { Held, Ledger } from './ledger.ts'
import type { Nonces } from './nonces.ts'
import { recordSent } from './sender.ts'

export interface Cosigning {
  /** The session's signature over it was verified. @throws NodeError: nothing was signed · StorageError */
  transaction(session: StoredSession, it: BuiltTransaction): Promise<CosignAnswer>
  /** The same for what somebody else sends and pays for. */
  outside(session: StoredSession, it: Outsider & Cosigned): Promise<CosignAnswer>
  /**
   * An outside execution that one of this site's own sessions would sign: with its token, as for a transaction.
   *
   * @throws NodeError: nothing was signed
   */
  inSession(of: Pick<StoredSession, 'origin' | 'account' | 'network'>, it: Outsider): Promise<OutsideInSession>
}
export interface Outsider {
  readonly calls: readonly Call[]
  readonly window: Outside
}
export interface BuiltTransaction extends Cosigned {
  readonly calls: readonly Call[]
  readonly nonce: Felt
  readonly bounds: Bounds
  readonly tip: bigint
}
export type CosignAnswer =
  | ({ readonly kind: 'signed'; readonly publicKey: Felt } & Signature)
  | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[] }
  | { readonly kind: 'nonce'; readonly next: Felt }
  /** With less it would fail, and cost its fee. */
  | { readonly kind: 'bounds'; readonly resource: 'l2_gas' | 'l1_data_gas'; readonly least: bigint }

export type OutsideInSession =
  | { readonly kind: 'signed'; readonly signature: readonly Felt[] }
  | { readonly kind: 'ask'; readonly reasons: readonly Reason[]; readonly session?: SessionId }

export interface CosigningNeeds {
  readonly deciding: Pick<Deciding, 'judge' | 'pauseFor'>
  readonly ledger: Pick<Ledger, 'cosign' | 'hold' | 'release'>
  readonly sessions: Pick<Sessions, 'live'>
  readonly journal: Pick<Journal, 'signed' | 'get'>
  readonly nodes: Nodes
  readonly nonces: Pick<Nonces, 'chain' | 'forget'>
  readonly signer: Pick<Signer, 'cosign' | 'session'>
  readonly history: Pick<History, 'add'>
  /** What it signed may be out from now on. */
  readonly now: (network: NetworkId) => UnixSeconds
  readonly onSigned: (row: { readonly network: StoredSession['network']; readonly account: Call['to'] }) => void
  readonly report: (error: unknown) => void
}

/** Of the formula, which never fell short: what is refused could not have worked (argent-sessions.md 16). */
const MARGIN = 60_000n
/** What the first token with a cache writes, and what later ones save. */
const CACHE = { l2_gas: 500_000n, l1_data_gas: 96n, later: 120_000n } as const
const ROUNDS = 3

export function createCosigning(needs: CosigningNeeds): Cosigning {
  const { deciding, ledger, journal, nodes, nonces, signer } = needs

  type Judged =
    | { readonly kind: 'held'; readonly held: Held }
    | { readonly kind: 'ask' | 'refuse'; readonly reasons: readonly Reason[] }
  /** Its own nonce unused, its window one that a session can have, and somebody who may pay. */
  const holdOutside = async (session: StoredSession, { calls, window }: Outsider): Promise<Judged> => {
    const { network, account, origin, chainId, effective } = session
    const { nonce, caller, executeAfter, executeBefore } = window
    const unsupported = unsupportedWindow(window, effective.validUntil, needs.now(network))
    const judged = await deciding.judge(session, {
      calls,
      fee: { max: 0n, tipPerGas: 0n },
      paymaster: caller,
      group: groupOf(account, nonce, window),
      unsupported,
    })
    if (judged.kind !== 'auto') return judged
    const node = await nodes.of(network)
    const [free] = await node.call(isNonceFreeCall(account, nonce))
    if (free !== '0x1') return { kind: 'ask', reasons: [{ code: 'unsupportedField', at: '/nonce' }] }
    const result = await ledger.hold({
      by: 'session',
      session: session.id,
      network,
      chainId,
      account,
      origin,
      calls,
      outside: {
        version: window.version,
        nonce,
        caller,
        executeAfter,
        executeBefore,
        via: 'site',
        payer: caller,
        from: judged.block,
      },
      bounds: NO_BOUNDS,
      tip: 0n,
      feeToken: STRK,
      chainNonce: 0n,
      facts: judged.facts,
    })
    if (result.kind === 'known') throw new Error('an outside execution has no request')
    if (result.kind !== 'held') return result
    return { kind: 'held', held: result.held as Held } // A session's proposal is held as a session's.
  }
  /** Signed, and durable before it leaves; `undefined`: something has changed, and the next verdict tells what. */
  const signedOutside = async <T>(held: Held, sign: () => Promise<T>): Promise<T | undefined> => {
    const { row } = held
    try {
      const signature = await sign()
      const stored = await written(row.id)
      recordSent(needs.history, stored, stored.at).catch(needs.report)
      needs.onSigned(row)
      return signature
    } catch (error) {
      if (row.status === 'held') await ledger.release(row.id)
      if (!isNotNow(error)) throw error
      return undefined
    }
  }
  /** Durable before it leaves; one that was signed before leaves again. */
  const written = async (id: string) => {
    const stored = (await journal.signed(id)) ?? (await journal.get(id))
    if (stored?.status !== 'signed' && stored?.status !== 'sent') throw notNow('changed')
    return stored
  }
  const CHANGED = { kind: 'ask', reasons: [{ code: 'paused' }] } as const

  return {
    outside: async (session, it) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const result = await holdOutside(session, it)
        if (result.kind !== 'held') {
          await deciding.pauseFor(session.id, result.reasons, it.calls)
          return result
        }
        const signed = await signedOutside(result.held, () => signer.cosign(result.held, it))
        if (signed !== undefined) return { kind: 'signed', ...signed }
      }
      return CHANGED
    },
    inSession: async ({ origin, account, network }, it) => {
      let missed: OutsideInSession = { kind: 'ask', reasons: [] }
      for (const session of needs.sessions.live(origin, account, network)) {
        if (session.key.by !== 'wallet' || session.backing !== 'chain') continue
        const result = await holdOutside(session, it)
        if (result.kind !== 'held') {
          await deciding.pauseFor(session.id, result.reasons, it.calls)
          if (missed.reasons.length === 0) missed = { kind: 'ask', reasons: result.reasons, session: session.id }
          continue
        }
        const signature = await signedOutside(result.held, () => signer.session(result.held))
        if (signature !== undefined) return { kind: 'signed', signature }
        if (missed.reasons.length === 0) missed = { ...CHANGED, session: session.id }
      }
      return missed
    },
    transaction: async (session, it) => {
      const { network, account } = session
      const { calls, nonce, bounds, tip } = it
      const node = await nodes.of(network)
      let isFresh = false
      for (let round = 0; round < ROUNDS; round += 1) {
        const fee = { max: committedMaximum(bounds, tip), tipPerGas: tip }
        const judged = await deciding.judge(session, { calls, fee, group: groupOf(account, nonce) })
        if (judged.kind !== 'auto') {
          await deciding.pauseFor(session.id, judged.reasons, calls)
          return judged
        }
        const short = await tooShort(session, it, judged)
        if (short !== undefined) return short
        const result = await ledger.cosign({
          session: session.id,
          network,
          chainId: session.chainId,
          account,
          origin: session.origin,
          calls,
          nonce,
          bounds,
          tip,
          feeToken: STRK,
          chainNonce: await nonces.chain(network, account, node),
          facts: judged.facts,
        })
        if (result.kind === 'nonce' && !isFresh) {
          // Something else of this account may have been sent since it was read.
          nonces.forget(network, account)
          isFresh = true
          continue
        }
        if (result.kind !== 'held') return result
        const { row } = result.held
        try {
          const signed = await signer.cosign(result.held, it)
          const stored = await written(row.id)
          recordSent(needs.history, stored, stored.at).catch(needs.report)
          needs.onSigned(row)
          return { kind: 'signed', ...signed }
        } catch (error) {
          if (row.status === 'held') await ledger.release(row.id)
          // What has changed is told by the next verdict.
          if (!isNotNow(error)) throw error
        }
      }
      return { kind: 'ask', reasons: [{ code: 'paused' }] }
    },
  }

  /** Its bounds would not do: to sign would be to burn the fee. */
  async function tooShort(
    session: StoredSession,
    { bounds, cache }: BuiltTransaction,
    { gas, signing }: Extract<JudgedBuilt, { kind: 'auto' }>,
  ): Promise<Exclude<CosignAnswer, { kind: 'signed' }> | undefined> {
    if (gas === undefined) return { kind: 'ask', reasons: [{ code: 'simulationFailed' }] }
    const isFirst = cache === 1 && !(await isCached(session))
    const cached = cache === 0 ? 0n : isFirst ? CACHE.l2_gas : -CACHE.later
    const l2_gas = gas.l2_gas.amount + validationGas(signing) + cached
    const l1_data_gas = gas.l1_data_gas.amount + (isFirst ? CACHE.l1_data_gas : 0n)
    if (bounds.l2_gas.maxAmount < l2_gas - MARGIN) return { kind: 'bounds', resource: 'l2_gas', least: l2_gas }
    if (bounds.l1_data_gas.maxAmount < l1_data_gas)
      return { kind: 'bounds', resource: 'l1_data_gas', least: l1_data_gas }
    return undefined
  }

  async function isCached({ network, account, chain }: StoredSession): Promise<boolean> {
    if (chain === undefined) return false
    const node = await nodes.of(network)
    const [answer] = await node.call(isSessionCachedCall(account, chain.sessionHash))
    return answer === '0x1'
  }
}
