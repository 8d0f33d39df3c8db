/** The secret phrase, the password, and what the wallet's lock takes. */
import { boolean, exact, integer, list, nullable, optional, text } from '../../../core/schema.ts'
import type { Seconds, UnixSeconds } from '../../../core/time.ts'
import { line, time } from '../../../core/words.ts'
import { ARGENT_0_4_0 } from '../../../starknet/accounts.ts'
import { publicKey } from '../../../starknet/curve.ts'
import { accountAddress } from '../../../starknet/deploy.ts'
import type { Cold } from '../../doors.ts'
import { credentialId, hex } from '../../keys/slots.ts'
import { isVaultError, type Vault, weakness } from '../../keys/vault.ts'
import type { WorkingSet } from '../../keys/working-set.ts'
import type { Leaving } from '../../leaving.ts'
import type { NameWords } from '../../new-account.ts'
import type { SettingsOwner } from '../../owners/settings.ts'
import type { Unlocking } from '../../unlocking.ts'
import { firstChoice } from './imports.ts'
import { nothing, password, proof, type VerbRows, verbError } from './verb.ts'

export interface KeyNeeds {
  readonly unlocking: Unlocking
  readonly leaving: Leaving
  readonly vault: Vault
  readonly workingSet: WorkingSet
  readonly settings: SettingsOwner
  readonly cold: Cold
  readonly words: NameWords
  readonly now: () => UnixSeconds
  readonly random: (length: number) => Uint8Array
  readonly changed: () => void
}

type KeyVerb =
  | 'newPhrase'
  | 'checkPhrase'
  | 'checkPassword'
  | 'create'
  | 'backupChecked'
  | 'unlock'
  | 'lock'
  | 'revealPhrase'
  | 'changePassword'
  | 'addPasskey'
  | 'removePasskey'
  | 'setAutoLock'

export function keyVerbs(needs: KeyNeeds): VerbRows<KeyVerb> {
  const { unlocking, vault, workingSet, settings, cold, now } = needs
  const opened = passwordCheck(needs)
  return {
    newPhrase: {
      params: nothing,
      act: async () => ({ words: cold().newPhrase(needs.random(16)).split(' ') }),
    },
    checkPhrase: {
      params: exact({ phrase: text(1_024) }),
      act: async ({ phrase }) => {
        const checked = cold().checkPhrase(phrase)
        if (!checked.ok) return { ok: false, ...(checked.word === undefined ? {} : { word: checked.word }) }
        const keys = cold().openPhrase(checked.phrase)
        try {
          const ownerPublicKey = publicKey(keys.owner(0))
          return { ok: true, address: accountAddress({ classHash: ARGENT_0_4_0, ownerPublicKey }) }
        } finally {
          keys.wipe()
        }
      },
    },
    checkPassword: {
      params: exact({ password }),
      act: async ({ password }) => {
        const weak = weakness(password)
        if (weak !== undefined) throw verbError('weakPassword', line(WEAK[weak]))
        return null
      },
    },
    create: {
      params: exact({
        password,
        phrase: text(1_024),
        backupChecked: boolean(),
        accounts: optional(list(firstChoice, 64)),
        replaces: optional(boolean()),
      }),
      act: async ({ password, phrase, backupChecked, accounts = [], replaces = false }) => {
        const checked = cold().checkPhrase(phrase)
        if (!checked.ok) throw verbError('badPhrase', line('err_badPhrase'))
        // Before anything goes: what would be refused is refused here.
        const weak = weakness(password)
        if (weak !== undefined) throw verbError('weakPassword', line(WEAK[weak]))
        const chosen = accounts.length === 0 ? [FIRST] : accounts
        const create = () =>
          unlocking.create({
            password,
            phrase: checked.phrase,
            accounts: chosen.map((it, at) => ({ ...it, name: needs.words({ key: 'name_account', n: at + 1 }) })),
            backupChecked,
            replaces,
          })
        const made = await (replaces ? needs.leaving.replace(create) : create())
        if (!made.ok) throw verbError('weakPassword', line(WEAK[made.weak]))
        await settings.set({ account: made.account.address })
        needs.changed()
        return null
      },
    },
    backupChecked: {
      params: nothing,
      act: async () => {
        await settings.set({ backupChecked: true })
        needs.changed()
        return null
      },
    },
    unlock: {
      params: exact({ password: proof }),
      act: async ({ password }) => {
        opened(await unlocking.unlock(password))
        return null
      },
    },
    lock: {
      params: nothing,
      act: async () => {
        await unlocking.lock()
        return null
      },
    },
    revealPhrase: {
      params: exact({ password: proof }),
      act: async ({ password }) => {
        const tried = await vault.phrase(password)
        opened(tried)
        return { words: tried.ok ? tried.value.split(' ') : [] }
      },
    },
    changePassword: {
      params: exact({ password, next: password }),
      act: async ({ password, next }) => {
        const changed = await vault.changePassword(password, next)
        if (!changed.ok && 'weak' in changed) throw verbError('weakPassword', line(WEAK[changed.weak]))
        opened(changed)
        needs.changed()
        return null
      },
    },
    addPasskey: {
      params: exact({ password: proof, credentialId, prfSalt: hex(32), prf: hex(32) }),
      act: async ({ password, ...made }) => {
        try {
          opened(await vault.addPasskey(password, made))
        } catch (error) {
          if (isVaultError(error) && error.why === 'full') throw verbError('blocked', line('err_tooManyPasskeys'))
          throw error
        }
        needs.changed()
        return null
      },
    },
    removePasskey: {
      params: exact({ password: proof, credentialId }),
      act: async ({ password, credentialId }) => {
        opened(await vault.removePasskey(password, credentialId))
        needs.changed()
        return null
      },
    },
    setAutoLock: {
      params: exact({ seconds: nullable(integer(60, 3_600)), password: optional(proof) }),
      act: async ({ seconds, password }) => {
        if (isLonger(seconds, (await settings.get()).autoLock)) opened(await vault.verifyPassword(password ?? ''))
        await settings.change(({ autoLock: _before, ...rest }) =>
          seconds === null ? rest : { ...rest, autoLock: seconds },
        )
        await workingSet.setAutoLock(now(), seconds ?? undefined)
        needs.changed()
        return null
      },
    },
  }
}

/** Than it was; `null` and `undefined` are without an end (security.md 6.6: a setting that protects less). */
export function isLonger(seconds: Seconds | null, before: Seconds | undefined): boolean {
  return before !== undefined && (seconds === null || seconds > before)
}

/** What a tried password leads to: nothing, or the refusal that says when the next try is. */
export function passwordCheck({ changed }: Pick<KeyNeeds, 'changed'>) {
  return (tried: {
    readonly ok: boolean
    readonly kind?: string
    readonly left?: number
    readonly until?: UnixSeconds
  }): void => {
    if (tried.ok) return
    if (tried.kind === 'wrongPasskey') throw verbError('wrongPasskey', line('err_wrongPasskey'))
    changed()
    throw tried.until === undefined
      ? verbError('wrongPassword', line('err_wrongPassword'))
      : verbError('wait', line('err_wait', { until: time(tried.until) }))
  }
}

/** What a new phrase begins with: today's class (README decision 1). */
const FIRST = { scheme: 'ready', index: 0, generation: 0, classHash: ARGENT_0_4_0 } as const

export const WEAK = { short: 'err_short', long: 'err_long', common: 'err_common' } as const
