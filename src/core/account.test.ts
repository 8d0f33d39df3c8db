import { describe, expect, test } from 'vitest'
import { type AccountKind, type ChainState, hasSessions, isOwn, missingSteps, readiness, stepsFor } from './account.ts'
import { accountRecord } from './account-codec.ts'
import { address, type ClassHash, felt } from './felt.ts'
import type { AccountRecord, OwnAccount, WatchedAccount } from './records.ts'
import { decode } from './schema.ts'

const GUARDIAN = felt(0x2002)
const base = { address: address('0xa1'), name: 'Main', order: 1, createdAt: 9 }
const own: OwnAccount = {
  ...base,
  classHash: felt(0xc1a55) as ClassHash,
  owner: { from: 'phrase', scheme: 'ready', index: 3 },
  ownerPublicKey: felt(0x1001),
  guardian: { publicKey: GUARDIAN, generation: 0 },
}
const watched: WatchedAccount = { ...base, owner: { from: 'nowhere' } }

const there = (kind: AccountKind, guardian = felt(0)): ChainState => ({
  at: 5,
  classHash: felt(0xc1a55) as ClassHash,
  kind,
  guardian,
})
const absent = (kind: AccountKind): ChainState => ({ at: 5, kind, guardian: felt(0) })

describe('what is missing before a session', () => {
  test.each([
    ['our second key is set', there('argent-0.4.0', GUARDIAN), 'on_chain', []],
    ['no second key', there('argent-0.5.0'), 'needs_enable', ['enable']],
    ['not deployed', absent('argent-0.4.0'), 'needs_deploy', ['deploy', 'enable']],
    ['not deployed, of a class without sessions', absent('openzeppelin'), 'needs_deploy', ['deploy']],
    ['somebody else has the second key', there('argent-0.4.0', felt(7)), 'off', []],
    ['an older class with a second key of somebody else', there('argent-0.3', felt(7)), 'off', []],
    ['an older class', there('argent-0.3'), 'wallet', []],
    ['a plain account', there('openzeppelin'), 'wallet', []],
    ['a class nobody knows', there('unknown'), 'wallet', []],
    ['Cairo 0, which takes no transaction of today', there('argent-0.2'), 'off', []],
  ] as const)('%s', (_what, state, ready, steps) => {
    expect(readiness(state, own)).toBe(ready)
    expect(missingSteps(state, own)).toEqual(steps)
  })

  test('what only this wallet holds needs no second key, and an account that is there', () => {
    const [empty, alone] = [absent('argent-0.4.0'), there('argent-0.4.0')]
    expect([empty, alone].map((state) => stepsFor('wallet', state, own))).toEqual([['deploy'], []])
    expect([empty, alone].map((state) => stepsFor('chain', state, own))).toEqual([['deploy', 'enable'], ['enable']])
  })

  test('a watched account is off whatever the chain says', () => {
    expect(isOwn(own)).toBe(true)
    expect(isOwn(watched)).toBe(false)
    for (const state of [there('argent-0.4.0', GUARDIAN), there('openzeppelin'), absent('argent-0.4.0')]) {
      expect(readiness(state, watched)).toBe('off')
      expect(missingSteps(state, watched)).toEqual([])
    }
  })

  test('two classes have sessions on chain, and no other', () => {
    const kinds = ['argent-0.5.0', 'argent-0.4.0', 'argent-0.3', 'argent-0.2', 'openzeppelin', 'unknown'] as const
    expect(kinds.filter(hasSessions)).toEqual(['argent-0.5.0', 'argent-0.4.0'])
  })
})

describe('a row from outside', () => {
  const key: AccountRecord = {
    ...own,
    owner: { from: 'key' },
    hidden: true,
    guardian: { ...own.guardian, stood: ['devnet'] },
    retired: [{ publicKey: felt(9), generation: 0 }],
  }
  test.each([own, key, watched])('$owner.from is read as it was written', (account) => {
    expect(decode(accountRecord, JSON.parse(JSON.stringify(account)))).toEqual({ ok: true, value: account })
  })

  test.each([
    ['a watched one with a key', { ...watched, ownerPublicKey: '0x1' }],
    ['one of its own without a second key', { ...own, guardian: undefined }],
    ['an index that no tree has', { ...own, owner: { from: 'phrase', scheme: 'ready', index: 2 ** 31 } }],
    ['a scheme nobody knows', { ...own, owner: { from: 'phrase', scheme: 'ledger', index: 0 } }],
    ['hidden: false, which has another spelling', { ...own, hidden: false }],
    ['an address out of range', { ...own, address: `0x${'f'.repeat(64)}` }],
    ['a member nobody asked for', { ...own, privateKey: '0x1' }],
    ['a name that is longer than any', { ...own, name: 'x'.repeat(65) }],
    ['nothing', null],
  ])('refuses: %s', (_what, row) => {
    expect(decode(accountRecord, row).ok).toBe(false)
  })
})
