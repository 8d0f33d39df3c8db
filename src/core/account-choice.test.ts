import { expect, test } from 'vitest'
import { choicesOf, offeredFirst } from './account.ts'
import { address } from './felt.ts'
import type { AccountRecord, GrantRecord } from './records.ts'

const A = address('0xa')
const B = address('0xb')
const C = address('0xc')
const WATCHED = address('0xd')
const account = (at: typeof A, more: object = {}) =>
  ({ address: at, owner: { from: 'phrase', scheme: 'ready', index: 0 }, ...more }) as unknown as AccountRecord
const all = [account(A), account(B), account(C), account(WATCHED, { owner: { from: 'nowhere' } })]
const grant = (of: typeof A, lastUsedAt: number, network: GrantRecord['network'] = 'sepolia') =>
  ({ origin: 'https://a.example', account: of, network, at: 1, lastUsedAt }) as GrantRecord
const first = (settings: Parameters<typeof offeredFirst>[1], of = all) => offeredFirst(of, settings)?.address
const order = (settings: Parameters<typeof offeredFirst>[1], grants: readonly GrantRecord[]) =>
  choicesOf(all, settings, grants, 'sepolia').map((it) => it.address)

test('a site is offered the default account first, else the one that is looked at', () => {
  expect(first({ account: A, defaultAccount: B })).toBe(B)
  expect(first({ account: C })).toBe(C)
  expect(first({})).toBe(A)
})

test('a default account that is hidden, gone or only watched is offered to nobody', () => {
  const hidden = [account(A), account(B, { hidden: true })]
  expect(first({ account: A, defaultAccount: B }, hidden)).toBe(A)
  expect(first({ account: A, defaultAccount: WATCHED })).toBe(A)
  expect(first({ account: A, defaultAccount: address('0xe') })).toBe(A)
})

test('choices: the first one, then what sites used last on this network, then the order of the list', () => {
  expect(order({ account: A }, [])).toEqual([A, B, C])
  expect(order({ account: A, defaultAccount: B }, [grant(C, 9), grant(A, 5)])).toEqual([B, C, A])
  expect(order({ account: A }, [grant(B, 9, 'devnet'), grant(C, 2)])).toEqual([A, C, B])
})
