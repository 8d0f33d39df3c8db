/**
 * What was held is signed and sent, in the order of its nonces: signature → strict record → the node, the same bytes until
 * somebody answers (architecture.md 4, steps 7 and 8; provider.md 11).
 */
import type { Felt } from '../../core/felt.ts'
import type { Carried, JournalRow } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { transactionOf } from '../../core/transaction.ts'
import { checkpoint } from '../../platform/checkpoint.ts'
import {
  type Attempt,
  type Body,
  declareAttempt,
  deployAttempt,
  invokeAttempt,
  type Node,
  REPEATS,
  RPC,
} from '../../platform/node.ts'
import { isNodeError, type NodeError, nodeError } from '../../platform/node-error.ts'
import { declareBody } from '../../starknet/declare.ts'
import { deployAccountBody } from '../../starknet/deploy.ts'
import { invokeBody } from '../../starknet/invoke.ts'
import { isNotNow } from '../failures.ts'
import { invokeParts } from '../keys/signer.ts'
import type { Accounts } from '../owners/accounts.ts'
import type { History } from '../owners/history.ts'
import type { Journal } from './journal.ts'
import type { KeptGas } from './kept-gas.ts'
import type { Lane } from './lane.ts'
import type { Held, HeldForPerson, Ledger } from './ledger.ts'
import type { Nonces } from './nonces.ts'
import type { Preflight } from './preflight.ts'

export interface Sender {
  /**
   * The part in nonce order. `again`: given back unsigned, decide afresh. `stopped`: signed, and stopped before it left.
   */
  signAndSend(
    held: Held | HeldForPerson,
    lane: Lane,
    node: Node,
    by: { readonly sign: () => Promise<readonly Felt[]>; readonly maySend: () => boolean },
  ): Promise<{ readonly kind: 'sent' | 'again' | 'stopped' }>
  /** What was signed before, in this worker's life or another. `false`: parked. @throws NodeError: nobody knows */
  repeat(row: JournalRow, signature: readonly Felt[], node: Node, lane: Lane, maySend: () => boolean): Promise<boolean>
  /** Not sent again in this life; nobody knows how it ends. */
  park(row: JournalRow, lane: Lane): Promise<void>
  /** Before the next hold: what was not signed after all and could not be given back then. @throws StorageError */
  giveBackLate(): Promise<void>
  /** How the try that is under way here ends; `undefined`: none is. */
  busy(row: string): Promise<'sent' | 'not'> | undefined
}

export interface SenderNeeds {
  readonly ledger: Pick<Ledger, 'release' | 'settle'>
  readonly journal: Pick<Journal, 'signed' | 'sent' | 'park' | 'open'>
  readonly nonces: Pick<Nonces, 'accepted' | 'forget'>
  readonly preflight: Pick<Preflight, 'forgetClass' | 'moved'>
  readonly keptGas: Pick<KeptGas, 'refused'>
  readonly accounts: Pick<Accounts, 'own'>
  readonly history: Pick<History, 'add'>
  readonly now: () => UnixSeconds
  readonly wait: (ms: number) => Promise<void>
  /** A row is out, or may be: follow it. */
  readonly onSent: (row: JournalRow) => void
  /** Who waits for its end is told that nobody can say. */
  readonly onParked: (row: JournalRow) => void
  /** The bytes of what a row carries, while a request has brought them. */
  readonly loadOf: (carries: Carried) => Load | undefined
  /** What failed beside the work, without its contents. */
  readonly report: (error: unknown) => void
}
/** A class, or the text of a proof. */
export type Load = unknown

/** The lane waits so long for the transaction before, when a node takes nonces strictly one by one, ms. */
const PREDECESSOR: readonly number[] = [200, 300, 500, 1_000, 1_000, 2_000, 2_000, 4_000, 4_000, 8_000, 8_000]

/** Refusals of `starknet_add*` that say that this transaction was not taken; every other answer leaves it open. */
const REFUSALS: readonly number[] = [-32602, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 64, 65, 69]

export function createSender(needs: SenderNeeds): Sender {
  const { ledger, journal, nonces, keptGas, preflight, now } = needs
  const busy = new Map<string, Promise<'sent' | 'not'>>()

  /** Unsigned holds that should have come back, and could not be written. */
  const late = new Map<string, () => Promise<void>>()
  const giveBackLate = async (): Promise<void> => {
    for (const [id, giveBack] of late) {
      await giveBack()
      late.delete(id)
    }
  }

  const signAndSend = async (
    held: Held | HeldForPerson,
    lane: Lane,
    node: Node,
    by: { readonly sign: () => Promise<readonly Felt[]>; readonly maySend: () => boolean },
  ): Promise<{ readonly kind: 'sent' | 'again' | 'stopped' }> => {
    const { row } = held
    const nonce = BigInt(row.nonce)
    lane.filled(nonce)
    const turn = lane.next()
    let sending: Promise<'sent' | 'stopped'> | undefined
    let over: (how: 'sent' | 'not') => void = () => {}
    busy.set(
      row.id,
      new Promise((resolve) => {
        over = resolve
      }),
    )
    const notBusy = (how: 'sent' | 'not') => {
      busy.delete(row.id)
      over(how)
    }
    try {
      await turn.ready
      if (__E2E__) await checkpoint('held')
      const giveBack = async () => {
        await ledger.release(row.id)
        lane.freed(nonce)
      }
      if (lane.hasGapBelow(nonce)) {
        await giveBack()
        return { kind: 'again' }
      }
      let signature: readonly Felt[]
      try {
        signature = await by.sign()
      } catch (error) {
        await giveBack()
        if (isNotNow(error) && held.by === 'session') return { kind: 'again' }
        throw error
      }
      if (__E2E__) await checkpoint('signature')
      // Strict, and before anything leaves. Without a row to sign it was released meanwhile: the signature is forgotten.
      let kept: JournalRow | undefined
      try {
        kept = await journal.signed(row.id)
      } catch (error) {
        // It could not be written that a signature exists, so nobody gets it.
        late.set(row.id, giveBack)
        await giveBackLate().catch(needs.report)
        throw error
      }
      if (kept === undefined) {
        lane.freed(nonce)
        return { kind: 'again' }
      }
      if (__E2E__) await checkpoint('signed')
      sending = send({ ...row, status: 'signed' }, signature, node, lane, by.maySend)
    } finally {
      turn.done()
      if (sending === undefined) notBusy('not')
    }
    let how: 'sent' | 'stopped' | undefined
    try {
      how = await sending
      return { kind: how }
    } finally {
      notBusy(how === 'sent' ? 'sent' : 'not')
    }
  }

  const send = async (
    row: JournalRow,
    signature: readonly Felt[],
    node: Node,
    lane: Lane,
    maySend: () => boolean,
    triesBefore = 0,
  ): Promise<'sent' | 'stopped'> => {
    const body = await bodyOf(row, signature)
    const bytes = ATTEMPTS[row.kind](body)
    let unanswered = triesBefore
    for (;;) {
      const outcome = await tryOnce(row, bytes, node, maySend)
      if (outcome.kind === 'stopped') {
        // After a try somebody may have it, so it stays held; its nonce goes to the next one, and one of the two lands.
        await park(row, lane)
        needs.onSent(row)
        return 'stopped'
      }
      if (outcome.kind === 'accepted') {
        if (__E2E__) await checkpoint('accepted')
        accepted(row)
        if (__E2E__) await checkpoint('sent')
        return 'sent'
      }
      if (outcome.kind === 'refused' && unanswered === 0) {
        await ledger.settle(row.id, { end: 'rejected', failure: outcome.error.words.join(', ').slice(0, 300) })
        lane.freed(BigInt(row.nonce))
        keptGas.refused(row.id, outcome.error.rpcCode)
        if (outcome.error.rpcCode === RPC.validation) preflight.forgetClass(row.network, row.account)
        throw outcome.error
      }
      // A refusal after a try that nobody answered proves nothing about that try.
      unanswered += 1
      // It may be out: a person reads so from now on, whatever becomes of it.
      recordSent(needs.history, row, row.at).catch(needs.report)
      const pause = REPEATS[unanswered - 1]
      if (pause === undefined || outcome.kind === 'refused') {
        needs.onSent(row)
        throw outcome.error
      }
      await needs.wait(pause)
    }
  }

  const park = async (row: JournalRow, lane: Lane): Promise<void> => {
    const parked = await journal.park(row.id)
    lane.freed(BigInt(row.nonce))
    needs.onParked(parked)
  }

  type Tried =
    | { readonly kind: 'accepted' }
    | { readonly kind: 'stopped' }
    | { readonly kind: 'refused' | 'unknown'; readonly error: NodeError }

  /** `maySend` is asked before each time the bytes leave: the predecessor may take half a minute. */
  const tryOnce = async (row: JournalRow, bytes: Attempt, node: Node, maySend: () => boolean): Promise<Tried> => {
    for (const pause of [...PREDECESSOR, undefined]) {
      if (!maySend()) return { kind: 'stopped' }
      try {
        const hash = await addTo(node, row.kind, bytes)
        // Another hash than ours is no answer to what was sent.
        return hash === row.hash ? { kind: 'accepted' } : { kind: 'unknown', error: nodeError('garbage', ['hash']) }
      } catch (error) {
        if (!isNodeError(error)) throw error
        if (error.rpcCode === RPC.duplicate) return { kind: 'accepted' }
        if (error.rpcCode !== RPC.nonce) {
          return { kind: isRefusal(error) ? 'refused' : 'unknown', error }
        }
        nonces.forget(row.network, row.account)
        try {
          // The same bytes once they are in, and a used nonce, are answered alike.
          if ((await node.status(row.hash)) !== undefined) return { kind: 'accepted' }
          // The transaction before it is not in yet: the same bytes again when it is (performance.md 7).
          if (pause === undefined || !(await mayFollowSoon(row, node))) return { kind: 'refused', error }
        } catch (silence) {
          if (isNodeError(silence)) return { kind: 'unknown', error: silence }
          throw silence
        }
        await needs.wait(pause)
      }
    }
    throw new Error('unreachable')
  }

  /** Ours is next now, or each nonce below it is one of our own that is under way. */
  const mayFollowSoon = async (row: JournalRow, node: Node): Promise<boolean> => {
    const chain = BigInt((await node.nonce(row.account)) ?? '0x0')
    const own = BigInt(row.nonce)
    const open = await journal.open(row)
    for (let nonce = chain; nonce < own; nonce += 1n) {
      const isOut = (other: JournalRow) => other.outside === undefined && other.status !== 'held'
      if (!open.some((other) => BigInt(other.nonce) === nonce && isOut(other))) return false
    }
    return chain <= own
  }

  const accepted = (row: JournalRow): void => {
    nonces.accepted(row.network, row.account, BigInt(row.nonce))
    preflight.moved(row.network, row.account, row.session)
    const at = now()
    // Not waited for: losing it costs one look-up.
    journal.sent(row.id, at).catch(needs.report)
    needs.onSent({ ...row, status: 'sent', sentAt: at })
    recordSent(needs.history, row, at).catch(needs.report)
  }

  const bodyOf = async (row: JournalRow, signature: readonly Felt[]): Promise<Body> => {
    if (row.carries !== undefined) {
      const load = needs.loadOf(row.carries)
      if (load === undefined) throw new Error('what it carries is gone')
      return carryingBody(row, row.carries, load, signature)
    }
    if (row.kind === 'invoke') return invokeBody({ ...invokeParts(row), signature })
    const account = await needs.accounts.own(row.account)
    if (account === undefined) throw new Error('not an account of this wallet')
    const { classHash, ownerPublicKey } = account
    const { nonce, tip, bounds } = invokeParts(row)
    return deployAccountBody({ classHash, ownerPublicKey, nonce, tip, bounds, signature })
  }

  return {
    signAndSend,
    repeat: async (row, signature, node, lane, maySend) => {
      try {
        return (await send(row, signature, node, lane, maySend, 1)) === 'sent'
      } catch (error) {
        if (!isNodeError(error) || !isRefusal(error)) throw error
        // Refused today proves nothing about the tries before; kept in line it would block every nonce above it.
        await park(row, lane)
        return false
      }
    },
    park,
    giveBackLate,
    busy: (row) => busy.get(row),
  }
}

const ATTEMPTS = { invoke: invokeAttempt, deploy: deployAttempt, declare: declareAttempt } as const

function addTo(node: Node, kind: JournalRow['kind'], bytes: Attempt): Promise<Felt> {
  if (kind === 'deploy') return node.addDeploy(bytes)
  return kind === 'declare' ? node.addDeclare(bytes) : node.addInvoke(bytes)
}

/** With the bytes that a request brought. */
export function carryingBody(
  row: Parameters<typeof invokeParts>[0],
  carries: Carried,
  load: Load,
  signature: readonly Felt[],
): Body {
  const parts = invokeParts(row)
  if (carries.kind === 'class')
    return declareBody({ ...parts, compiledClassHash: carries.compiledClassHash }, load, signature)
  return { ...invokeBody({ ...parts, signature }), proof: load, proof_facts: carries.facts }
}

function isRefusal({ rpcCode }: NodeError): boolean {
  return rpcCode !== undefined && REFUSALS.includes(rpcCode)
}

/** Its id is the hash: a receipt that was lost is written again. */
export function recordSent(history: Pick<History, 'add'>, row: JournalRow, at: UnixSeconds): Promise<void> {
  const { network, account, origin, session, calls, purpose, carries } = row
  const hash = transactionOf(row) ?? row.hash
  return history.add({
    id: sentId(row.id),
    at,
    network,
    account,
    event: {
      kind: 'transaction',
      by: session === undefined ? 'person' : 'session',
      hash,
      calls,
      ...(purpose === undefined ? {} : { purpose }),
      ...(carries?.kind === 'class' ? { declares: carries.classHash } : {}),
    },
    ...(origin === undefined ? {} : { origin }),
    ...(session === undefined ? {} : { session }),
  })
}
const SENT = 'tx '
export const sentId = (row: JournalRow['id']) => SENT + row
/** The journal row of a history entry; `undefined`: it is not of a transaction. */
export const rowOfSent = (entry: string) => (entry.startsWith(SENT) ? entry.slice(SENT.length) : undefined)
