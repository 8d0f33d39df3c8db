/** Backup files, a wallet that cannot be read, and the end of one. */
import type { FileView } from '../../../core/protocol/ui.ts'
import { boolean, exact, optional, text } from '../../../core/schema.ts'
import type { UnixSeconds } from '../../../core/time.ts'
import { line } from '../../../core/words.ts'
import { isStorageError, rowsOfAnyShape } from '../../../platform/database.ts'
import { wipe } from '../../../platform/secret-box.ts'
import type { Backup } from '../../keys/backup.ts'
import { type BackupRow, MAX_FILE, openBackup, sealBackup } from '../../keys/backup.ts'
import type { Tried } from '../../keys/vault.ts'
import { isVaultError, type NewVault, type Vault, weakness } from '../../keys/vault.ts'
import type { Leaving } from '../../leaving.ts'
import type { SettingsOwner } from '../../owners/settings.ts'
import { missingOf, type Repaired, wipeContents } from '../../repairing.ts'
import type { Unlocking } from '../../unlocking.ts'
import { passwordCheck, WEAK } from './keys.ts'
import { nothing, password, proof, type VerbRows, verbError } from './verb.ts'

export interface BackupNeeds {
  readonly unlocking: Unlocking
  readonly vault: Vault
  readonly leaving: Leaving
  readonly settings: SettingsOwner
  /** What a backup carries beside the vault. */
  readonly saved: () => Promise<readonly BackupRow[]>
  /** The rows of a backup, for the transaction in which their vault comes to be. */
  readonly restored: (backup: Backup) => NonNullable<NewVault['also']>
  readonly repair: (password: string) => Promise<Tried<Repaired>>
  readonly now: () => UnixSeconds
  readonly random: (length: number) => Uint8Array
  readonly ticks: () => number
  readonly changed: () => void
}

type BackupVerb = 'exportBackup' | 'checkBackup' | 'restoreBackup' | 'exportSealed' | 'goOnWithout' | 'wipe'

export function backupVerbs(needs: BackupNeeds): VerbRows<BackupVerb> {
  const { unlocking, vault, leaving, now } = needs
  const opened = passwordCheck(needs)
  return {
    exportBackup: {
      params: exact({ password }),
      act: async ({ password }) => {
        const tried = await vault.contents(password)
        opened(tried)
        if (!tried.ok) throw verbError('internal', line('err_internal'))
        const { phrase, secrets, lost } = tried.value
        try {
          const words = phrase === undefined ? {} : { phrase: new TextDecoder().decode(phrase) }
          const rows = await needs.saved()
          const file = await sealBackup({ at: now(), ...words, secrets, rows }, password, needs)
          const missing = missingOf(
            lost,
            rows.filter(({ store }) => store === 'accounts'),
          )
          return {
            ...fileOf('latchkey-backup', file, now()),
            ...(missing.length === 0 ? {} : { missing }),
            ...(lost.some(({ kind }) => kind === 'seed') ? { withoutPhrase: true } : {}),
          }
        } finally {
          wipeContents(tried.value)
        }
      },
    },
    checkBackup: {
      params: exact({ file, password }),
      act: async ({ file, password }) => {
        const backup = await openBackup(file, password)
        wipeSecrets(backup)
        const count = (store: string) => backup.rows.filter((row) => row.store === store).length
        const same = await isOurs(backup)
        return {
          at: backup.at,
          accounts: count('accounts'),
          sites: count('grants'),
          sessions: count('sessions'),
          ...(same === undefined ? {} : { same }),
        }
      },
    },
    restoreBackup: {
      params: exact({ file, password, replaces: optional(boolean()) }),
      act: async ({ file, password, replaces = false }) => {
        const backup = await openBackup(file, password)
        try {
          // Before anything goes: what would be refused is refused here.
          const weak = weakness(password)
          if (weak !== undefined) throw verbError('weakPassword', line(WEAK[weak]))
          const { phrase, secrets } = backup
          const restore = () =>
            unlocking.restore({
              password,
              ...(phrase === undefined ? {} : { phrase }),
              secrets,
              also: needs.restored(backup),
              replaces,
            })
          const made = await (replaces ? leaving.replace(restore) : restore())
          if (!made.ok) throw verbError('weakPassword', line(WEAK[made.weak]))
          needs.changed()
          return null
        } finally {
          wipeSecrets(backup)
        }
      },
    },
    exportSealed: {
      params: nothing,
      act: async () => {
        const rows = await sealedRows()
        // A file with nothing in it would pass for a saved wallet.
        if (rows.length === 0) throw verbError('gone', line('err_gone'))
        return fileOf(
          'latchkey-sealed-vault',
          `${JSON.stringify({ format: 'latchkey sealed vault', rows }, null, 2)}\n`,
          now(),
        )
      },
    },
    goOnWithout: {
      params: exact({ password }),
      act: async ({ password }) => {
        opened(await vault.verifyPassword(password))
        await leaving.leave()
        const repaired = await needs.repair(password)
        opened(repaired)
        opened(await unlocking.unlock(password))
        needs.changed()
        return repaired.ok ? repaired.value : { dropped: 0, missing: [] }
      },
    },
    wipe: {
      params: exact({ password: optional(proof), ticked: boolean() }),
      act: async ({ password, ticked }) => {
        if (!ticked) throw verbError('blocked', line('err_tickWipe'))
        // A closed one goes for whoever forgot the password, as it does for another wallet in its place (`replaces`).
        if (password === undefined && (await unlocking.state()) === 'unlocked')
          throw verbError('blocked', line('err_wipeOpen'))
        if (password !== undefined) opened(await vault.verifyPassword(password))
        await leaving.wipe()
        needs.changed()
        return null
      },
    },
  }

  /** Whether the file holds accounts of the wallet that is here; `undefined` where there is none to compare with. */
  async function isOurs(backup: Backup): Promise<boolean | undefined> {
    if ((await unlocking.state()) !== 'unlocked') return undefined
    const ours = (await needs.saved()).filter(({ store }) => store === 'accounts')
    return ours.some(({ key }) => backup.rows.some((row) => row.store === 'accounts' && row.key === key))
  }

  async function sealedRows(): Promise<readonly unknown[]> {
    try {
      return await vault.sealedRows()
    } catch (error) {
      if (!isStorageError(error) && !isVaultError(error)) throw error
      return rowsOfAnyShape('vault')
    }
  }
}

function wipeSecrets({ secrets }: Backup): void {
  wipe(...secrets.map(({ bytes }) => bytes))
}

function fileOf(name: string, text: string, at: UnixSeconds): FileView {
  return { name: `${name}-${new Date(at * 1_000).toISOString().slice(0, 10)}.json`, text }
}

const file = text(MAX_FILE)
