/** Rows of accounts that come from outside: a backup file is data until each of its rows was read here. */
import type { ClassHash } from './felt.ts'
import { type AccountRecord, type NetworkId, parseNetworkId } from './records.ts'
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
  scalar,
  text,
  time,
  union,
} from './schema.ts'

const any = {
  address: address,
  name: text(64),
  order: integer(0, Number.MAX_SAFE_INTEGER),
  hidden: optional(literal(true)),
  createdAt: time,
}
const owner = union([
  exact({ from: literal('phrase'), scheme: picklist(['ready', 'standard']), index: integer(0, 2 ** 31 - 1) }),
  exact({ from: literal('key') }),
])
const guardian = exact({
  publicKey: felt,
  generation: integer(0, 2 ** 31 - 1),
  stood: optional(list(scalar<NetworkId>(parseNetworkId, 'a network'), 1_000)),
})
/** Exactly what `AccountRecord` says. */
export const accountRecord = union([
  exact({
    ...any,
    owner,
    classHash: felt as Schema<ClassHash>,
    ownerPublicKey: felt,
    guardian,
    retired: optional(list(guardian, 1_000)),
    looked: optional(
      list(exact({ network: scalar<NetworkId>(parseNetworkId, 'a network'), nonce: felt, at: time }), 1_000),
    ),
  }),
  exact({ ...any, owner: exact({ from: literal('nowhere') }) }),
]) as Schema<AccountRecord>
