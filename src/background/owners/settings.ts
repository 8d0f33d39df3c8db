import { type Address, parseAddress } from '../../core/felt.ts'
import { type NetworkId, parseNetworkId, type Settings } from '../../core/records.ts'
import {
  boolean,
  decode,
  exact,
  integer,
  list,
  literal,
  type Output,
  optional,
  picklist,
  scalar,
  text,
  time,
} from '../../core/schema.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { type Database, type Guard, type ReadTx, type Tx, tamperedError } from '../../platform/database.ts'

/**
 * What the person chose. What only changes how things look is a plain row, read before the first unlock too; what cannot be
 * read of it is the default again. What keeps others out (how long the wallet stays open, whether sessions run, whether the
 * phrase was checked and the limits were read) is a row that guards money (security.md 7.1): before the first unlock it says nothing, and the default
 * stands for it.
 */
export interface SettingsOwner {
  /** @param key of a wallet that is about to be open. @throws TamperedError where the guarded row is not ours, or gone */
  get(key?: Guard): Promise<Settings>
  set(change: Partial<Settings>): Promise<Settings>
  /** The only way to take one away. `next` is called inside the write, so that no other change is lost; it waits for nothing. @throws Error for a guarded one while asleep */
  change(next: (before: Settings) => Settings): Promise<Settings>
  /** Synchronous: as it was last read or set in this worker's life, raised by `set` before it is written. */
  sessionsOff(): boolean
  /** Likewise: when sessions pause because nobody unlocked. */
  idleDue(): UnixSeconds | undefined
}

/** Sepolia first, 15 minutes (README 11, security.md 7.5). */
export const DEFAULTS: Settings = { network: 'sepolia', autoLock: 900, theme: 'system', backupChecked: false }
const ROW = 'settings'
/** The key of the guarded row. */
export const RULES = 'rules'

const stored = exact({
  network: scalar<NetworkId>(parseNetworkId, 'a network'),
  account: optional(scalar<Address>(parseAddress, 'an address')),
  defaultAccount: optional(scalar<Address>(parseAddress, 'an address')),
  theme: picklist(['system', 'light', 'dark']),
  language: optional(text(20)),
  notify: optional(list(picklist(['request', 'limit', 'ending', 'paused', 'sent', 'escape']), 6)),
  limitsFrom: optional(picklist([80, 100])),
  fiat: optional(literal(true)),
  showHashes: optional(literal(true)),
  /** What the guarded row says of it, for questions that a site asks before the first unlock; every yes comes after it. */
  checked: optional(literal(true)),
})
const rulesStored = exact({
  autoLock: optional(integer(60, 3600)),
  sessionsOff: optional(literal(true)),
  restLocked: optional(literal(true)),
  defaultLife: optional(integer(3_600, 604_800)),
  idlePause: optional(integer(86_400, 604_800)),
  lastUnlocked: optional(time),
  backupChecked: boolean(),
  limitsRead: optional(literal(true)),
})
export type Rules = Output<typeof rulesStored>
const DEFAULT_RULES: Rules = { autoLock: DEFAULTS.autoLock, backupChecked: DEFAULTS.backupChecked }

export function createSettings({
  db,
  guard,
  isKnown = () => true,
}: {
  readonly db: Database
  /** Absent until the first unlock after a browser start. */
  readonly guard: () => Guard | undefined
  /** Asleep added networks are not known yet, and removed ones never are. */
  readonly isKnown?: (network: NetworkId) => boolean
}): SettingsOwner {
  let off = false
  let due: UnixSeconds | undefined
  const note = ({ sessionsOff, idlePause, lastUnlocked }: Settings): void => {
    off = sessionsOff === true
    due = idlePause === undefined ? undefined : (lastUnlocked ?? 0) + idlePause
  }
  const read = async (tx: ReadTx, key: Guard | undefined): Promise<Settings> => {
    const looks = decode(stored, await tx.get('settings', ROW))
    const { checked, ...plain } = looks.ok ? looks.value : partsOf(DEFAULTS).looks
    const rules = key === undefined ? { ...DEFAULT_RULES, backupChecked: checked === true } : await readRules(tx, key)
    const known = { ...plain, ...rules } as Settings
    note(known)
    return known
  }
  const readRules = async (tx: ReadTx, key: Guard): Promise<Rules> => {
    const row = await key.get<Rules>(tx, 'settings', RULES)
    // It comes with the wallet and never goes.
    if (row === undefined)
      throw tamperedError({ kind: 'storageTampered', store: 'settings', key: RULES, why: 'missing' })
    if (!row.ok) throw tamperedError(row)
    const rules = decode(rulesStored, row.value)
    if (!rules.ok) throw tamperedError({ kind: 'storageTampered', store: 'settings', key: RULES, why: 'shape' })
    return rules.value
  }
  const change: SettingsOwner['change'] = (next) => {
    const key = guard()
    return db.write(['settings'], 'strict', async (tx) => {
      const before = await read(tx, key)
      const changed = next(before)
      const [old, parts] = [partsOf(before), partsOf(changed)]
      if (!isSame(old.looks, parts.looks)) await tx.put('settings', ROW, parts.looks)
      if (!isSame(old.rules, parts.rules)) {
        if (key === undefined) throw new Error('asleep: settings')
        await key.put(tx, 'settings', RULES, parts.rules)
      }
      tx.committed(() => note(changed))
      return changed
    })
  }
  return {
    get: async (key = guard()) => {
      const settings = await db.read(['settings'], (tx) => read(tx, key))
      return isKnown(settings.network) ? settings : { ...settings, network: DEFAULTS.network }
    },
    change,
    set: (part) => {
      // Before it is written: what starts meanwhile sees it.
      if (part.sessionsOff === true) off = true
      return change((before) => ({ ...before, ...part }))
    },
    sessionsOff: () => off,
    idleDue: () => due,
  }
}

/** The guarded row of a new wallet, in the transaction in which that one comes to be. */
export async function beginRules(tx: Tx, key: Guard, rules: Partial<Rules> = {}): Promise<void> {
  const all = { ...DEFAULT_RULES, ...rules }
  await key.put(tx, 'settings', RULES, all)
  if (all.backupChecked) await tx.put('settings', ROW, partsOf({ ...DEFAULTS, ...all } as Settings).looks)
}

/** In one order, so that equal ones have equal texts. */
function partsOf(settings: Settings) {
  const { network, account, defaultAccount, theme, language, notify, limitsFrom, fiat, showHashes, ...rest } = settings
  const { autoLock, sessionsOff, restLocked, defaultLife, idlePause, lastUnlocked, backupChecked, limitsRead } = rest
  return {
    looks: present({
      network,
      account,
      defaultAccount,
      theme,
      language,
      notify,
      limitsFrom,
      fiat,
      showHashes,
      ...(backupChecked ? { checked: true } : {}),
    }),
    rules: present({
      autoLock,
      sessionsOff,
      restLocked,
      defaultLife,
      idlePause,
      lastUnlocked,
      backupChecked,
      limitsRead,
    }),
  }
}

function present<T extends object>(all: T): T {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as T
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
