/** The list of accounts: which one is looked at, its name and place, and what brings its key back. */
import { isOwn } from '../../../core/account.ts'
import type { Address } from '../../../core/felt.ts'
import type { AccountRecord } from '../../../core/records.ts'
import { address, boolean, exact, picklist, text } from '../../../core/schema.ts'
import { line } from '../../../core/words.ts'
import { hexOf, wipe } from '../../../platform/secret-box.ts'
import { cleanName } from '../../importing.ts'
import { ownerSecretId } from '../../keys/signer.ts'
import type { Vault } from '../../keys/vault.ts'
import type { Accounts } from '../../owners/accounts.ts'
import type { SettingsOwner } from '../../owners/settings.ts'
import { passwordCheck } from './keys.ts'
import { nothing, proof, type VerbRows, verbError } from './verb.ts'

export interface AccountListNeeds {
  readonly accounts: Accounts
  readonly settings: SettingsOwner
  readonly vault: Vault
  /** Of the owner keys; absent while locked. */
  readonly ownerSubkey: () => Uint8Array | undefined
  /** State and balances of every account on the selected network. A node that is silent leaves them as they were. */
  readonly lookAtAccounts: () => Promise<void>
  /** Says whether the site had an account here. */
  readonly refresh: () => void
  readonly changed: () => void
}

type AccountListVerb =
  | 'selectAccount'
  | 'renameAccount'
  | 'hideAccount'
  | 'moveAccount'
  | 'revealKey'
  | 'lookAtAccounts'

export function accountListVerbs(needs: AccountListNeeds): VerbRows<AccountListVerb> {
  const { accounts, settings, vault } = needs
  const opened = passwordCheck(needs)
  const known = async (address: Address): Promise<AccountRecord> => {
    const account = await accounts.get(address)
    if (account === undefined) throw verbError('gone', line('err_gone'))
    return account
  }
  const change = async (address: Address, next: (account: AccountRecord) => AccountRecord): Promise<null> => {
    await known(address)
    await accounts.change(address, next)
    needs.changed()
    return null
  }
  return {
    selectAccount: {
      params: exact({ account: address }),
      act: async ({ account }) => {
        await known(account)
        await settings.set({ account })
        needs.refresh()
        needs.changed()
        return null
      },
    },
    renameAccount: {
      params: exact({ account: address, name: text(1_024) }),
      act: async ({ account, name }) => {
        const cleaned = cleanName(name)
        if (cleaned === undefined) throw verbError('blocked', line('err_name'))
        return change(account, (it) => ({ ...it, name: cleaned }))
      },
    },
    hideAccount: {
      params: exact({ account: address, hidden: boolean() }),
      act: async ({ account, hidden }) => {
        const shown = (await accounts.all()).filter((it) => it.hidden !== true)
        const others = shown.filter((it) => it.address !== account)
        // A wallet without any account to look at is no use to anybody; a site's account must be one with a key.
        if (hidden && !others.some(isOwn)) throw verbError('blocked', line('err_lastAccount'))
        await change(account, ({ hidden: _was, ...it }) => (hidden ? { ...it, hidden: true as const } : it))
        const next = others.find(isOwn)
        if (hidden && next !== undefined) {
          await settings.change(({ defaultAccount, ...before }) => ({
            ...before,
            ...(before.account === undefined || before.account === account ? { account: next.address } : {}),
            ...(defaultAccount === undefined || defaultAccount === account ? {} : { defaultAccount }),
          }))
          needs.refresh()
        }
        return null
      },
    },
    moveAccount: {
      params: exact({ account: address, by: picklist([-1, 1]) }),
      act: async ({ account, by }) => {
        await known(account)
        const all = await accounts.all()
        const shown = all.filter((it) => it.hidden !== true)
        const other = shown[shown.findIndex((it) => it.address === account) + by]
        if (other === undefined || !shown.some((it) => it.address === account)) return null
        const order = all.map(({ address }) => address)
        const from = order.indexOf(account)
        const to = order.indexOf(other.address)
        order.splice(to, 0, ...order.splice(from, 1))
        for (const [place, at] of order.entries()) {
          const row = all.find((it) => it.address === at)
          if (row !== undefined && row.order !== place) await accounts.change(at, (it) => ({ ...it, order: place }))
        }
        needs.changed()
        return null
      },
    },
    revealKey: {
      params: exact({ account: address, password: proof }),
      act: async ({ account, password }) => {
        const own = await accounts.own(account)
        if (own === undefined) throw verbError('blocked', line('err_watchOnly'))
        opened(await vault.verifyPassword(password))
        const subkey = needs.ownerSubkey()
        const key = subkey && (await vault.openSecret('owner', ownerSecretId(own.address), subkey))
        if (key === undefined) throw verbError('locked', line('err_locked'))
        try {
          return { key: `0x${hexOf(key)}` }
        } finally {
          wipe(key)
        }
      },
    },
    lookAtAccounts: {
      params: nothing,
      act: async () => {
        await needs.lookAtAccounts()
        needs.changed()
        return null
      },
    },
  }
}
