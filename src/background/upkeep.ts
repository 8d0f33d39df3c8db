/** The wallet's own transactions outside an approval of a site: the account menu's steps, revocations, devnet's tokens. */
import { missingSteps, readiness } from '../core/account.ts'
import type { Address, Felt } from '../core/felt.ts'
import type { SessionId } from '../core/policy/policy.ts'
import type { AccountStep } from '../core/protocol/session-info.ts'
import type { AccountRecord, NetworkId, PlannedStep, StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { checkpoint } from '../platform/checkpoint.ts'
import { sha256 } from '../starknet/digest.ts'
import { approved } from './keys/approved.ts'
import type { Vault } from './keys/vault.ts'
import type { WorkingSet } from './keys/working-set.ts'
import type { Accounts } from './owners/accounts.ts'
import type { History } from './owners/history.ts'
import type { Sessions } from './owners/sessions.ts'
import type { Executor } from './sending/executor.ts'

export interface Upkeep {
  /** Here at once and durable; on chain when it is asked for and the owner's key is there. Says with which transaction. */
  end(session: StoredSession, onChain: boolean): Promise<Felt | undefined>
  /** Revocations that waited for the unlock, or for another worker. */
  sendWanted(): Promise<void>
  /** What a step of the account menu takes: deploy comes first where it is missing. @throws NodeError */
  plan(account: AccountRecord, network: NetworkId, step: AccountStep): Promise<readonly PlannedStep[]>
  /** Sends them one after the other; resolves when all are in. @throws StepFailed */
  run(account: AccountRecord, network: NetworkId, steps: readonly PlannedStep[]): Promise<void>
}

export interface UpkeepNeeds {
  readonly sessions: Sessions
  readonly executor: Executor
  readonly accounts: Accounts
  readonly history: History
  readonly vault: Vault
  readonly workingSet: WorkingSet
  readonly newId: () => string
  readonly now: () => UnixSeconds
  readonly report: (error: unknown) => void
}

export function createUpkeep(needs: UpkeepNeeds): Upkeep {
  const { sessions, executor, accounts, history, vault, workingSet, newId, now } = needs

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

  return {
    end: async (session, onChain) => {
      // Ended before, it is what a worker has left that died before all of this was done.
      const ended = (await sessions.revoke(session.id, now(), onChain)) ?? sessions.get(session.id)
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
    },
    sendWanted: async () => {
      // One that fails is told again at the next unlock, and holds up no other.
      for (const session of sessions.list())
        if (session.onChain?.state === 'wanted') await revoke(session).catch(needs.report)
    },
    plan: async (account, network, step) => {
      const ready = readiness(await accounts.state(account, network, 0), account.guardian.publicKey)
      const missing = missingSteps(ready)
      const steps = step === 'deploy' ? missing.filter((it) => it === 'deploy') : missing
      return steps.length === 0 ? [] : (await executor.estimateSteps({ network, account, steps })).steps
    },
    run: async (account, network, steps) => {
      const approval = `steps ${newId()}`
      const yes = approved({
        approval,
        digest: sha256(approval),
        account: account.address,
        network,
        allows: steps.flatMap(({ step }) => (step === 'setup' ? [] : [{ kind: 'step' as const, step }])),
      })
      await executor.runSteps({ network, account, steps, approved: yes }, () => undefined)
    },
  }

  async function destroyKey(id: SessionId): Promise<void> {
    await workingSet.removeSession(id)
    await vault.dropSecret('session', id)
  }
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
