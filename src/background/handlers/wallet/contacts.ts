/** The address book. */
import type { Address } from '../../../core/felt.ts'
import { parseName } from '../../../core/names.ts'
import { typedAddress } from '../../../core/recipient.ts'
import { address, exact, text } from '../../../core/schema.ts'
import { count, line, place, text as said } from '../../../core/words.ts'
import {
  type Contacts,
  looksLike,
  MAX_CONTACT_NAME,
  MAX_CONTACTS,
  type Named,
  nameFault,
} from '../../owners/contacts.ts'
import { type VerbRows, verbError } from './verb.ts'

export interface ContactVerbNeeds {
  readonly contacts: Contacts
  /** Own accounts: nobody else has their names. */
  readonly ownAccounts: () => Promise<readonly Named[]>
  readonly changed: () => void
}

type ContactVerb = 'checkContact' | 'addContact' | 'renameContact' | 'removeContact'

export function contactVerbs(needs: ContactVerbNeeds): VerbRows<ContactVerb> {
  const { contacts } = needs
  const known = async (): Promise<readonly Named[]> => [...(await needs.ownAccounts()), ...(await contacts.all())]
  const named = async (typed: string, to: Address): Promise<string> => {
    const fault = nameFault(typed, to, await known())
    if (fault?.why === 'unreadable') throw verbError('blocked', line('err_contactName', { n: count(MAX_CONTACT_NAME) }))
    if (fault !== undefined) throw verbError('blocked', line('err_contactLooks', { name: said(fault.like) }))
    return parseName(typed, MAX_CONTACT_NAME) as string // Read just now.
  }
  const read = (typed: string): Address => {
    const found = typedAddress(typed)
    if (!found.ok) throw verbError('blocked', line(NO_ADDRESS[found.why]))
    return found.address
  }

  return {
    checkContact: {
      params: exact({ address: text(2_000) }),
      act: async ({ address: typed }) => {
        const to = read(typed)
        const all = await known()
        const same = all.find((it) => it.address === to)
        const like = same === undefined ? looksLike(to, all) : undefined
        return {
          address: to,
          ...(same === undefined ? {} : { known: same.name }),
          ...(like === undefined
            ? {}
            : { warning: line('contact_looksLike', { known: place(like.address, like.name) }) }),
        }
      },
    },
    addContact: {
      params: exact({ address: text(2_000), name: text(2_000) }),
      act: async ({ address: typed, name }) => {
        const to = read(typed)
        const all = await known()
        const same = all.find((it) => it.address === to)
        if (same !== undefined) throw verbError('blocked', line('err_contactKnown', { name: said(same.name) }))
        if (all.length >= MAX_CONTACTS) throw verbError('blocked', line('err_contactsFull'))
        await contacts.set(to, await named(name, to))
        needs.changed()
        return null
      },
    },
    renameContact: {
      params: exact({ address, name: text(2_000) }),
      act: async ({ address: to, name }) => {
        if ((await contacts.get(to)) === undefined) throw verbError('gone', line('err_gone'))
        await contacts.set(to, await named(name, to))
        needs.changed()
        return null
      },
    },
    removeContact: {
      params: exact({ address }),
      act: async ({ address: to }) => {
        await contacts.remove(to)
        needs.changed()
        return null
      },
    },
  }
}

const NO_ADDRESS = {
  empty: 'err_addressEmpty',
  ethereum: 'err_addressEthereum',
  zero: 'err_addressNone',
  tooLarge: 'err_addressNone',
  notHex: 'err_addressNone',
  self: 'err_addressNone',
} as const
