/** What a person added to the list of tokens and hid, as it is stored: also for what never opens the person's side. */
import { type Address, parseAddress } from '../../core/felt.ts'
import type { NetworkId } from '../../core/records.ts'
import { boolean, decode, exact, integer, optional, scalar, text } from '../../core/schema.ts'
import { bundled, MAX_DECIMALS } from '../../core/tokens.ts'
import type { Database } from '../../platform/database.ts'

export interface TokenRow {
  readonly symbol?: string
  readonly decimals?: number
  readonly hidden?: boolean
}
const stored = exact({
  symbol: optional(text(16)),
  decimals: optional(integer(0, MAX_DECIMALS)),
  hidden: optional(boolean()),
})
const storedKey = scalar<Address>(parseAddress, 'an address')

/** By network and address. Nothing here guards money: what cannot be read is left out. */
export async function readTokenRows(db: Database): Promise<ReadonlyMap<string, TokenRow>> {
  const rows = new Map<string, TokenRow>()
  for (const { key, value } of await db.read(['tokens'], (tx) => tx.all('tokens'))) {
    const row = decode(stored, value)
    if (row.ok && decode(storedKey, key.split(' ')[1]).ok) rows.set(key, row.value as TokenRow)
  }
  return rows
}

/** Bundled first, then added; hidden ones too: whoever may take them does not look at the list. */
export async function listedTokens(db: Database, network: NetworkId): Promise<readonly Address[]> {
  const added = [...(await readTokenRows(db)).keys()].flatMap((key) => {
    const [of, token] = key.split(' ')
    return of === network ? [token as Address] : [] // Decoded when it was read.
  })
  return [...new Set([...bundled(network).map(({ address }) => address), ...added])]
}
