/** Who a person sends to, before anything is asked of them: what is refused, what is dangerous, what is new (approval-ux.md 5.3). */
import { ADDRESS_BOUND, type Address, address, padded } from './felt.ts'

export type Recipient =
  | { readonly ok: false; readonly why: NoRecipient }
  | {
      readonly ok: true
      readonly address: Address
      readonly known: 'own' | 'contact' | 'used' | 'new'
      /** Of an own account or a contact. */
      readonly name?: string
      /** How often this person sent there. */
      readonly times: number
      /** Worst first. */
      readonly risks: readonly RecipientRisk[]
    }
export type NoRecipient = 'empty' | 'ethereum' | 'zero' | 'tooLarge' | 'notHex' | 'self'
export type RecipientRisk =
  /** It begins and ends like one the person knows, and is another. */
  | { readonly kind: 'lookAlike'; readonly of: Address; readonly name?: string }
  | { readonly kind: 'token' }
  | { readonly kind: 'new' }
  | { readonly kind: 'notDeployed' }
  /** The node did not say what is there. */
  | { readonly kind: 'unknown' }

export interface RecipientFacts {
  /** Who sends. */
  readonly account: Address
  readonly own: readonly { readonly address: Address; readonly name: string }[]
  readonly contacts: readonly { readonly address: Address; readonly name: string }[]
  readonly used: Readonly<Record<Address, number>>
  /** What the chain has there; `asking`: the node has not had the time to say, absent: it did not. */
  readonly there?: 'nothing' | 'token' | 'contract' | 'asking'
}

const MAX_TYPED = 200

/** What a person typed or pasted, as an address. Spaces between groups are how this wallet itself shows addresses. */
export function typedAddress(
  typed: string,
): { readonly ok: true; readonly address: Address } | { readonly ok: false; readonly why: NoRecipient } {
  if (typed.length > MAX_TYPED) return { ok: false, why: 'notHex' }
  const text = typed.replaceAll(/\s/g, '')
  if (text === '') return { ok: false, why: 'empty' }
  if (!/^0x[0-9a-f]+$/i.test(text)) return { ok: false, why: 'notHex' }
  if (text.length === 42) return { ok: false, why: 'ethereum' }
  const value = BigInt(text)
  if (value === 0n) return { ok: false, why: 'zero' }
  if (value >= ADDRESS_BOUND || text.length > 66) return { ok: false, why: 'tooLarge' }
  return { ok: true, address: address(value) }
}

/** @see recipient.test.ts "each row of the checks" */
export function recipientOf(typed: string, facts: RecipientFacts): Recipient {
  const read = typedAddress(typed)
  if (!read.ok) return read
  const { address: to } = read
  if (to === facts.account) return { ok: false, why: 'self' }
  const own = facts.own.find((it) => it.address === to)
  const contact = facts.contacts.find((it) => it.address === to)
  const times = facts.used[to] ?? 0
  const known = own !== undefined ? 'own' : contact !== undefined ? 'contact' : times > 0 ? 'used' : 'new'
  const name = own?.name ?? contact?.name
  const like = known === 'new' ? likeOf(to, facts) : undefined
  const risks: readonly RecipientRisk[] = [
    ...(like === undefined ? [] : [like]),
    ...(facts.there === 'token' ? [{ kind: 'token' } as const] : []),
    ...(known === 'new' ? [{ kind: 'new' } as const] : []),
    ...(facts.there === 'nothing' ? [{ kind: 'notDeployed' } as const] : []),
    ...(facts.there === undefined ? [{ kind: 'unknown' } as const] : []),
  ]
  return { ok: true, address: to, known, times, risks, ...(name === undefined ? {} : { name }) }
}

export function isDanger({ kind }: RecipientRisk): boolean {
  return kind === 'lookAlike' || kind === 'token'
}

/** The same first and last four digits, as the short form shows them, and another address. */
function likeOf(to: Address, { own, contacts, used }: RecipientFacts): RecipientRisk | undefined {
  const ends = endsOf(to)
  const named = [...own, ...contacts].find((it) => it.address !== to && endsOf(it.address) === ends)
  if (named !== undefined) return { kind: 'lookAlike', of: named.address, name: named.name }
  const of = (Object.keys(used) as Address[]).find((it) => it !== to && endsOf(it) === ends)
  return of === undefined ? undefined : { kind: 'lookAlike', of }
}

/** Where people look: an address that has them and is another is made to be taken for it. */
export function endsOf(value: Address): string {
  const full = padded(value)
  return `${full.slice(2, 6)} ${full.slice(-4)}`
}
