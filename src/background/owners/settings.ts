import { type Address, parseAddress } from '../../core/felt.ts'
import type { Settings } from '../../core/records.ts'
import { boolean, decode, exact, integer, optional, picklist, scalar } from '../../core/schema.ts'
import type { Database } from '../../platform/database.ts'

/** What the person chose. Nothing here raises a limit, so the row is plain; what cannot be read is the default again. */
export interface SettingsOwner {
  get(): Promise<Settings>
  set(change: Partial<Settings>): Promise<Settings>
  /** All of them: the only way to take one away. */
  replace(settings: Settings): Promise<void>
}

/** Sepolia first, 15 minutes (README 11, security.md 7.5). */
export const DEFAULTS: Settings = { network: 'sepolia', autoLock: 900, theme: 'system', backupChecked: false }
const ROW = 'settings'

const stored = exact({
  network: picklist(['mainnet', 'sepolia', 'devnet']),
  account: optional(scalar<Address>(parseAddress, 'an address')),
  autoLock: optional(integer(60, 3600)),
  theme: picklist(['system', 'light', 'dark']),
  backupChecked: boolean(),
})

export function createSettings({ db }: { readonly db: Database }): SettingsOwner {
  const read = (value: unknown): Settings => {
    const settings = decode(stored, value)
    return settings.ok ? (settings.value as Settings) : DEFAULTS
  }
  return {
    get: async () => read(await db.read(['settings'], (tx) => tx.get('settings', ROW))),
    set: (change) =>
      db.write(['settings'], 'strict', async (tx) => {
        const next = { ...read(await tx.get('settings', ROW)), ...change }
        await tx.put('settings', ROW, next)
        return next
      }),
    replace: (settings) => db.write(['settings'], 'strict', (tx) => tx.put('settings', ROW, settings)),
  }
}
