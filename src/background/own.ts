/**
 * A person's own transactions, asked of no site: sends, and what takes the place of one that is stuck. Each is a question like
 * a site's, in the same window, with the same trial and the same yes.
 */
import { type ChainState, missingSteps, readiness, STRK } from '../core/account.ts'
import { OWN } from '../core/approval.ts'
import { type Address, type Felt, felt, padded, type U256, u256 } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import { type Recipient, recipientOf, typedAddress } from '../core/recipient.ts'
import type {
  ApprovalRecord,
  FeeChoice,
  HistoryRow,
  JournalRow,
  NetworkId,
  OwnAccount,
  StoredSession,
  TransactionQuestion,
} from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { line } from '../core/words.ts'
import type { Nodes } from '../platform/node.ts'
import { isNodeError } from '../platform/node-error.ts'
import { selectorOf } from '../starknet/selector.ts'
import type { Contracts } from './contracts.ts'
import { createTrying, type Tried } from './handlers/trying.ts'
import { verbError } from './handlers/wallet/verb.ts'
import { callTakingBack, type Left } from './left-behind.ts'
import type { Accounts } from './owners/accounts.ts'
import type { Approvals } from './owners/approvals.ts'
import type { History } from './owners/history.ts'
import type { Tokens } from './owners/tokens.ts'
import type { Executor } from './sending/executor.ts'
import { readBounds, tipPerUnit } from './sending/fees.ts'
import type { Journal } from './sending/journal.ts'
import { recordSent, rowOfSent } from './sending/sender.ts'
import type { Named } from './views/facts.ts'
import { feeCap } from './views/facts.ts'

export interface Own {
  /** Everything that is known of an address that somebody typed. */
  recipient(typed: string): Promise<Recipient>
  /** What lies at an address: for the screens, from memory or the node. */
  there(network: NetworkId, address: Address): Promise<'nothing' | 'token' | 'contract' | undefined>
  /** How often this person sent where. */
  used(network: NetworkId, account: Address): Promise<Readonly<Record<Address, number>>>
  /** @throws VerbError, NodeError */
  max(typed: string, token: Address): Promise<{ readonly amount: U256; readonly fee: bigint }>
  /** Opens the question. @throws VerbError, NodeError */
  send(typed: string, token: Address, amount: U256): Promise<void>
  /** Opens the question. @throws VerbError */
  takeBack(session: StoredSession, left: readonly Left[]): Promise<void>
  /** Opens the question. @throws VerbError */
  replace(entry: string, how: 'faster' | 'cancel'): Promise<void>
  /** A new revision with other bounds, tried out first. @throws Stale, NodeError */
  chooseFee(
    id: string,
    rev: number,
    fee: { readonly speed: FeeChoice['speed']; readonly tip: U256; readonly cap: U256 | null },
  ): Promise<{ readonly rev: number }>
  /** After its yes, in whichever life of the worker. */
  goOn(record: ApprovalRecord): void
  /** A question that a worker's life has left: it is tried out again. */
  watch(record: ApprovalRecord): void
}

export interface OwnNeeds {
  readonly accounts: Accounts
  readonly approvals: Approvals
  readonly contracts: Pick<Contracts, 'facts'>
  readonly executor: Executor
  readonly history: History
  readonly journal: Pick<Journal, 'get' | 'list'>
  readonly nodes: Pick<Nodes, 'of'>
  readonly tokens: Tokens
  readonly contacts: () => Promise<readonly Named[]>
  readonly selected: () => Promise<{ readonly account: OwnAccount; readonly network: NetworkId }>
  readonly now: () => UnixSeconds
  readonly newId: () => string
  readonly wait: (ms: number) => Promise<void>
  readonly report: (error: unknown) => void
}

const TRANSFER = selectorOf('transfer')
/** Rows of the history that are looked through for who was sent to. */
const LOOKED_BACK = 500
const THERE_LASTS = 60
const TIPS_LAST = 300
/** What was worked out for "Max" is good for the question that follows. */
const MAX_LASTS = 60

export function createOwn(needs: OwnNeeds): Own {
  const { accounts, approvals, history, journal, tokens, now } = needs
  const trying = createTrying(needs)
  const known = new Map<string, { readonly at: UnixSeconds; readonly there: 'nothing' | 'token' | 'contract' }>()
  const tips = new Map<NetworkId, { readonly at: UnixSeconds; readonly tip: bigint }>()
  let worked: { readonly key: string; readonly at: UnixSeconds; readonly tried: Tried } | undefined

  const there: Own['there'] = async (network, address) => {
    if (tokens.name(network, address) !== undefined) return 'token'
    const key = `${network} ${address}`
    const before = known.get(key)
    if (before !== undefined && now() - before.at < THERE_LASTS) return before.there
    try {
      const facts = (await needs.contracts.facts(network, [address]))[address]
      const found = facts === undefined ? 'nothing' : facts.asset === undefined ? 'contract' : 'token'
      known.set(key, { at: now(), there: found })
      return found
    } catch (error) {
      if (isNodeError(error)) return undefined
      throw error
    }
  }

  const used: Own['used'] = async (network, account) => {
    const { rows } = await history.list({
      network,
      kind: 'asked',
      limit: LOOKED_BACK,
      fits: (row) => row.account === account && isOwnSend(row),
    })
    const times: Record<Address, number> = {}
    for (const { id, event } of rows) {
      if (event.kind !== 'transaction') continue
      const row = rowOfSent(id)
      const end = row === undefined ? undefined : (await journal.get(row))?.end
      // One that never landed is no acquaintance.
      if (end === 'reverted' || end === 'dropped' || end === 'rejected') continue
      for (const { selector, calldata } of event.calls) {
        const to = selector === TRANSFER && calldata.length === 3 ? (calldata[0] as Address) : undefined
        if (to !== undefined) times[to] = (times[to] ?? 0) + 1
      }
    }
    return times
  }

  const recipient: Own['recipient'] = async (typed) => {
    const { account, network } = await needs.selected()
    const read = typedAddress(typed)
    await tokens.load()
    const at = read.ok ? await there(network, read.address) : undefined
    return recipientOf(typed, {
      account: account.address,
      own: (await accounts.all()).map(({ address, name }) => ({ address, name })),
      contacts: await needs.contacts(),
      used: await used(network, account.address),
      ...(at === undefined ? {} : { there: at }),
    })
  }

  /** What the person has typed, as a transaction that could be sent. */
  const planned = async (typed: string, token: Address, amount: U256) => {
    const { account, network } = await needs.selected()
    const to = await recipient(typed)
    if (!to.ok) throw verbError('blocked', line(`to_${to.why}`))
    if (tokens.name(network, token) === undefined) throw verbError('gone', line('err_gone'))
    const deploys = await mustDeploy(account, network)
    const question: TransactionQuestion = {
      kind: 'transaction',
      network,
      account: account.address,
      connects: false,
      calls: [transfer(token, to.address, amount)],
      reasons: [],
      steps: [],
      own: { what: 'send' },
    }
    return { account, network, deploys, question }
  }
  const mustDeploy = async (account: OwnAccount, network: NetworkId): Promise<boolean> =>
    missingSteps(await refuseUnlessSigns(account, network), account).includes('deploy')
  const refuseUnlessSigns = async (account: OwnAccount, network: NetworkId): Promise<ChainState> => {
    const state = await accounts.state(account, network, 0)
    if (readiness(state, account) === 'off') throw verbError('blocked', line('err_cannotSign'))
    return state
  }
  const costOf = ({ steps, trial }: Tried): bigint =>
    steps.reduce((sum, { bounds }) => sum + feeCap(bounds), feeCap(trial.bounds, BigInt(trial.tip ?? '0')))

  /** Resolves when the question is stored and shown. Its answer is heard where it is decided. */
  const askHere = (question: TransactionQuestion, request: string): Promise<ApprovalRecord> => {
    const asker = { origin: OWN, document: 'wallet', tab: -1, request, gesture: true, byPerson: true as const }
    return new Promise((stored, failed) => {
      // Refused, nobody is told: it was the person who asked.
      approvals.ask(asker, question, stored).then(stored, failed)
    })
  }
  const ownAccount = async ({ question }: ApprovalRecord): Promise<OwnAccount> => {
    const account = question.kind === 'transaction' ? await accounts.own(question.account) : undefined
    if (account === undefined) throw new Error('not an account of this wallet')
    return account
  }

  const watch: Own['watch'] = (record) => {
    const { question } = record
    if (question.kind !== 'transaction') return
    ownAccount(record)
      .then(async (account) =>
        trying.watch(
          record.id,
          account,
          missingSteps(await accounts.state(account, question.network, 10), account).includes('deploy'),
        ),
      )
      .catch(needs.report)
  }

  const fastTip = async (network: NetworkId): Promise<bigint> => {
    const before = tips.get(network)
    if (before !== undefined && now() - before.at < TIPS_LAST) return before.tip
    const all = [...(await (await needs.nodes.of(network)).tips())].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    const tip = all[Math.floor(all.length / 2)] ?? 0n
    tips.set(network, { at: now(), tip })
    return tip
  }

  return {
    recipient,
    there,
    used,
    max: async (typed, token) => {
      const { account, network, deploys, question } = await planned(typed, token, u256(0n))
      const held = await tokens.balances(account.address, network, 0)
      const balance = BigInt(held.find((it) => it.token.address === token)?.amount ?? '0')
      // All of it is tried out, so that the fee is that of what will be sent; the fee's own part is no part of the trial.
      const all = { ...question, calls: [transfer(token, question.calls[0]!.calldata[0] as Address, u256(balance))] }
      const first = await trying.tried(all, account, deploys)
      const fee = costOf(first)
      const amount = token === STRK ? balance - fee : balance
      if (amount <= 0n) throw verbError('blocked', line('err_nothingToSend'))
      const sent = { ...all, calls: [transfer(token, all.calls[0]!.calldata[0] as Address, u256(amount))] }
      const moves = first.trial.moves.map((it) => (it.token === token ? { ...it, out: u256(amount) } : it))
      worked = { key: keyOf(network, sent), at: now(), tried: { ...first, trial: { ...first.trial, moves } } }
      return { amount: u256(amount), fee }
    },
    send: async (typed, token, amount) => {
      if (amount === '0') throw verbError('blocked', line('err_nothingToSend'))
      const { account, network, question } = await planned(typed, token, amount)
      await tokens.balances(account.address, network, 10)
      const same = worked?.key === keyOf(network, question) && now() - worked.at < MAX_LASTS ? worked.tried : undefined
      watch(await askHere({ ...question, ...same }, `send ${needs.newId()}`))
    },
    takeBack: async ({ id, network, account: address }, left) => {
      const account = left.length === 0 ? undefined : await accounts.own(address)
      if (account === undefined) throw verbError('gone', line('err_gone'))
      await refuseUnlessSigns(account, network)
      const question: TransactionQuestion = {
        kind: 'transaction',
        network,
        account: address,
        connects: false,
        calls: left.map(callTakingBack),
        reasons: [],
        steps: [],
        own: { what: 'takeBack' },
      }
      watch(await askHere(question, `takeBack ${id}`))
    },
    replace: async (entry, how) => {
      const id = rowOfSent(entry)
      const row = id === undefined ? undefined : await journal.get(id)
      if (row === undefined || !mayReplace(row)) throw verbError('blocked', line('err_noReplace'))
      const { network, account, calls, bounds, tip } = row
      const question: TransactionQuestion = {
        kind: 'transaction',
        network,
        account,
        connects: false,
        // Nothing, to oneself: it takes the number, and that is all it is for.
        calls: how === 'cancel' ? [transfer(STRK, account, u256(0n))] : calls,
        reasons: [],
        steps: [],
        own: { what: how, replaces: row.id, above: { bounds, tip } },
        ...(how === 'faster' ? { fee: { speed: 'fast', tip: u256(await fastTip(network)) } } : {}),
      }
      watch(await askHere(question, `${how} ${row.id}`))
    },
    chooseFee: async (id, rev, { speed, tip, cap }) => {
      const record = await approvals.get(id)
      if (record?.question.kind !== 'transaction' || record.phase !== 'asking')
        throw verbError('gone', line('err_gone'))
      const { question } = record
      const account = await ownAccount(record)
      const deploys = missingSteps(await accounts.state(account, question.network, 10), account).includes('deploy')
      const bounds = question.trial?.bounds
      const perUnit =
        speed === 'normal'
          ? 0n
          : speed === 'fast'
            ? await fastTip(question.network)
            : bounds === undefined
              ? 0n
              : tipPerUnit(BigInt(tip), readBounds(bounds))
      const fee: FeeChoice = { speed, tip: u256(perUnit), ...(cap === null ? {} : { cap }) }
      const next = await trying.tried({ ...question, fee }, account, deploys)
      const changed = await approvals.change(id, rev, (it) =>
        it.kind === 'transaction' ? { ...it, fee, ...next } : it,
      )
      return { rev: changed.rev }
    },
    watch,
    goOn: (record) => {
      const work = async () => {
        const account = await ownAccount(record)
        try {
          await trying.send(record.id, account, {})
          await approvals.finish(record.id, 'done')
        } catch (error) {
          await approvals.finish(record.id, 'failed')
          await tellRefused(record)
          throw error
        }
      }
      work().catch((error: unknown) => isNodeError(error) || needs.report(error))
    },
  }

  /** What the node refused was never out, and nobody waits for the answer: the person reads it in the activity. */
  async function tellRefused({ id, question }: ApprovalRecord): Promise<void> {
    if (question.kind !== 'transaction') return
    const { network, account } = question
    const rows = await journal.list({ network, account, limit: 8 })
    const row = rows.find((it) => it.approval === id && it.end === 'rejected')
    if (row !== undefined) await recordSent(history, row, now())
  }
}

/** Out, and as far as anybody knows in no block; of a session only the session decides. */
export function mayReplace({ kind, carries, purpose, session, outside, status }: JournalRow): boolean {
  return (
    session === undefined &&
    purpose === undefined &&
    outside === undefined &&
    kind === 'invoke' &&
    carries === undefined &&
    (status === 'sent' || status === 'signed')
  )
}

/** What the person sent of themselves: what a site had them send makes nobody known. */
function isOwnSend({ event, origin }: HistoryRow): boolean {
  return event.kind === 'transaction' && event.by === 'person' && (origin === undefined || origin === OWN)
}

function transfer(token: Address, to: Address, amount: U256): Call {
  const value = BigInt(amount)
  const limbs: readonly Felt[] = [felt(value & (2n ** 128n - 1n)), felt(value >> 128n)]
  return { to: token, selector: TRANSFER, calldata: [to, ...limbs] }
}

function keyOf(network: NetworkId, { account, calls }: TransactionQuestion): string {
  const [call] = calls
  return `${network} ${padded(account)} ${call?.to} ${call?.calldata.join(' ')}`
}
