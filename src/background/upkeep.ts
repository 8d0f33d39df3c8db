/** The wallet's own transactions outside an approval of a site: the account menu's steps, revocations, devnet's tokens. */
import { type ChainState, guardianKey, missingSteps } from '../core/account.ts'
import type { Address, Felt } from '../core/felt.ts'
import type { SessionId } from '../core/policy/policy.ts'
import type { OwnStep } from '../core/protocol/session-info.ts'
import type { NetworkId, OwnAccount, PlannedStep, StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { checkpoint } from '../platform/checkpoint.ts'
import type { Nodes } from '../platform/node.ts'
import { wipe } from '../platform/secret-box.ts'
import { EVENTS } from '../starknet/accounts.ts'
import { type PrivateKey, publicKey, randomKey } from '../starknet/curve.ts'
import { sha256 } from '../starknet/digest.ts'
import { signerGuid } from '../starknet/session-token.ts'
import type { Cold } from './doors.ts'
import type { EscapeWatch } from './escape-watch.ts'
import { notNow } from './failures.ts'
import { approved } from './keys/approved.ts'
import { guardianSecretId } from './keys/signer.ts'
import type { Vault } from './keys/vault.ts'
import type { WorkingSet } from './keys/working-set.ts'
import type { Accounts } from './owners/accounts.ts'
import type { History } from './owners/history.ts'
import type { Sessions } from './owners/sessions.ts'
import type { Executor, StepState } from './sending/executor.ts'
import type { Journal } from './sending/journal.ts'

export interface Upkeep {
  /**
   * Here at once and durable. On chain when it is asked for, and also where something of it may still be sent by others: its
   * site has the key, or has what was signed. Waits for the owner's key. Says with which transaction.
   */
  end(
    session: StoredSession,
    onChain: boolean | 'never',
    /** The chain ended it first. */
    endedFor?: StoredSession['endedFor'],
  ): Promise<Felt | undefined>
  /** Revocations that waited for the unlock, or for another worker. */
  sendWanted(): Promise<void>
  /** What a step of the account's page takes; nothing where it is not for what the account is now. @throws NodeError */
  plan(account: OwnAccount, network: NetworkId, step: OwnStep): Promise<readonly OwnPlanned[]>
  /**
   * Whether the second key that stands there is one of the phrase: another copy of this wallet has set it, or it was not looked
   * for when the account came in. It is this wallet's then (argent-sessions.md 8). @throws NodeError
   */
  findSecondKey(account: OwnAccount, network: NetworkId, phrase: string): Promise<boolean>
  /** A second key stands there that may be one of the phrase: nobody has looked yet. */
  mayFindKey(account: OwnAccount, network: NetworkId): Promise<boolean>
  /** A new second key will be derived for it, or one that has stood there is looked for. @throws NodeError */
  needsPhrase(account: OwnAccount, network: NetworkId, steps: readonly OwnPlanned[]): Promise<boolean>
  /**
   * What must be durable before anything is signed: sessions that the steps end have ended here, and a second key that will be
   * set has its place. The account as it is then.
   */
  prepare(work: {
    readonly account: OwnAccount
    readonly network: NetworkId
    readonly steps: readonly OwnPlanned[]
    readonly phrase: string | undefined
  }): Promise<OwnAccount>
  /** Sends them one after the other; resolves when all are in. @throws StepFailed */
  run(
    account: OwnAccount,
    network: NetworkId,
    steps: readonly OwnPlanned[],
    onStep?: (step: OwnPlanned, state: StepState, hash: Felt) => void,
  ): Promise<void>
}

export type OwnPlanned = PlannedStep<OwnStep>

export interface UpkeepNeeds {
  readonly sessions: Sessions
  readonly executor: Executor
  readonly accounts: Accounts
  readonly history: History
  readonly vault: Vault
  readonly workingSet: WorkingSet
  readonly watch: Pick<EscapeWatch, 'tries'>
  readonly nodes: Pick<Nodes, 'of'>
  readonly journal: Pick<Journal, 'open'>
  readonly cold: Cold
  readonly random: (length: number) => Uint8Array
  readonly newId: () => string
  readonly now: () => UnixSeconds
  readonly report: (error: unknown) => void
}

/** Generations of a second key that are tried (argent-sessions.md 8). */
const GENERATIONS = 64

export function createUpkeep(needs: UpkeepNeeds): Upkeep {
  /** Second keys that are not of the phrase: it was looked. */
  const foreign = new Set<string>()
  const { sessions, executor, accounts, history, vault, workingSet, watch, newId, now } = needs

  const revoke = async (session: StoredSession): Promise<Felt | undefined> => {
    if (session.chain === undefined || !workingSet.isUnlocked(now())) return undefined
    const { sessionHash } = session.chain
    const yes = approved({
      approval: `end ${session.id}`,
      digest: sha256(`end ${session.id} ${sessionHash}`),
      account: session.account,
      network: session.network,
      allows: [{ kind: 'revoke', sessionHash }],
    })
    return (await executor.revokeOnChain(session, yes))?.hash
  }

  /** Co-signed transactions have no expiry, and can be kept back (argent-sessions.md 10, 13). */
  const mayBeSentByOthers = async ({ id, key }: StoredSession): Promise<boolean> => {
    if (key.by !== 'wallet') return true
    return (await needs.journal.open()).some((row) => row.session === id && (row.via ?? row.outside) !== undefined)
  }

  const end: Upkeep['end'] = async (session, asked, endedFor) => {
    const onChain = asked === true || (asked === false && endedFor === undefined && (await mayBeSentByOthers(session)))
    // Ended before, it is what a worker has left that died before all of this was done.
    const ended = (await sessions.revoke(session.id, now(), onChain, endedFor)) ?? sessions.get(session.id)
    if (__E2E__) await checkpoint('ended')
    await destroyKey(session.id)
    if (__E2E__) await checkpoint('keyGone')
    await history.add({
      id: `ended ${session.id}`,
      at: ended?.endedAt ?? now(),
      network: session.network,
      account: session.account,
      origin: session.origin,
      session: session.id,
      event: { kind: 'session', what: 'ended' },
    })
    if (!onChain || ended === undefined) return undefined
    if (ended.onChain?.state !== 'wanted') return ended.onChain?.hash
    try {
      return await revoke(ended)
    } catch (error) {
      // It is ended here whatever the node says; the chain is told again at the next unlock.
      needs.report(error)
      return undefined
    }
  }

  return {
    end,
    sendWanted: async () => {
      // One that fails is told again at the next unlock, and holds up no other.
      for (const session of sessions.list())
        if (session.onChain?.state === 'wanted') await revoke(session).catch(needs.report)
    },
    plan: async (account, network, step) => {
      const state = await accounts.state(account, network, 0)
      const steps = stepsFor(step, state, account)
      if (steps.length === 0) return []
      return (await executor.estimateSteps<OwnStep>({ network, account, steps })).steps as readonly OwnPlanned[] // None of a site.
    },
    findSecondKey: async (account, network, phrase) => {
      const { guardian } = await accounts.state(account, network, 0)
      if (guardian === '0x0' || guardianKey(account, guardian) !== undefined) return true
      const found = await adopted(account, network, phrase, (key) => key === guardian)
      if (found === undefined) foreign.add(foreignKey(account, guardian))
      return found !== undefined
    },
    mayFindKey: async (account, network) => {
      const { guardian } = await accounts.state(account, network, 60)
      return (
        account.owner.from === 'phrase' &&
        guardian !== '0x0' &&
        guardianKey(account, guardian) === undefined &&
        !foreign.has(foreignKey(account, guardian))
      )
    },
    needsPhrase: async (account, network, steps) => {
      if (account.owner.from !== 'phrase') return false
      if (await needsSuccessor(account, network, steps)) return true
      const past = await pastKeys(account, network, steps)
      const known = [account.guardian, ...(account.retired ?? [])].flatMap(({ publicKey }) => guidsOf(publicKey))
      return past.some((it) => !known.includes(it)) || hasStood(account.guardian.publicKey, past)
    },
    prepare: async ({ account, network, steps, phrase }) => {
      // Here at once: what happens on the chain afterwards only makes it true for everybody.
      if (steps.some(({ step }) => step === 'rotate' || step === 'remove')) {
        const live = sessions.list({ account: account.address, network }).filter(isLive)
        // The step itself tells the chain, for all of them.
        await Promise.all(live.map((session) => end(session, 'never')))
        if (__E2E__) await checkpoint('allEnded')
      }
      const newest = await upToDate(account, network, steps, phrase)
      if (!(await needsSuccessor(newest, network, steps))) return newest
      const successor = await succeed(newest, phrase)
      if (__E2E__) await checkpoint('succeeded')
      return successor
    },
    run: async (account, network, steps, onStep = () => undefined) => {
      const approval = `steps ${newId()}`
      const yes = approved({
        approval,
        digest: sha256(approval),
        account: account.address,
        network,
        allows: steps.map(({ step }) => ({ kind: 'step' as const, step })),
      })
      for (const { step } of steps)
        if (step === 'takeOver' || step === 'finish') await watch.tries(account.address, network, step)
      await executor.runSteps({ network, account, steps, approved: yes }, onStep)
    },
  }

  /** The newest one has stood there, or stands there now: another has to come before anything is signed. */
  async function needsSuccessor(
    account: OwnAccount,
    network: NetworkId,
    steps: readonly OwnPlanned[],
  ): Promise<boolean> {
    const state = await accounts.state(account, network, 60)
    const stands = state.guardian === account.guardian.publicKey
    return steps.some(({ step }) => {
      if (step === 'rotate') return stands || account.guardian.stood?.includes(network) === true
      return (step === 'enable' || step === 'takeOver') && !stands && account.guardian.stood?.includes(network) === true
    })
  }

  /**
   * With every second key that has stood on this network, whoever set it: the chain remembers what a restored copy, or another
   * one beside it, has forgotten. None of them is set again (argent-sessions.md 4).
   */
  async function upToDate(
    account: OwnAccount,
    network: NetworkId,
    steps: readonly OwnPlanned[],
    phrase: string | undefined,
  ): Promise<OwnAccount> {
    const past = await pastKeys(account, network, steps)
    if (past.length === 0) return account
    const newer =
      account.owner.from === 'phrase' && phrase !== undefined
        ? await adopted(account, network, phrase, (key) => hasStood(key, past))
        : undefined
    if (newer !== undefined) return newer
    if (!hasStood(account.guardian.publicKey, past)) return account
    await accounts.stood(account.address, network)
    return (await accounts.own(account.address)) ?? account
  }

  /** What the chain says of keys that were once set, where one is about to be; nothing where none can have been. */
  async function pastKeys(
    account: OwnAccount,
    network: NetworkId,
    steps: readonly OwnPlanned[],
  ): Promise<readonly Felt[]> {
    if (!steps.some(({ step }) => step === 'enable' || step === 'takeOver')) return []
    const { classHash } = await accounts.state(account, network, 60)
    if (classHash === undefined) return []
    const node = await needs.nodes.of(network)
    const { GuardianChangedGuid, GuardianAddedGuid, SignerLinked } = EVENTS
    const events = await node.emitted(account.address, [GuardianChangedGuid, GuardianAddedGuid, SignerLinked])
    const owner = guidsOf(account.ownerPublicKey)
    return events
      .flatMap(({ keys, data }) => [...keys.slice(1), ...data])
      .filter((it) => BigInt(it) > MAX_TYPE && !owner.includes(it))
  }

  /** The newest key of the phrase that `is` takes, with those before it; `undefined`: there is none newer than ours. */
  async function adopted(
    account: OwnAccount,
    network: NetworkId,
    phrase: string,
    is: (key: Felt) => boolean,
  ): Promise<OwnAccount | undefined> {
    const { owner, address } = account
    const subkey = workingSet.guardianSubkey(now())
    if (subkey === undefined) throw notNow('locked')
    if (owner.from !== 'phrase') return undefined
    const first = account.guardian.generation + 1
    const tree = needs.cold().openPhrase(phrase, owner.scheme)
    const made: PrivateKey[] = []
    try {
      for (let generation = first; generation < GENERATIONS; generation += 1)
        made.push(tree.guardian(owner.index, generation))
      const keys = made.map((key, at) => ({ publicKey: publicKey(key), generation: first + at }))
      const last = keys.findLastIndex((it) => is(it.publicKey))
      if (last === -1) return undefined
      const sealed = await Promise.all(
        made.slice(0, last + 1).map((bytes, at) => {
          const id = guardianSecretId(address, first + at)
          return vault.sealSecret({ kind: 'guardian', id, bytes }, subkey)
        }),
      )
      return await accounts.adopt(address, network, keys.slice(0, last + 1), async (tx) => {
        for (const it of sealed) await vault.writeSecret(tx, it)
      })
    } finally {
      tree.wipe()
      wipe(...made)
    }
  }

  /** Sealed and written with the account's row; from then on the one before is never set again. */
  async function succeed(account: OwnAccount, phrase: string | undefined): Promise<OwnAccount> {
    const subkey = workingSet.guardianSubkey(now())
    if (subkey === undefined) throw notNow('locked')
    const generation = account.guardian.generation + 1
    const key = nextKey(account, generation, phrase)
    try {
      const secret = { kind: 'guardian', id: guardianSecretId(account.address, generation), bytes: key } as const
      const sealed = await vault.sealSecret(secret, subkey)
      const next = { publicKey: publicKey(key), generation }
      return await accounts.succeed(account.address, next, (tx) => vault.writeSecret(tx, sealed))
    } finally {
      wipe(key)
    }
  }

  /** Derived, so that the phrase alone brings it back; what was brought in has no phrase (argent-sessions.md 8). */
  function nextKey({ owner }: OwnAccount, generation: number, phrase: string | undefined) {
    if (owner.from !== 'phrase') return randomKey(needs.random)
    if (phrase === undefined) throw new Error('without its phrase there is no next key')
    const keys = needs.cold().openPhrase(phrase, owner.scheme)
    try {
      return keys.guardian(owner.index, generation)
    } finally {
      keys.wipe()
    }
  }

  async function destroyKey(id: SessionId): Promise<void> {
    await workingSet.removeSession(id)
    await vault.dropSecret('session', id)
  }
}

/** In their order; deploy comes first where it is missing. */
function stepsFor(step: OwnStep, state: ChainState, account: OwnAccount): readonly OwnStep[] {
  const missing = missingSteps(state, account)
  const standing = guardianKey(account, state.guardian)
  switch (step) {
    case 'deploy':
      return missing.filter((it) => it === 'deploy')
    case 'enable':
      return missing
    case 'rotate':
    case 'remove':
      return state.classHash !== undefined && standing !== undefined ? [step] : []
    case 'upgrade':
      return state.classHash !== undefined && state.kind === 'argent-0.3' ? [step] : []
    case 'takeOver':
    case 'finish':
      return state.classHash !== undefined && state.guardian !== '0x0' && standing === undefined ? [step] : []
  }
}

/** Beside a key stands of which curve it is, and 0 for none. */
const MAX_TYPE = 255n

/** As an account's events name it. */
function guidsOf(key: Felt): readonly Felt[] {
  return [key, signerGuid(key)]
}

function hasStood(key: Felt, past: readonly Felt[]): boolean {
  return guidsOf(key).some((it) => past.includes(it))
}

function foreignKey({ address }: OwnAccount, key: Felt): string {
  return `${address} ${key}`
}

function isLive({ state }: StoredSession): boolean {
  return state === 'active' || state === 'paused'
}

/** devnet's own method; amounts in fri. */
export function mintBody(account: Address): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'devnet_mint',
    // Written as an integer: devnet takes no text here, and 10^21 is no safe JavaScript number.
    params: { address: account, amount: 0, unit: 'FRI' },
  }).replace('"amount":0', '"amount":1000000000000000000000')
}
