import type { ChainState } from '../../core/account.ts'
import type { Address, Felt } from '../../core/felt.ts'
import type { AccountRecord, NetworkId } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import { guardedRows, type RowNeeds } from './rows.ts'

/** The accounts of the phrase, and what each chain last said of them (memory only: losing it costs one read). */
export interface Accounts {
  all(): Promise<readonly AccountRecord[]>
  get(address: Address): Promise<AccountRecord | undefined>
  add(account: AccountRecord): Promise<void>
  /** What the chain says now, at most `maxAge` old. @throws NodeError */
  state(account: AccountRecord, network: NetworkId, maxAge: Seconds): Promise<ChainState>
  /** The last answer, however old; screens show its age. */
  lastState(address: Address, network: NetworkId): ChainState | undefined
  /** Read again at the next use: one of the account's own steps was accepted. */
  forget(address: Address, network: NetworkId): void
}

export interface AccountNeeds extends RowNeeds {
  readonly now: () => UnixSeconds
  readonly read: (
    account: Address,
    network: NetworkId,
  ) => Promise<{ readonly classHash?: Felt; readonly guardian: Felt }>
}

export function createAccounts(needs: AccountNeeds): Accounts {
  const rows = guardedRows<AccountRecord>(needs, 'accounts')
  const states = new Map<string, ChainState>()
  let kept: readonly AccountRecord[] | undefined
  const key = (address: Address, network: NetworkId) => `${network} ${address}`
  /** Each call needs them several times; after the wallet's first one, which comes with it, only `add` changes them. */
  const all = async (): Promise<readonly AccountRecord[]> => {
    if (kept !== undefined) return kept
    const read = [...(await rows.all())].sort((a, b) => a.index - b.index)
    // Asleep none can be read, which is not the same as having none.
    if (read.length > 0) kept = read
    return read
  }

  return {
    all,
    get: async (address) => (await all()).find((it) => it.address === address),
    add: async (account) => {
      await rows.change(account.address, () => account)
      kept = undefined
    },
    state: async (account, network, maxAge) => {
      const known = states.get(key(account.address, network))
      if (known !== undefined && needs.now() - known.at <= maxAge) return known
      const read = await needs.read(account.address, network)
      const state = { ...read, at: needs.now() } as ChainState
      states.set(key(account.address, network), state)
      return state
    },
    lastState: (address, network) => states.get(key(address, network)),
    forget: (address, network) => {
      states.delete(key(address, network))
    },
  }
}
