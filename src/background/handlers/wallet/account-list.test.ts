import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Address, address, type ClassHash, felt } from '../../../core/felt.ts'
import type { AccountRecord } from '../../../core/records.ts'
import { createGuard, openDatabase } from '../../../platform/database.ts'
import { type Accounts, createAccounts } from '../../owners/accounts.ts'
import { type AccountListNeeds, accountListVerbs } from './account-list.ts'

const [A, B, C, W] = ['0xa', '0xb', '0xc', '0xd'].map((it) => address(it)) as [Address, Address, Address, Address]
const own = (at: Address, order: number): AccountRecord => ({
  address: at,
  name: at,
  order,
  createdAt: 1,
  owner: { from: 'key' },
  classHash: felt(1) as ClassHash,
  ownerPublicKey: felt(2),
  guardian: { publicKey: felt(3), generation: 0 },
})

let worlds = 0
let accounts: Accounts
let selected: Address | undefined
let password: string
let verbs: ReturnType<typeof accountListVerbs>

beforeEach(async () => {
  worlds += 1
  const guard = createGuard({ vaultId: 'v', macKey: new Uint8Array(32) })
  const db = openDatabase({ now: () => 1, name: `account-list-${worlds}` })
  const read = async () => ({ kind: 'unknown', guardian: felt(0) }) as const
  accounts = createAccounts({ db, guard: () => guard, now: () => 1, read })
  await accounts.add([
    own(A, 0),
    own(B, 1),
    own(C, 2),
    { address: W, name: 'seen', order: 3, createdAt: 1, owner: { from: 'nowhere' } },
  ])
  selected = undefined
  password = 'right'
  verbs = accountListVerbs({
    accounts,
    settings: {
      get: async () => ({ account: selected }),
      set: async ({ account }: { account: Address }) => {
        selected = account
      },
      change: async (next: (before: object) => { readonly account: Address }) => {
        selected = next({ account: selected }).account
      },
    } as unknown as AccountListNeeds['settings'],
    vault: {
      verifyPassword: async (tried: string) => ({ ok: tried === password, kind: 'wrongPassword', left: 4 }),
      openSecret: async () => new Uint8Array(32).fill(0xab),
    } as unknown as AccountListNeeds['vault'],
    ownerSubkey: () => new Uint8Array(32),
    lookAtAccounts: async () => undefined,
    refresh: () => undefined,
    changed: () => undefined,
  })
})
const order = async () => (await accounts.all()).map((it) => it.address)
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { readonly code?: string }) => error.code,
  )

describe('the list of accounts', () => {
  it('moves one past its neighbour, and past those that are hidden between them', async () => {
    await verbs.moveAccount.act({ account: C, by: -1 })
    expect(await order()).toEqual([A, C, B, W])
    await verbs.hideAccount.act({ account: C, hidden: true })
    await verbs.moveAccount.act({ account: B, by: -1 })
    expect((await order()).filter((it) => it !== C)).toEqual([B, A, W])
    // At the end it stays, and a hidden one has no place to move from.
    await verbs.moveAccount.act({ account: B, by: -1 })
    await verbs.moveAccount.act({ account: C, by: 1 })
    expect((await order()).filter((it) => it !== C)).toEqual([B, A, W])
  })

  it('hides one that is looked at by looking at another whose key is here, and keeps the last of those', async () => {
    await verbs.selectAccount.act({ account: A })
    await verbs.hideAccount.act({ account: A, hidden: true })
    expect(selected).toBe(B)
    await verbs.hideAccount.act({ account: B, hidden: true })
    expect(await code(verbs.hideAccount.act({ account: C, hidden: true }))).toBe('blocked')
    expect(await code(verbs.hideAccount.act({ account: W, hidden: true }))).toBe('done')
    await verbs.hideAccount.act({ account: A, hidden: false })
    expect((await accounts.all()).filter((it) => it.hidden !== true).map((it) => it.address)).toEqual([A, C])
  })

  it('renames with what can be read, and not with nothing', async () => {
    await verbs.renameAccount.act({ account: A, name: ' Rent\u202e  money ' })
    for (const name of ['', '\u200b', 'x'.repeat(41)])
      expect(await code(verbs.renameAccount.act({ account: A, name }))).toBe('blocked')
    expect((await accounts.get(A))?.name).toBe('Rent money')
    expect(await code(verbs.renameAccount.act({ account: address('0x99'), name: 'x' }))).toBe('gone')
  })

  it('shows a key for the password alone, and of no account that is only watched', async () => {
    expect(await verbs.revealKey.act({ account: A, password: 'right' })).toEqual({ key: `0x${'ab'.repeat(32)}` })
    expect(await code(verbs.revealKey.act({ account: A, password: 'wrong' }))).toBe('wrongPassword')
    expect(await code(verbs.revealKey.act({ account: W, password: 'right' }))).toBe('blocked')
  })
})
