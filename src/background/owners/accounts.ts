import { type AccountKind, type ChainState, isOwn } from '../../core/account.ts'
import type { Address, Felt } from '../../core/felt.ts'
import type { AccountRecord, GuardianKey, NetworkId, OwnAccount } from '../../core/records.ts'
import type { Seconds, UnixSeconds } from '../../core/time.ts'
import type { Tx } from '../../platform/database.ts'
import { guardedRows, type RowNeeds } from './rows.ts'

/** The accounts of this wallet, and what each chain last said of them (memory only: losing it costs one read). */
export interface Accounts {
  all(): Promise<readonly AccountRecord[]>
  get(address: Address): Promise<AccountRecord | undefined>
  /** One whose owner key is here: what a site, a session or a transaction may be about. */
  own(address: Address): Promise<OwnAccount | undefined>
  /** All of them or none; `alongside` writes what must come with them: keys, in the store `vault`. */
  add(accounts: readonly AccountRecord[], alongside?: (tx: Tx) => Promise<void>): Promise<void>
  /** Name, place, hidden: what a person changes. @throws Error for one that is not here */
  change(address: Address, change: (account: AccountRecord) => AccountRecord): Promise<void>
  /**
   * Another second key follows the newest, in one strict write with what `alongside` puts into the store `vault`: its seal.
   * The one before is retired for good.
   *
   * @throws Error where it is not the next one
   */
  succeed(address: Address, next: GuardianKey, alongside: (tx: Tx) => Promise<void>): Promise<OwnAccount>
  /**
   * Second keys that another copy of this wallet has set: the last one stands or has stood on this network, those between it and
   * ours are retired. In one strict write with what `alongside` puts into the store `vault`: their seals.
   *
   * @throws Error where the last one is not newer than ours
   */
  adopt(
    address: Address,
    network: NetworkId,
    keys: readonly GuardianKey[],
    alongside: (tx: Tx) => Promise<void>,
  ): Promise<OwnAccount>
  /** The newest second key was on this network's chain: it is not set there again. */
  stood(address: Address, network: NetworkId): Promise<void>
  /** So far the transactions on this network's chain are known to this wallet, or were looked at. */
  look(address: Address, network: NetworkId, nonce: Felt): Promise<void>
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
    account: AccountRecord,
    network: NetworkId,
  ) => Promise<{ readonly classHash?: Felt; readonly kind: AccountKind; readonly guardian: Felt }>
}

export function createAccounts(needs: AccountNeeds): Accounts {
  const rows = guardedRows<AccountRecord>(needs, 'accounts')
  const states = new Map<string, ChainState>()
  let kept: readonly AccountRecord[] | undefined
  const key = (address: Address, network: NetworkId) => `${network} ${address}`
  /** Each call needs them several times; after the wallet's first one, which comes with it, only `add` changes them. */
  const all = async (): Promise<readonly AccountRecord[]> => {
    if (kept !== undefined) return kept
    const read = [...(await rows.all())].sort((a, b) => a.order - b.order || a.createdAt - b.createdAt)
    // Asleep none can be read, which is not the same as having none.
    if (read.length > 0) kept = read
    return read
  }

  /** Durable, because the chain forgets what it had; nothing where it is known. */
  const stood = async (address: Address, network: NetworkId): Promise<void> => {
    const known = (await all()).filter(isOwn).find((it) => it.address === address)
    // Asleep nothing can be written; what stands is seen again.
    if (known === undefined || known.guardian.stood?.includes(network) || needs.guard() === undefined) return
    await rows.change(address, (row) => {
      if (row === undefined || !isOwn(row)) return row
      const places = new Set([...(row.guardian.stood ?? []), network])
      return { ...row, guardian: { ...row.guardian, stood: [...places] } }
    })
    kept = undefined
  }

  /** Another second key in the place of the newest. */
  const follow = async (
    address: Address,
    alongside: (tx: Tx) => Promise<void>,
    next: (before: OwnAccount) => OwnAccount,
  ): Promise<OwnAccount> => {
    const guard = needs.guard()
    if (guard === undefined) throw new Error('asleep: accounts')
    const changed = await needs.db.write(['accounts', 'vault'], 'strict', async (tx) => {
      const row = await guard.get<AccountRecord>(tx, 'accounts', address)
      if (row?.ok !== true || !isOwn(row.value)) throw new Error('not an account of this wallet')
      const account = next(row.value)
      await guard.put(tx, 'accounts', address, account)
      await alongside(tx)
      return account
    })
    kept = undefined
    return changed
  }

  return {
    all,
    get: async (address) => (await all()).find((it) => it.address === address),
    own: async (address) => (await all()).filter(isOwn).find((it) => it.address === address),
    add: async (accounts, alongside) => {
      const guard = needs.guard()
      if (guard === undefined) throw new Error('asleep: accounts')
      await needs.db.write(['accounts', 'vault'], 'strict', async (tx) => {
        for (const account of accounts) await guard.put(tx, 'accounts', account.address, account)
        await alongside?.(tx)
      })
      kept = undefined
    },
    change: async (address, change) => {
      await rows.change(address, (before) => {
        if (before === undefined) throw new Error('not an account of this wallet')
        return change(before)
      })
      kept = undefined
    },
    stood,
    succeed: (address, next, alongside) =>
      follow(address, alongside, (before) => {
        if (next.generation !== before.guardian.generation + 1) throw new Error('not the next second key')
        return { ...before, guardian: next, retired: [...(before.retired ?? []), before.guardian] }
      }),
    adopt: (address, network, keys, alongside) =>
      follow(address, alongside, (before) => {
        const newer = keys.filter(({ generation }) => generation > before.guardian.generation)
        const last = newer.at(-1)
        if (last === undefined) throw new Error('no newer second key')
        const retired = [...(before.retired ?? []), before.guardian, ...newer.slice(0, -1)]
        return { ...before, guardian: { ...last, stood: [network] }, retired }
      }),
    look: async (address, network, nonce) => {
      const at = needs.now()
      await rows.change(address, (row) => {
        if (row === undefined || !isOwn(row)) return row
        const others = (row.looked ?? []).filter((it) => it.network !== network)
        return { ...row, looked: [...others, { network, nonce, at }] }
      })
      kept = undefined
    },
    state: async (account, network, maxAge) => {
      const known = states.get(key(account.address, network))
      if (known !== undefined && needs.now() - known.at <= maxAge) return known
      const read = await needs.read(account, network)
      const state = { ...read, at: needs.now() } as ChainState
      states.set(key(account.address, network), state)
      if (isOwn(account) && state.guardian === account.guardian.publicKey) await stood(account.address, network)
      return state
    },
    lastState: (address, network) => states.get(key(address, network)),
    forget: (address, network) => {
      states.delete(key(address, network))
    },
  }
}
