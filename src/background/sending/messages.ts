/** Messages signed: in a session that has a rule for them, or by a person's yes (policy.md 5.4). Nothing is sent. */
import type { Hashed } from '../../cold/typed-data.ts'
import type { Address, Felt } from '../../core/felt.ts'
import type { Message, MessageFacts } from '../../core/policy/facts.ts'
import { evaluateMessage } from '../../core/policy/messages.ts'
import type { Origin, Reason, SessionId } from '../../core/policy/policy.ts'
import { codeOf } from '../../core/policy/standing.ts'
import type { NetworkId, StoredSession } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Nodes } from '../../platform/node.ts'
import type { Approved } from '../keys/approved.ts'
import type { Signer } from '../keys/signer.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { History } from '../owners/history.ts'
import type { Networks } from '../owners/networks.ts'
import type { Sessions } from '../owners/sessions.ts'
import { STATE_LASTS } from './deciding.ts'
import type { Executor } from './executor.ts'
import { holdsOf } from './journal.ts'
import type { Ledger } from './ledger.ts'
import type { Nonces } from './nonces.ts'
import type { Preflight } from './preflight.ts'

export interface MessageRequest {
  readonly origin: Origin
  readonly request: string
  readonly network: NetworkId
  readonly account: Address
  readonly typedData: unknown
  readonly hashed: Hashed
}
export type SignedInSession =
  | { readonly kind: 'signed'; readonly signature: readonly Felt[] }
  /** `session`: it has rules for messages, and this is none of them, or not now. */
  | { readonly kind: 'ask'; readonly reasons: readonly Reason[]; readonly session?: SessionId }

export interface Messages {
  /** @throws NodeError · NotNow with nothing signed */
  inSession(request: MessageRequest): Promise<SignedInSession>
  /** @throws NotNow with nothing signed */
  byPerson(approved: Approved, typedData: unknown): Promise<readonly Felt[]>
}

export interface MessageNeeds {
  readonly ledger: Pick<Ledger, 'state' | 'countMessage'>
  readonly nodes: Nodes
  readonly preflight: Pick<Preflight, 'readClasses' | 'classes'>
  readonly signer: Pick<Signer, 'message'>
  readonly sessions: Pick<Sessions, 'live' | 'pause'>
  readonly accounts: Pick<Accounts, 'own'>
  readonly nonces: Pick<Nonces, 'compared'>
  readonly signsAs: Executor['signsAs']
  readonly networks: Pick<Networks, 'get' | 'clock'>
  readonly history: History
  readonly isUnlocked: () => boolean
  readonly lastWall: () => Promise<UnixSeconds | undefined>
}

export function createMessages(needs: MessageNeeds): Messages {
  const { ledger, nodes, preflight, signer, sessions, networks } = needs

  const factsOf = (session: StoredSession, at: UnixSeconds, assumed: boolean): MessageFacts => {
    const { genesis } = networks.get(session.network)
    return {
      unlocked: needs.isUnlocked(),
      ...(genesis === undefined ? {} : { genesis: genesis.hash }),
      // Judged again inside the transaction that counts.
      clockWrong: false,
      classes: preflight.classes(session, [], at, assumed),
    }
  }

  const signsAs = async (address: Address, network: NetworkId) => {
    const account = await needs.accounts.own(address)
    if (account === undefined) throw new Error('not an account of this wallet')
    return needs.signsAs(account, network, STATE_LASTS)
  }

  /** The account's code changed, or the clocks disagree: it rests until a person looks, as it does for a call. */
  const pauseFor = async ({ id, network, account, ...session }: StoredSession, reasons: readonly Reason[]) => {
    if (reasons.some(({ code }) => code === 'clock')) await sessions.pause(id, 'clock')
    if (!reasons.some(({ code }) => code === 'codeChanged')) return
    const { now } = networks.clock(network, await needs.lastWall())
    const whole = { ...session, id, network, account }
    const { changed } = codeOf(whole, [], preflight.classes(whole, [], now, false), now)
    if (changed.includes(account)) await sessions.pause(id, 'accountChanged')
  }

  return {
    inSession: async (request) => {
      const { origin, network, account, typedData, hashed } = request
      let missed: SignedInSession = { kind: 'ask', reasons: [] }
      for (const { id } of sessions.live(origin, account, network)) {
        const state = await ledger.state(id)
        if (state === undefined || state.session.effective.messages.length === 0) continue
        const { session, book, open } = state
        const { domainHash, typeHash, valueAt } = hashed
        const { chainId } = session
        const message: Message = { origin, chainId, account, domainHash, typeHash, reserved: false, valueAt }
        const { now, wrong } = networks.clock(network, await needs.lastWall())
        // The first pass asks no node: what does not fit is not told to one.
        const facts = { ...factsOf(session, now, true), clockWrong: wrong }
        const first = evaluateMessage(session, book, holdsOf(open), message, facts, now)
        if (first.kind !== 'auto') {
          if (missed.reasons.length === 0) missed = { kind: 'ask', reasons: first.reasons, session: id }
          continue
        }
        const { node, checked } = await nodes.open(network)
        const [, , by] = await Promise.all([
          checked,
          preflight.readClasses(session, [], node),
          signsAs(account, network),
          needs.nonces.compared(network, account, node),
        ])
        const hash = hashed.hash(account)
        const counted = await ledger.countMessage(id, { message, hash, facts: (at) => factsOf(session, at, false) })
        if (counted.kind !== 'counted') {
          await pauseFor(session, counted.reasons)
          if (missed.reasons.length === 0) missed = { kind: 'ask', reasons: counted.reasons, session: id }
          continue
        }
        const signature = await signer.message(counted, typedData, by)
        await needs.history.add({
          id: `message ${origin} ${request.request}`,
          network,
          account,
          origin,
          session: id,
          event: { kind: 'message', by: 'session', ...namesOf(hashed), hash },
        })
        return { kind: 'signed', signature }
      }
      return missed
    },
    byPerson: async (approved, typedData) =>
      signer.message({ kind: 'person', approved }, typedData, await signsAs(approved.account, approved.network)),
  }
}

/** How the site called it: for the person's own list of what was signed. */
export function namesOf({ domain, primaryType }: Hashed): { readonly about: string; readonly type: string } {
  const parts = domain.shown.as === 'parts' ? domain.shown.parts : []
  const shown = parts.find(({ name }) => name === 'name')?.shown
  return { about: shown !== undefined && 'text' in shown ? shown.text : '', type: primaryType }
}
