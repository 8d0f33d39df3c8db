/**
 * From a yes to a running session: the wallet's own steps, each after the one before was accepted, then the key, the
 * authorization and the rows in one commit. A failed step leaves no session (provider.md 7.3, seeds.md 9 row 3).
 */

import { partsOf } from '../core/approval.ts'
import { malformed, refused } from '../core/errors.ts'
import { type ClassHash, type Felt, felt } from '../core/felt.ts'
import { emptyBook } from '../core/policy/book.ts'
import { narrowedPointers } from '../core/policy/edits.ts'
import { chainMethods } from '../core/policy/meters.ts'
import type { SessionPolicy } from '../core/policy/policy.ts'
import { canonicalText } from '../core/policy/preimage.ts'
import { callerOf } from '../core/policy/schedule.ts'
import { backingOfPart } from '../core/policy/wildcards.ts'
import type {
  ApprovalRecord,
  GuardianKey,
  NetworkRecord,
  OwnAccount,
  PlannedStep,
  SessionQuestion,
  StoredSession,
  WrittenSession,
} from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { checkpoint } from '../platform/checkpoint.ts'
import type { Tx } from '../platform/database.ts'
import { hexOf } from '../platform/secret-box.ts'
import { accountKind } from '../starknet/accounts.ts'
import { type PrivateKey, publicKey, randomKey } from '../starknet/curve.ts'
import { sha256 } from '../starknet/digest.ts'
import { methodTree, sessionHash, sessionMetadata, signerGuid } from '../starknet/session-token.ts'
import { type Allowed, type Approved, approved } from './keys/approved.ts'
import type { Signer } from './keys/signer.ts'
import type { Vault } from './keys/vault.ts'
import { type Approvals, isStale } from './owners/approvals.ts'
import type { Sessions } from './owners/sessions.ts'
import { inside } from './refusals.ts'
import type { Scheduling } from './sending/ledger.ts'

export interface StartNeeds {
  readonly approvals: Approvals
  readonly sessions: Sessions
  readonly signer: Signer
  readonly vault: Pick<Vault, 'sealSecret' | 'writeSecret'>
  readonly sessionSubkey: () => Uint8Array | undefined
  readonly random: (length: number) => Uint8Array
  readonly now: () => UnixSeconds
  readonly network: (question: SessionQuestion) => NetworkRecord
  readonly account: (question: SessionQuestion) => Promise<OwnAccount>
  /** As its chain has it: after the steps it is there. @throws NodeError */
  readonly accountClass: (question: SessionQuestion) => Promise<ClassHash>
  /** Ours, as the chain has it after the steps. @throws NodeError */
  readonly guardian: (account: OwnAccount, question: SessionQuestion) => Promise<GuardianKey>
  /** Sends what is missing and tells each one that was accepted. @throws StepFailed */
  readonly runSteps: (
    steps: SessionQuestion['steps'],
    by: { readonly account: OwnAccount; readonly question: SessionQuestion; readonly approved: Approved },
    onDone: (step: PlannedStep, hash: Felt) => Promise<void>,
  ) => Promise<void>
  /** Its keys come into the working set. */
  readonly keep: (session: StoredSession) => Promise<void>
  /** Read before the commit that holds what is scheduled. @throws NodeError */
  readonly scheduling: (session: StoredSession) => Promise<Scheduling>
  /** What was handed out may be sent from now on. */
  readonly follow: (session: StoredSession) => void
  readonly wipe: (key: PrivateKey) => void
}

const NONCE_BYTES = 31

/** @returns in the order of the question; `undefined`: refused by the person */
export function createStarter(
  needs: StartNeeds,
): (record: ApprovalRecord) => Promise<readonly (StoredSession | undefined)[]> {
  const { approvals, sessions, signer, vault, now } = needs

  return async ({ id }) => {
    const record = await approvals.begin(id)
    const { question, decided } = record
    if (question.kind !== 'session') throw new Error('not a session request')
    const account = await needs.account(question)
    const parts = partsOf(question)
    const yes = approved({
      approval: id,
      digest: decided.digest,
      account: question.account,
      network: question.network,
      allows: [
        ...question.steps
          .filter(({ of }) => !parts.some(({ off, sessionId }) => off && sessionId === of))
          .map(allowedStep),
        ...parts.flatMap(({ off, sessionId: session, schedule }): Allowed[] =>
          off ? [] : [{ kind: 'session', session, ...(schedule === undefined ? {} : { schedule }) }],
        ),
      ],
    })
    let done = question.done
    await needs.runSteps(question.steps, { account, question, approved: yes }, async ({ step, of }, hash) => {
      done = [...done, { step, hash, ...(of === undefined ? {} : { of }) }]
      // Stopped meanwhile: this step is out, nothing after it follows.
      await approvals
        .progress(id, (it) => (it.kind === 'session' ? { ...it, done } : it))
        .catch((error: unknown) => {
          throw isStale(error) ? takenBack() : error
        })
      if (__E2E__) await checkpoint('stepDone')
    })
    const started: (StoredSession | undefined)[] = []
    for (const [index, part] of parts.entries()) {
      // One that is there was begun before the worker died.
      const known = sessions.get(part.sessionId)
      const begins = () =>
        begin(record, { ...question, ...part }, yes, done).catch((error) => {
          throw parts.length === 1 ? error : inside(index, error)
        })
      started.push(part.off ? undefined : (known ?? (await begins())))
    }
    return started
  }

  async function begin(
    record: ApprovalRecord,
    question: SessionQuestion,
    yes: Approved,
    setup: SessionQuestion['done'],
  ): Promise<StoredSession> {
    const { asked, effective } = question
    const granted = grantedPolicy(question)
    const { chainId, genesis } = needs.network(question)
    const subkey = needs.sessionSubkey()
    if (genesis === undefined || subkey === undefined) throw refused('USER_REFUSED_OP', { reason: 'context' })
    const { written, key: foreign } = question
    const key = written === undefined && foreign === undefined ? randomKey(needs.random) : undefined
    const backing = backingOfPart({ ...question, granted })
    try {
      // What only this wallet holds has no key of its own: its owner's signs (policy.md 10).
      const own = key !== undefined && backing === 'chain' ? signerGuid(publicKey(key)) : felt(0)
      const guid = written?.keyGuid ?? (foreign === undefined ? own : signerGuid(foreign.publicKey))
      // One that a page holds is of no use where the owner's key signs.
      if (foreign !== undefined && backing === 'wallet') throw refused('SESSION_UNSUPPORTED', { feature: 'account' })
      const policyHash = sha256(canonicalText(granted))
      const unsigned: StoredSession = {
        id: question.sessionId,
        origin: record.origin,
        network: question.network,
        chainId,
        genesis,
        account: question.account,
        accountClass: await needs.accountClass(question),
        backing,
        key: foreign === undefined ? { by: written === undefined ? 'wallet' : 'dapp', guid } : { ...foreign, guid },
        ...(asked.tag === undefined ? {} : { tag: asked.tag }),
        ...(asked.label === undefined ? {} : { label: asked.label }),
        ...(asked.reason === undefined ? {} : { reason: asked.reason }),
        words: asked.words,
        asked,
        granted,
        policyHash,
        effective,
        ...(backing === 'wallet'
          ? {}
          : {
              chain:
                written === undefined
                  ? chainOf(record.origin, question, { granted, policyHash, chainId, guid })
                  : chainWritten(written),
            }),
        runWhileLocked: backing === 'chain' && question.runWhileLocked,
        mayNarrow: asked.mayNarrow,
        ...standingOf(question),
        ...(question.replaces === undefined ? {} : { replaces: question.replaces }),
        createdAt: now(),
        seq: 1,
        narrowed: narrowedBy(question),
        setup: setup.flatMap(({ step, hash, of }) =>
          of === undefined || of === question.sessionId ? [{ step, hash }] : [],
        ),
      }
      const hash = unsigned.chain?.sessionHash
      // A key that comes back with the same policy is the same session on chain, ended there or about to be.
      if (foreign !== undefined && sessions.list().some(({ chain }) => chain?.sessionHash === hash))
        throw malformed('/key/public_key', 'expected a key that no session had')
      // Last of all: only now both keys say that this session may act.
      await approvals.begin(record.id)
      const session = await scheduled(yes, await authorized(yes, unsigned, question), question)
      if (__E2E__) await checkpoint('authorized')
      const sealed =
        key && session.chain && (await vault.sealSecret({ kind: 'session', id: session.id, bytes: key }, subkey))
      const alongside = async (tx: Tx) => {
        // In the commit's own turn: a stop that is in before it finds no session, a stop after it finds this one.
        if (approvals.isEnded(record.id)) throw takenBack()
        if (sealed !== undefined) await vault.writeSecret(tx, sealed)
      }
      const { replaces, change, again, schedule } = question
      const scheduling = schedule && (await needs.scheduling(session))
      if (replaces === undefined) await sessions.create(session, emptyBook(session.id), alongside, scheduling)
      else {
        const by = { replaces, again: again !== undefined, onChain: change === 'rotate' }
        await sessions.replace(session, by, alongside, scheduling)
      }
      if (__E2E__) await checkpoint('created')
      const current = sessions.get(session.id) ?? session
      await needs.keep(current)
      if (scheduling !== undefined) needs.follow(current)
      return current
    } finally {
      if (key !== undefined) needs.wipe(key)
    }
  }

  async function authorized(yes: Approved, session: StoredSession, question: SessionQuestion): Promise<StoredSession> {
    const { chain } = session
    if (chain === undefined) return session
    const guardian = await needs.guardian(await needs.account(question), question)
    const authorization = [...(await signer.authorization(yes, session, guardian))]
    return { ...session, chain: { ...chain, authorization } }
  }

  /** One nonce for each, by chance, so that no two of an account are the same. A change hands out nothing new. */
  async function scheduled(yes: Approved, session: StoredSession, question: SessionQuestion): Promise<StoredSession> {
    const { schedule, change, replaces } = question
    if (schedule === undefined) {
      const before = change === undefined || replaces === undefined ? undefined : sessions.get(replaces)?.scheduled
      return before === undefined ? session : { ...session, scheduled: before }
    }
    const unsigned = schedule.map(({ calls, notBefore, notAfter }) => ({
      version: 2 as const,
      caller: callerOf(session.effective.fees),
      nonce: felt(BigInt(`0x${hexOf(needs.random(NONCE_BYTES))}`)),
      executeAfter: notBefore - 1,
      executeBefore: notAfter,
      calls,
    }))
    const account = await needs.account(question)
    const by = { kind: accountKind(session.accountClass), guardian: await needs.guardian(account, question) }
    return { ...session, scheduled: await signer.scheduled(yes, session, unsigned, by) }
  }

  /** A yes to a change does not let go on what a person, or its site, has paused. */
  function standingOf({ asked, change, replaces }: SessionQuestion): Pick<StoredSession, 'state' | 'pause'> {
    const old = change === undefined || replaces === undefined ? undefined : sessions.get(replaces)
    const { pause } = old ?? {}
    if (change !== 'renew' && (pause === 'person' || pause === 'site')) return { state: 'paused', pause }
    return asked.enabled ? { state: 'active' } : { state: 'paused', pause: 'site' }
  }
}

/** What both keys will sign. */
function chainOf(
  origin: ApprovalRecord['origin'],
  { account }: SessionQuestion,
  by: Pick<StoredSession, 'granted' | 'policyHash' | 'chainId'> & { readonly guid: Felt },
): NonNullable<StoredSession['chain']> {
  const { granted, policyHash, chainId, guid } = by
  const { root, methods } = methodTree(chainMethods(granted))
  const metadata = sessionMetadata({ host: hostOf(origin).host, origin, policyHash })
  const expiresAt = granted.validUntil - 1
  return {
    sessionHash: sessionHash({ chainId, account, expiresAt, root, metadata, sessionKeyGuid: guid }),
    expiresAt,
    methods,
    root,
    metadata,
    authorization: [],
  }
}

/** As its site wrote it: where the hash is another one, nothing is signed. */
function chainWritten({ hash, expiresAt, methods, metadata }: WrittenSession): NonNullable<StoredSession['chain']> {
  const { root, methods: all } = methodTree(methods, 'written')
  return { sessionHash: hash, expiresAt, methods: all, root, metadata, authorization: [], bySite: true }
}

function allowedStep({ step, calls = [] }: PlannedStep): Allowed {
  return step === 'setup' ? { kind: 'calls', calls } : { kind: 'step', step }
}

function takenBack(): Error {
  return refused('USER_REFUSED_OP', { reason: 'context' })
}

/** An end that its question does not name is that of the session it changes, and no choice of the person. */
function narrowedBy({ asked, askedAt, change, effective, granted }: SessionQuestion): readonly string[] {
  const pointers = narrowedPointers(asked, effective, askedAt)
  const ownEnd = change === undefined || effective.validUntil !== granted.validUntil
  return ownEnd ? pointers : pointers.filter((at) => at !== '/duration' && at !== '/valid_until')
}

/** What goes on chain and into the metadata: as the person left it, but with its rules as asked, so that one that was switched off can be switched on again. */
function grantedPolicy({ granted, effective, change, written }: SessionQuestion): SessionPolicy {
  // Another key for the same: nothing was chosen.
  if (change === 'rotate') return granted
  return {
    ...effective,
    // What its site wrote has one end on chain; the person's own is enforced here.
    ...(written === undefined ? {} : { validUntil: granted.validUntil }),
    calls: effective.calls.map((rule) => ({
      ...rule,
      enabled: granted.calls.find(({ id }) => id === rule.id)?.enabled ?? rule.enabled,
    })),
  }
}

/** Host as the browser writes it: ASCII, punycode for everything else. */
export function hostOf(origin: string): { readonly host: string } {
  return { host: new URL(origin).host }
}
