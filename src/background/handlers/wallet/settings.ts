/** Settings that guard no money, which network is looked at, pages, and the sites' grants. */

import { isOwn } from '../../../core/account.ts'
import { LIMIT_SHARES, type NetworkId } from '../../../core/records.ts'
import { address, boolean, exact, list, nullable, optional, picklist, text } from '../../../core/schema.ts'
import { line } from '../../../core/words.ts'
import type { Vault } from '../../keys/vault.ts'
import type { Accounts } from '../../owners/accounts.ts'
import type { Approvals } from '../../owners/approvals.ts'
import { isMainnet, type Networks } from '../../owners/networks.ts'
import type { SettingsOwner } from '../../owners/settings.ts'
import type { Unlocking } from '../../unlocking.ts'
import { isLonger, passwordCheck } from './keys.ts'
import { networkId, nothing, proof, type VerbRows, verbError } from './verb.ts'

export interface SettingVerbNeeds {
  readonly settings: SettingsOwner
  readonly vault: Vault
  readonly accounts: Accounts
  readonly networks: Networks
  readonly refresh: () => void
  readonly openTab: (path: string) => Promise<void>
  readonly unlocking: Unlocking
  readonly approvals: Approvals
  readonly resetNetwork: (network: NetworkId) => Promise<void>
  readonly changed: () => void
}

type SettingVerb =
  | 'setNotify'
  | 'setDefaultAccount'
  | 'setShowHashes'
  | 'selectNetwork'
  | 'setTheme'
  | 'setSessions'
  | 'setSessionDefaults'
  | 'setLanguage'
  | 'readLimits'
  | 'refresh'
  | 'openTab'
  | 'resetNetwork'

/** An hour, a day, a week; the ends of the picker (approval-ux.md 8). */
const LIVES = [3_600, 86_400, 604_800] as const
const IDLE = [86_400, 604_800] as const

export function settingVerbs(needs: SettingVerbNeeds): VerbRows<SettingVerb> {
  const { settings } = needs
  const opened = passwordCheck(needs)
  return {
    selectNetwork: {
      params: exact({ network: networkId }),
      act: async ({ network }) => {
        const { backupChecked } = await settings.get()
        const row = needs.networks.has(network) ? needs.networks.get(network) : undefined
        if (row === undefined) throw verbError('gone', line('err_gone'))
        if (isMainnet(row) && !backupChecked) throw verbError('blocked', line('err_backupFirst'))
        await settings.set({ network })
        needs.refresh()
        needs.changed()
        return null
      },
    },
    setNotify: {
      params: exact({ kinds: list(picklist(['request', 'limit', 'ending', 'paused', 'sent', 'escape']), 6) }),
      act: async ({ kinds }) => {
        await settings.set({ notify: kinds })
        needs.changed()
        return null
      },
    },
    setTheme: {
      params: exact({ theme: picklist(['system', 'light', 'dark']) }),
      act: async ({ theme }) => {
        await settings.set({ theme })
        needs.changed()
        return null
      },
    },
    setDefaultAccount: {
      params: exact({ account: nullable(address) }),
      act: async ({ account }) => {
        if (account !== null) {
          const found = await needs.accounts.get(account)
          if (found === undefined || found.hidden === true) throw verbError('gone', line('err_gone'))
          if (!isOwn(found)) throw verbError('blocked', line('err_watchOnly'))
        }
        await settings.change(({ defaultAccount: _before, ...rest }) =>
          account === null ? rest : { ...rest, defaultAccount: account },
        )
        needs.changed()
        return null
      },
    },
    setShowHashes: {
      params: exact({ on: boolean() }),
      act: async ({ on }) => {
        await settings.change(({ showHashes: _before, ...rest }) => (on ? { ...rest, showHashes: true } : rest))
        needs.changed()
        return null
      },
    },
    refresh: {
      params: nothing,
      act: async () => {
        needs.refresh()
        return null
      },
    },
    openTab: {
      params: exact({ path: text(200) }),
      act: async ({ path }) => {
        await needs.openTab(path)
        return null
      },
    },
    setSessions: {
      params: exact({ on: boolean() }),
      act: async ({ on }) => {
        if (on) await settings.change(({ sessionsOff: _before, ...rest }) => rest)
        else {
          await settings.set({ sessionsOff: true })
          // What runs stops, and what waits to begin is refused.
          await needs.unlocking.stopAll()
          await needs.approvals.end(({ question }) => question.kind === 'session', 'context')
        }
        needs.changed()
        return null
      },
    },
    setSessionDefaults: {
      params: exact({
        runWhileLocked: optional(boolean()),
        life: optional(picklist(LIVES)),
        idlePause: optional(nullable(picklist(IDLE))),
        limitsFrom: optional(picklist(LIMIT_SHARES)),
        password: optional(proof),
      }),
      act: async ({ runWhileLocked, life, idlePause, limitsFrom, password }) => {
        if (idlePause !== undefined && isLonger(idlePause, (await settings.get()).idlePause))
          opened(await needs.vault.verifyPassword(password ?? ''))
        await settings.change(({ restLocked, idlePause: before, limitsFrom: shareBefore, ...rest }) => {
          const rests = runWhileLocked === undefined ? restLocked === true : !runWhileLocked
          const idle = idlePause === undefined ? before : (idlePause ?? undefined)
          const share = limitsFrom ?? shareBefore ?? 50
          return {
            ...rest,
            ...(share === 50 ? {} : { limitsFrom: share }),
            ...(rests ? { restLocked: true } : {}),
            ...(life === undefined ? {} : { defaultLife: life }),
            ...(idle === undefined ? {} : { idlePause: idle }),
          }
        })
        needs.changed()
        return null
      },
    },
    setLanguage: {
      params: exact({ language: nullable(text(20)) }),
      act: async ({ language }) => {
        await settings.change(({ language: _before, ...rest }) => (language === null ? rest : { ...rest, language }))
        needs.changed()
        return null
      },
    },
    readLimits: {
      params: nothing,
      act: async () => {
        await settings.set({ limitsRead: true })
        needs.changed()
        return null
      },
    },
    resetNetwork: {
      params: exact({ network: networkId }),
      act: async ({ network }) => {
        if (!needs.networks.has(network)) throw verbError('gone', line('err_gone'))
        await needs.resetNetwork(network)
        needs.refresh()
        needs.changed()
        return null
      },
    },
  }
}
