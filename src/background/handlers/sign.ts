/** Typed data: refused where it is more than a message in disguise, signed by a session's rule, or by a person (provider.md 8). */
import type { Classified } from '../../cold/reserved.ts'
import { missingSteps, readiness } from '../../core/account.ts'
import { malformed, refused } from '../../core/errors.ts'
import { type Address, type Felt, felt } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import { askedOlder, askedWritten } from '../../core/policy/written.ts'
import type { MessageQuestion, NetworkId } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { SELECTORS } from '../../starknet/accounts.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Access } from '../access.ts'
import { approved } from '../keys/approved.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { Approvals } from '../owners/approvals.ts'
import type { Grants } from '../owners/grants.ts'
import type { History } from '../owners/history.ts'
import type { Networks } from '../owners/networks.ts'
import type { Context, Handlers } from '../router.ts'
import type { Cosigning, OutsideInSession } from '../sending/cosigning.ts'
import type { Executor } from '../sending/executor.ts'
import { type Messages, namesOf } from '../sending/messages.ts'
import { windowOf } from './cosign.ts'
import type { sessionHandlers } from './session.ts'
import { type OutsideWork, watchOutside } from './trying.ts'

export interface SignNeeds {
  readonly access: Access
  readonly accounts: Pick<Accounts, 'all' | 'own' | 'state'>
  readonly approvals: Approvals
  readonly executor: Pick<Executor, 'trial'>
  readonly grants: Grants
  readonly history: History
  readonly messages: Messages
  readonly networks: Pick<Networks, 'get'>
  /** Without a chain: on the one it names itself. */
  readonly classify: (typedData: unknown, at: { readonly account: Address; readonly chainId?: Felt }) => Classified
  /** A session that its site wrote. */
  readonly cosigning: Pick<Cosigning, 'inSession'>
  readonly written: ReturnType<typeof sessionHandlers>['written']
  /** The same in a form of old: never signed. */
  readonly older: ReturnType<typeof sessionHandlers>['older']
  /** That the wallet looks at: known asleep too, when no account is. */
  readonly shownNetwork: () => Promise<NetworkId>
  readonly clock: (network: NetworkId) => Promise<UnixSeconds>
  readonly wait: (ms: number) => Promise<void>
  /** What failed beside an answer. */
  readonly report: (error: unknown) => void
}

/** A site can ask as often as it likes: its disguises are noted once a second. */
const NOTE_EVERY_MS = 1_000
/** Whose signature it would be does not matter to what it is. */
const NOBODY = felt(1) as Address

type Signable = Exclude<Classified, { kind: 'refused' }>
interface At {
  readonly account: Address
  readonly network: NetworkId
}

export function signHandlers(needs: SignNeeds): Pick<Handlers, 'wallet_signTypedData'> {
  const { access, approvals, grants, messages } = needs
  const noted = new Set<Origin>()

  return {
    wallet_signTypedData: async (context, { types, primaryType, domain, message }) => {
      const typedData = { types, primaryType, domain, message }
      const known = await grants.get(context.origin)
      // Before any window: what is never signed asks nobody.
      const first = await signable(context, typedData, known)
      // By a session's own keys, also while locked.
      const automatic = await outsideInSession(context, first, known)
      if (automatic.kind === 'signed') return automatic.signature
      const grant = await access.connected(context)
      const found = await signable(context, typedData, grant)
      if (found.kind === 'session') return needs.written(context, found, grant)
      if (found.kind === 'older') return needs.older(context, found, grant)
      const { account, network } = grant
      const hash = found.kind === 'message' ? found.hashed.hash(account) : found.hash
      const inSession =
        found.kind === 'message'
          ? await messages.inSession({
              origin: context.origin,
              request: context.request,
              account,
              network,
              typedData,
              hashed: found.hashed,
            })
          : await outsideInSession(context, found, grant)
      if (inSession.kind === 'signed') return inSession.signature
      const { reasons, session } = inSession
      const question: MessageQuestion = {
        kind: 'message',
        network,
        account,
        data: typedData,
        hash,
        reasons,
        ...(session === undefined ? {} : { session }),
      }
      const work = found.kind === 'outside' ? await workOf(found, grant) : undefined
      const allowed = await approvals.ask(context, question, ({ id }) => {
        if (work !== undefined) watchOutside(needs, id, work).catch(needs.report)
      })
      try {
        const signature = await sign(context, allowed.id, found)
        await approvals.finish(allowed.id, 'done')
        return signature
      } catch (error) {
        await approvals.finish(allowed.id, 'failed')
        throw error
      }
    },
  }

  /** @throws Refused of an account that can send nothing as it stands, NodeError */
  async function workOf({ calls }: Extract<Signable, { kind: 'outside' }>, at: At): Promise<OutsideWork> {
    const { network } = at
    const account = await needs.accounts.own(at.account)
    if (account === undefined) throw new Error('not an account of this wallet')
    const state = await needs.accounts.state(account, network, 0)
    if (readiness(state, account) === 'off') throw refused('USER_REFUSED_OP', { reason: 'context' })
    return { network, account, calls, deploys: missingSteps(state, account).includes('deploy') }
  }

  async function outsideInSession({ origin }: Context, found: Signable, at: At | undefined): Promise<OutsideInSession> {
    if (at === undefined || found.kind !== 'outside') return { kind: 'ask', reasons: [] }
    const { account, network } = at
    return needs.cosigning.inSession(
      { origin, account, network },
      { calls: found.calls, window: windowOf(found, '/message') },
    )
  }

  async function sign(
    { origin, request }: Context,
    id: string,
    found: Exclude<Signable, { kind: 'session' | 'older' }>,
  ): Promise<readonly Felt[]> {
    const { question, decided } = await approvals.begin(id)
    if (question.kind !== 'message') throw new Error('another question was answered')
    const { account, network, hash, data, effects } = question
    if (found.kind === 'outside' && effects === undefined) throw new Error('nothing was tried out')
    const yes = approved({
      approval: id,
      digest: decided.digest,
      account,
      network,
      allows: [{ kind: 'message', hash }],
    })
    const signature = await messages.byPerson(yes, data)
    const names =
      found.kind === 'message'
        ? namesOf(found.hashed)
        : { about: 'Account.execute_from_outside', type: 'OutsideExecution' }
    await needs.history.add({
      id: `message ${origin} ${request}`,
      network,
      account,
      origin,
      event: { kind: 'message', by: 'person', ...names, hash },
    })
    return signature
  }

  /** @throws Refused 114 where it is never signed; the person reads later that it was tried */
  async function signable(context: Context, typedData: unknown, grant: At | undefined): Promise<Signable> {
    const network = grant?.network ?? (await needs.shownNetwork())
    // Without a grant, or before it can be read, the site's chain is not known: it is looked at once it is connected.
    const found = needs.classify(
      typedData,
      grant === undefined
        ? { account: NOBODY }
        : { account: grant.account, chainId: needs.networks.get(network).chainId },
    )
    if (found.kind === 'refused') {
      if (found.hidden) await note(context, network, grant)
      throw malformed(found.at, found.why)
    }
    // Said before anybody is asked to connect: what can never be granted.
    if (found.kind === 'session') askedWritten(found, { now: await needs.clock(network), selectorOf })
    if (found.kind === 'older') askedOlder(found, { now: await needs.clock(network), selectorOf })
    if (found.kind === 'outside') await refuseOutside(found, network, grant !== undefined)
    return found
  }

  async function refuseOutside(
    { calls, executeAfter, executeBefore }: Extract<Signable, { kind: 'outside' }>,
    network: NetworkId,
    connected: boolean,
  ) {
    // A site that is not connected cannot try out which addresses are here.
    const own = new Set(connected ? (await needs.accounts.all()).map(({ address }) => address) : [])
    const forbidden: readonly Felt[] = [SELECTORS.trigger_escape_owner, SELECTORS.escape_owner]
    if (calls.length === 0) throw malformed('/message', 'expected at least one call')
    if (calls.some(({ to, selector }) => own.has(to) || forbidden.includes(selector)))
      throw malformed('/message', 'a call to an account of this wallet')
    // The contract's times are u64 and it compares strictly: after < now < before.
    const now = BigInt(await needs.clock(network))
    if (executeBefore <= now || executeBefore >= 2n ** 64n || executeAfter >= executeBefore - 1n)
      throw malformed('/message', 'expected a window that is still open')
  }

  async function note({ origin, request }: Context, network: NetworkId, grant: At | undefined): Promise<void> {
    if (noted.has(origin)) return
    noted.add(origin)
    needs.wait(NOTE_EVERY_MS).then(
      () => noted.delete(origin),
      () => noted.delete(origin),
    )
    const account = grant === undefined ? {} : { account: grant.account }
    await needs.history.add({
      id: `hidden ${origin} ${request}`,
      network,
      ...account,
      origin,
      event: { kind: 'hidden' },
    })
  }
}
