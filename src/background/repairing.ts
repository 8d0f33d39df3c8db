/**
 * A person goes on with a wallet whose rows do not all verify: what is not as this wallet wrote it is taken away, and every
 * session pauses for good (security.md 8, 5). Only the password leads here; nothing is repaired by itself.
 */
import type { Address, Felt } from '../core/felt.ts'
import type { GuardianKey, NetworkId, OwnAccount, StoredSession } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { createGuard, type Database, isTampered, type Store } from '../platform/database.ts'
import { wipe } from '../platform/secret-box.ts'
import { ARGENT_0_4_0, READY_CLASSES } from '../starknet/accounts.ts'
import { privateKeyFrom, publicKey } from '../starknet/curve.ts'
import { accountAddress } from '../starknet/deploy.ts'
import type { Cold } from './doors.ts'
import { addressOf, generationOf } from './keys/signer.ts'
import type { Contents, Tried, Vault } from './keys/vault.ts'
import type { NameWords } from './new-account.ts'
import { BUILT_IN } from './owners/networks.ts'
import { beginRules, RULES } from './owners/settings.ts'
import { pausedBy } from './sending/ledger.ts'

export interface RepairNeeds {
  readonly db: Database
  readonly vault: Vault
  readonly cold: Cold
  readonly words: NameWords
  readonly now: () => UnixSeconds
}
export interface Repaired {
  /** Rows that are gone. */
  readonly dropped: number
  /** Accounts that have a key which does not open, by name. */
  readonly missing: readonly string[]
}

const CHECKED: readonly Store[] = ['accounts', 'contacts', 'grants', 'networks', 'sessions', 'books']
/** Beside plain rows, which change only how things look. */
const CHECKED_SETTINGS: readonly string[] = [RULES]
/** Accounts of the phrase that are looked for again. */
const INDEXES = 20

export async function repair({ db, vault, cold, words, now }: RepairNeeds, password: string): Promise<Tried<Repaired>> {
  const tried = await vault.contents(password)
  if (!tried.ok) return tried
  const { opened, phrase, secrets, lost: unreadable } = tried.value
  try {
    const known = phrase === undefined ? [] : derived(cold, new TextDecoder().decode(phrase))
    const newGuard = () => createGuard({ vaultId: opened.vaultId, macKey: opened.keys.state })
    // One reads: it knows the newest of each row. The other writes: for it, what is taken away was never there.
    const [reader, guard] = [newGuard(), newGuard()]
    const repaired = await db.write([...CHECKED, 'settings'], 'strict', async (tx) => {
      let gone = 0
      await reader.recall(tx).catch((error: unknown) => {
        if (!isTampered(error)) throw error
        return guard.accept(tx)
      })
      for (const key of CHECKED_SETTINGS) {
        const row = await reader.get(tx, 'settings', key)
        if (row?.ok === true) continue
        if (row !== undefined) {
          gone += 1
          await guard.remove(tx, 'settings', key)
        }
        if (key === RULES) await beginRules(tx, guard)
      }
      for (const store of CHECKED)
        for (const row of await reader.all<StoredSession>(tx, store)) {
          if (row.ok) {
            const paused = store === 'sessions' ? pausedBy(row.value, 'storageTampered') : undefined
            if (paused !== undefined) await guard.put(tx, store, row.key, paused)
            continue
          }
          gone += 1
          await guard.remove(tx, store, row.key)
        }
      const rows = await tx.rows('accounts')
      const left = new Set(rows.map(({ key }) => key))
      // Only what was an account here: the vault still holds its keys.
      const lost = secrets.filter(({ kind, id }) => kind === 'owner' && !left.has(id))
      const everywhere = [
        ...new Set([...BUILT_IN.map(({ id }) => id), ...(await tx.rows('networks')).map(({ key }) => key)]),
      ]
      for (const [order, { id, bytes }] of lost.entries()) {
        const place = rows.length + order
        const parts = {
          id: id as Address, // Sealed under it.
          name: words({ key: 'name_account', n: place + 1 }),
          known,
          secrets,
          everywhere: everywhere as NetworkId[],
        }
        const account = rebuilt(parts, bytes, place, now())
        if (account !== undefined) await guard.put(tx, 'accounts', account.address, account)
      }
      // What is left is the newest there is.
      await guard.accept(tx)
      return { dropped: gone, missing: missingOf(unreadable, await tx.rows('accounts')) }
    })
    return { ok: true, value: repaired }
  } finally {
    wipeContents(tried.value)
  }
}

/** The accounts that the keys were of; one that has no row here is named by its address. */
export function missingOf(
  lost: Contents['lost'],
  accounts: readonly { readonly key: string; readonly value: unknown }[],
): readonly string[] {
  const ids = lost.flatMap(({ kind, id }) => (kind === 'owner' || kind === 'guardian' ? [addressOf(id)] : []))
  return [...new Set(ids)].map((id) => {
    const row = accounts.find(({ key }) => key === id)?.value as Partial<OwnAccount> | undefined // Checked by who reads it.
    return row?.name ?? id
  })
}

export function wipeContents({ opened, phrase, secrets }: Contents): void {
  wipe(...Object.values(opened.keys), ...(phrase === undefined ? [] : [phrase]), ...secrets.map(({ bytes }) => bytes))
}

interface Known {
  readonly ownerPublicKey: Felt
  readonly owner: OwnAccount['owner']
}

function derived(cold: Cold, phrase: string): readonly Known[] {
  const schemes = ['ready', 'standard'] as const
  return schemes.flatMap((scheme) => {
    const keys = cold().openPhrase(phrase, scheme)
    try {
      return Array.from({ length: INDEXES }, (_, index) => ({
        ownerPublicKey: publicKey(keys.owner(index)),
        owner: { from: 'phrase', scheme, index } as const,
      }))
    } finally {
      keys.wipe()
    }
  })
}

interface Parts {
  /** Its address: each secret is sealed under it. */
  readonly id: Address
  readonly name: string
  readonly known: readonly Known[]
  readonly secrets: Contents['secrets']
  readonly everywhere: readonly NetworkId[]
}

/** The row of an account whose keys the vault holds; `undefined` where its second key does not open. */
function rebuilt(
  { id, name, known, secrets, everywhere }: Parts,
  ownerKey: Uint8Array,
  order: number,
  createdAt: UnixSeconds,
): OwnAccount | undefined {
  const owner = privateKeyFrom(ownerKey)
  if (owner === undefined) return undefined
  const ownerPublicKey = publicKey(owner)
  const [newest, ...older] = guardians(secrets, id, everywhere)
  if (newest === undefined) return undefined
  // Where it follows from none of them, the class is what the chain says, which is read anyway.
  const made = READY_CLASSES.find((it) => accountAddress({ ...it, ownerPublicKey }) === id)
  return {
    address: id,
    name,
    order,
    createdAt,
    classHash: made?.classHash ?? ARGENT_0_4_0,
    owner: known.find((it) => it.ownerPublicKey === ownerPublicKey)?.owner ?? { from: 'key' },
    ownerPublicKey,
    guardian: newest,
    ...(older.length === 0 ? {} : { retired: older }),
  }
}

/** Newest first. Where each has stood is forgotten, so it may have been anywhere, and none is set a second time. */
function guardians(
  secrets: Contents['secrets'],
  address: Address,
  everywhere: readonly NetworkId[],
): readonly GuardianKey[] {
  return secrets
    .flatMap(({ kind, id, bytes }) => {
      const generation = kind === 'guardian' ? generationOf(id, address) : undefined
      const key = generation === undefined ? undefined : privateKeyFrom(bytes)
      return generation === undefined || key === undefined
        ? []
        : [{ publicKey: publicKey(key), generation, stood: everywhere }]
    })
    .sort((a, b) => b.generation - a.generation)
}
