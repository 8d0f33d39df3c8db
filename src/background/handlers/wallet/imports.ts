/** Accounts that come in: seen first, stored when the person says which (approval-ux.md 5.1). */
import type { Address, ClassHash } from '../../../core/felt.ts'
import { typedAddress } from '../../../core/recipient.ts'
import {
  address,
  exact,
  felt,
  integer,
  list,
  literal,
  optional,
  picklist,
  type Schema,
  text,
  union,
} from '../../../core/schema.ts'
import { line } from '../../../core/words.ts'
import { type Importing, INDICES, isImportRefused } from '../../importing.ts'
import { networkId, proof, type VerbRows, verbError } from './verb.ts'

export interface ImportVerbNeeds {
  readonly importing: Importing
  /** Looks at what came in. */
  readonly refresh: () => void
  readonly changed: () => void
}

type ImportVerb =
  | 'importKeys'
  | 'importCandidates'
  | 'importLook'
  | 'importAccounts'
  | 'importAt'
  | 'importOwnAt'
  | 'watchAddress'
  | 'addAccount'

export function importVerbs({ importing, refresh, changed }: ImportVerbNeeds): VerbRows<ImportVerb> {
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw isImportRefused(error) ? verbError('blocked', error.line) : error
    }
  }
  const cameIn = async <T>(work: Promise<T>): Promise<T> => {
    const added = await told(work)
    refresh()
    changed()
    return added
  }
  return {
    importKeys: {
      params: exact({ source }),
      act: async ({ source }) => ({ keys: await told(importing.keys(source)) }),
    },
    importCandidates: {
      params: exact({ publicKey: felt }),
      act: async ({ publicKey }) => ({ rows: importing.candidates(publicKey) }),
    },
    importLook: {
      params: exact({ network: networkId, source, index, addresses: list(address, 16) }),
      act: async (wanted) => ({ found: await told(importing.look(wanted)) }),
    },
    importAccounts: {
      params: exact({ source, accounts: list(choice, 64), network: optional(networkId) }),
      act: async ({ source, accounts, network }) => ({ added: await cameIn(importing.add(source, accounts, network)) }),
    },
    importAt: {
      params: exact({ source, network: networkId, address: typed }),
      act: async ({ source, network, address }) => ({
        added: await cameIn(importing.addAt(source, network, addressOf(address))),
      }),
    },
    importOwnAt: {
      params: exact({ password: proof, network: networkId, address: typed }),
      act: async ({ password, network, address }) => ({
        added: await cameIn(importing.addOwnAt(password, network, addressOf(address))),
      }),
    },
    watchAddress: {
      params: exact({ address: typed }),
      act: async ({ address }) => ({ added: await cameIn(importing.watch(addressOf(address))) }),
    },
    addAccount: {
      params: exact({ password: proof, as: picklist(['plain', 'session']) }),
      act: async ({ password, as }) => ({ added: await cameIn(importing.next(password, as)) }),
    },
  }
}

const index = integer(0, INDICES - 1)
const choiceEntries = {
  index,
  generation: integer(0, 63),
  classHash: felt as Schema<ClassHash>,
  implementation: optional(felt),
}
const choice = exact(choiceEntries)
/** Of a phrase that a wallet begins with. */
export const firstChoice = exact({ ...choiceEntries, scheme: picklist(['ready', 'standard']) })

const scheme = picklist(['ready', 'standard'])
const source = union([
  exact({ from: literal('phrase'), phrase: text(1_024), scheme }),
  exact({ from: literal('own'), password: proof, scheme }),
  exact({ from: literal('key'), key: text(1_024) }),
])
/** As it was typed: what is wrong with it is said. */
const typed = text(1_024)

/** @throws VerbError that says what the typed text is instead */
function addressOf(raw: string): Address {
  const read = typedAddress(raw)
  if (read.ok) return read.address
  throw verbError('blocked', line(read.why === 'ethereum' ? 'err_ethereumAddress' : 'err_notAddress'))
}
