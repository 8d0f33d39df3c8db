/** `wallet_cosignSession`: the second key for a session whose key its site holds (argent-sessions.md 13, provider.md 7.3). */
import type { OutsideExecution } from '../../cold/reserved.ts'
import { malformed, refused, thrown } from '../../core/errors.ts'
import { type Felt, parseFelt } from '../../core/felt.ts'
import type { Call, Origin, Reason, SessionId } from '../../core/policy/policy.ts'
import { errorOf } from '../../core/policy/refusal.ts'
import type { Params } from '../../core/protocol/dapp.ts'
import type { StoredSession } from '../../core/records.ts'
import { ARGENT_0_4_0 } from '../../starknet/accounts.ts'
import { type Bounds, invokeHash, readExecuteCalldata } from '../../starknet/invoke.ts'
import type { Outside } from '../../starknet/outside.ts'
import { sessionMessage } from '../../starknet/session-token.ts'
import { isBySessionKey, type SignerNeeds } from '../keys/signer.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import type { Sessions } from '../owners/sessions.ts'
import type { Context, Handlers } from '../router.ts'
import type { CosignAnswer, Cosigning } from '../sending/cosigning.ts'
import type { SessionPrint } from '../session-print.ts'

export interface CosignNeeds {
  readonly classify: SignerNeeds['classify']
  readonly cosigning: Cosigning
  readonly grants: Pick<Grants, 'get'>
  readonly history: Pick<History, 'add'>
  readonly print: SessionPrint
  readonly sessions: Pick<Sessions, 'get' | 'list'>
  readonly state: () => Promise<'new' | 'asleep' | 'locked' | 'unlocked'>
  /** Whether the site has a grant: before the first unlock by a row that nobody can check yet. */
  readonly isConnected: (origin: Origin) => Promise<boolean>
  readonly wait: (ms: number) => Promise<void>
  readonly report?: (error: unknown) => void
}

/** A site can ask as often as it likes: what is refused is noted once a second and session. */
const NOTE_EVERY_MS = 1_000
const BOUNDS = '/transaction/resource_bounds'

type Built = Pick<Params<'wallet_cosignSession'>, 'transaction' | 'outside_execution'>
type Transaction = NonNullable<Built['transaction']>

export function cosignHandlers(needs: CosignNeeds): Pick<Handlers, 'wallet_cosignSession'> {
  const { sessions } = needs
  const noted = new Set<SessionId>()

  return {
    wallet_cosignSession: async (context, { id, session_signature: [r, s], cache: cached, ...what }) => {
      // Malformed whatever session it names.
      if ((what.transaction === undefined) === (what.outside_execution === undefined))
        throw malformed('', 'expected a transaction or an outside execution')
      const session = await heldBySite(context, id)
      const { chain, chainId, account, key } = session
      if (chain === undefined || key.by === 'wallet') throw refused('SESSION_UNSUPPORTED', { feature: 'cosign' })
      const it = read(what, session)
      const cache = cached === true ? 1 : 0
      const signature = { r, s }
      const hash = it.kind === 'outside' ? it.hash : invokeHash({ chainId, sender: account, ...it })
      // First of all: without it any script of the page could have the wallet sign.
      if (!isBySessionKey(sessionMessage(hash, chain.sessionHash, cache), signature, key.guid))
        throw malformed('/session_signature', 'expected a signature of this session over just this')
      if (cache === 1 && session.accountClass !== ARGENT_0_4_0)
        throw refused('SESSION_UNSUPPORTED', { feature: '/cache' })
      // Its site was disconnected: to it that is a pause (seeds.md 9, row 7).
      const isConnected = (await needs.grants.get(context.origin)) !== undefined
      const answer = isConnected
        ? await (it.kind === 'outside'
            ? needs.cosigning.outside(session, { ...it, signature, cache })
            : needs.cosigning.transaction(session, { ...it, signature, cache }))
        : ({ kind: 'ask', reasons: [{ code: session.state === 'revoked' ? 'revoked' : 'paused' }] } as const)
      if (answer.kind === 'signed') return [answer.publicKey, answer.r, answer.s] as const
      if (answer.kind === 'ask' || answer.kind === 'refuse')
        await note(context, session, it.calls, answer.reasons).catch((error: unknown) => needs.report?.(error))
      throw await missed(answer, session)
    },
  }

  function read({ transaction, outside_execution }: Built, session: StoredSession) {
    if (transaction !== undefined) return { kind: 'transaction' as const, ...partsOf(transaction, session) }
    const at = '/outside_execution'
    const found = needs.classify(outside_execution, session)
    if (found.kind === 'refused') throw malformed(`${at}${found.at}`, found.why)
    if (found.kind !== 'outside') throw malformed(at, 'expected an outside execution')
    return { kind: 'outside' as const, hash: found.hash, calls: found.calls, window: windowOf(found, `${at}/message`) }
  }

  /** By its id, or by the hash that both keys of the account have signed: a library knows no other name. */
  async function heldBySite({ origin }: Context, id: string): Promise<StoredSession> {
    // Before the first unlock nobody knows which sessions there are; without a grant the answer is that of every state.
    if ((await needs.state()) === 'asleep' && (await needs.isConnected(origin)))
      throw refused('SESSION_WALLET_LOCKED', {})
    const own = sessions.list({ origin })
    const hash = parseFelt(id)
    const named = own.find((it) => it.id === id)
    const found = named ?? own.find(({ chain }) => hash !== undefined && chain?.sessionHash === hash)
    if (found === undefined || found.state === 'superseded') throw refused('SESSION_NOT_FOUND', { id })
    return found
  }

  async function missed(answer: Exclude<CosignAnswer, { kind: 'signed' }>, session: StoredSession): Promise<Error> {
    switch (answer.kind) {
      case 'nonce':
        return malformed('/transaction/nonce', `expected the account's next: ${answer.next}`)
      case 'bounds':
        return malformed(
          BOUNDS,
          `expected at least ${answer.least} of ${answer.resource}: with less it fails and is paid`,
        )
      default: {
        const status = (await needs.print.info(session))?.status ?? 'revoked'
        return thrown(errorOf(answer.reasons, { sessionId: session.id, status }))
      }
    }
  }

  /** The person reads later what was not signed, and why. */
  async function note(
    { origin, request }: Context,
    { id, network, account }: StoredSession,
    calls: readonly Call[],
    reasons: readonly Reason[],
  ): Promise<void> {
    if (noted.has(id)) return
    noted.add(id)
    const forget = () => noted.delete(id)
    needs.wait(NOTE_EVERY_MS).then(forget, forget)
    const event = { kind: 'refused' as const, calls, reasons }
    await needs.history.add({ id: `refused ${origin} ${request}`, network, account, origin, session: id, event })
  }
}

/**
 * The contract's times are u64, and ours seconds that a number holds.
 *
 * @throws Refused 114
 */
export function windowOf(
  { version, caller, nonce, executeAfter, executeBefore }: OutsideExecution,
  at: string,
): Outside {
  const [after, before] = [Number(executeAfter), Number(executeBefore)]
  if (!Number.isSafeInteger(after) || !Number.isSafeInteger(before)) throw malformed(at, 'expected times in seconds')
  return { version, caller, nonce, executeAfter: after, executeBefore: before }
}

/** Rebuilt from what it says: no hash is taken from outside. */
function partsOf(
  { sender_address, calldata, nonce, tip, resource_bounds }: Transaction,
  { account }: StoredSession,
): { readonly calls: readonly Call[]; readonly nonce: Felt; readonly tip: bigint; readonly bounds: Bounds } {
  if (sender_address !== account) throw malformed('/transaction/sender_address', 'expected the account of the session')
  const calls = readExecuteCalldata(calldata)
  if (calls === undefined || calls.length === 0)
    throw malformed('/transaction/calldata', 'expected calls of __execute__, and at least one')
  const { l1_gas, l2_gas, l1_data_gas } = resource_bounds
  return {
    calls,
    nonce,
    tip: BigInt(tip),
    bounds: { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) },
  }
}

function bound({ max_amount, max_price_per_unit }: Transaction['resource_bounds']['l1_gas']) {
  return { maxAmount: BigInt(max_amount), maxPrice: BigInt(max_price_per_unit) }
}
