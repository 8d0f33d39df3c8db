import type { Address } from '../../core/felt.ts'
import { parseName, sameName } from '../../core/names.ts'
import { endsOf } from '../../core/recipient.ts'
import type { ContactRecord } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { guardedRows, type RowNeeds } from './rows.ts'

/** The address book. A name stands where an address would, so the rows are guarded like those that guard money. */
export interface Contacts {
  /** By name. */
  all(): Promise<readonly ContactRecord[]>
  get(address: Address): Promise<ContactRecord | undefined>
  /** A new one, or another name for one that is there. */
  set(address: Address, name: string): Promise<ContactRecord>
  remove(address: Address): Promise<void>
}

export const MAX_CONTACT_NAME = 40
export const MAX_CONTACTS = 500

export function createContacts(needs: RowNeeds & { readonly now: () => UnixSeconds }): Contacts {
  const rows = guardedRows<ContactRecord>(needs, 'contacts')
  return {
    all: async () => [...(await rows.all())].sort((a, b) => a.name.localeCompare(b.name, 'en')),
    get: (address) => rows.get(address),
    set: async (address, name) => {
      const made = await rows.change(address, (before) => ({ address, name, at: before?.at ?? needs.now() }))
      if (made === undefined) throw new Error('a contact was written')
      return made
    },
    remove: async (address) => {
      await rows.change(address, () => undefined)
    },
  }
}

export interface Named {
  readonly address: Address
  readonly name: string
}

/** Why a name is not taken. `looks`: the name of somebody else, or one that a person would take for it. */
export function nameFault(
  typed: string,
  address: Address,
  known: readonly Named[],
): { readonly why: 'unreadable' } | { readonly why: 'looks'; readonly like: string } | undefined {
  const name = parseName(typed, MAX_CONTACT_NAME)
  if (name === undefined) return { why: 'unreadable' }
  const like = known.find((it) => it.address !== address && sameName(it.name, name))
  return like === undefined ? undefined : { why: 'looks', like: like.name }
}

/** One that has the same first and last digits, and is another. */
export function looksLike(address: Address, known: readonly Named[]): Named | undefined {
  const ends = endsOf(address)
  return known.find((it) => it.address !== address && endsOf(it.address) === ends)
}
