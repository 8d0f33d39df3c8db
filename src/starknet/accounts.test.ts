import { hash } from 'starknet'
import { describe, expect, test } from 'vitest'
import { address, type ClassHash, felt } from '../core/felt.ts'
import {
  ARGENT_0_3_0,
  ARGENT_0_3_1,
  ARGENT_0_4_0,
  ARGENT_0_5_0,
  accountKind,
  constructorCalldata,
  EVENTS,
  getEscapeCall,
  getGuardianCall,
  getOwnerCall,
  hasSessions,
  isSessionRevokedCall,
  ordinarySignature,
  placeholderSignature,
  removeGuardianCall,
  revokeSessionCall,
  rotateGuardianCall,
  SELECTORS,
  setGuardianCall,
} from './accounts.ts'
import { selectorOf } from './selector.ts'
import { signerGuid } from './session-token.ts'
import vectors from './vectors/session-token.json' with { type: 'json' }

const OWNER = felt(vectors.pub.owner)
const GUARDIAN = felt(vectors.pub.guardian)
const ACCOUNT = address(vectors.addr_owner_only)
const owner = { publicKey: OWNER, signature: { r: felt(1), s: felt(2) } }
const guardian = { publicKey: GUARDIAN, signature: { r: felt(3), s: felt(4) } }

test('a class is known by its hash, and no other is guessed', () => {
  expect([ARGENT_0_4_0, ARGENT_0_5_0, ARGENT_0_3_1, ARGENT_0_3_0].map(accountKind)).toEqual([
    'argent-0.4.0',
    'argent-0.5.0',
    'argent-0.3',
    'argent-0.3',
  ])
  expect(accountKind(felt(BigInt(ARGENT_0_4_0) + 1n) as ClassHash)).toBe('unknown')
  expect((['argent-0.4.0', 'argent-0.5.0', 'argent-0.3', 'unknown'] as const).map(hasSessions)).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('every selector and event key is the hash of its name', () => {
  for (const [name, selector] of Object.entries(SELECTORS)) expect(selector).toBe(selectorOf(name))
  for (const [name, key] of Object.entries(EVENTS)) expect(key).toBe(felt(hash.getSelectorFromName(name)))
})

describe('constructor and signatures', () => {
  test('constructor of 0.4.0 and 0.5.0: in Cairo, Some is 0 and None is 1', () => {
    for (const kind of ['argent-0.4.0', 'argent-0.5.0'] as const) {
      expect(constructorCalldata(kind, OWNER)).toEqual(vectors.ctor_owner_only.map((value) => felt(value)))
      expect(constructorCalldata(kind, OWNER, GUARDIAN)).toEqual(vectors.ctor_owner_guardian.map((v) => felt(v)))
    }
    expect(constructorCalldata('argent-0.3', OWNER)).toEqual([OWNER, '0x0'])
    expect(constructorCalldata('argent-0.3', OWNER, GUARDIAN)).toEqual([OWNER, GUARDIAN])
  })

  test('ordinary signatures: 5 felts without a guardian, 9 with one, the owner first', () => {
    expect(ordinarySignature('argent-0.4.0', owner)).toEqual(['0x1', '0x0', OWNER, '0x1', '0x2'])
    expect(ordinarySignature('argent-0.5.0', owner, guardian)).toEqual([
      '0x2',
      ...['0x0', OWNER, '0x1', '0x2'],
      ...['0x0', GUARDIAN, '0x3', '0x4'],
    ])
    expect(ordinarySignature('argent-0.3', owner, guardian)).toEqual(['0x1', '0x2', '0x3', '0x4'])
    expect(ordinarySignature('argent-0.3', owner)).toEqual(['0x1', '0x2'])
  })

  test('placeholders are zeros of the same length', () => {
    for (const kind of ['argent-0.4.0', 'argent-0.5.0', 'argent-0.3'] as const) {
      expect(placeholderSignature(kind, false)).toEqual(ordinarySignature(kind, owner).map(() => '0x0'))
      expect(placeholderSignature(kind, true)).toEqual(ordinarySignature(kind, owner, guardian).map(() => '0x0'))
    }
  })

  test('refuses: an unknown class', () => {
    expect(() => constructorCalldata('unknown', OWNER)).toThrow(RangeError)
    expect(() => ordinarySignature('unknown', owner)).toThrow(RangeError)
    expect(() => placeholderSignature('unknown', false)).toThrow(RangeError)
  })
})

describe('self-calls', () => {
  const NEW = felt(0x77)
  const guid = signerGuid(GUARDIAN)

  test('set, rotate and remove the guardian, after the table of section 8', () => {
    const four = 'argent-0.4.0'
    const five = 'argent-0.5.0'
    const change = selectorOf('change_guardian')
    const changes = selectorOf('change_guardians')
    const at = (selector: typeof change, calldata: readonly string[]) => ({ to: ACCOUNT, selector, calldata })
    expect(setGuardianCall(four, ACCOUNT, GUARDIAN)).toEqual(at(change, ['0x0', '0x0', GUARDIAN]))
    expect(setGuardianCall(five, ACCOUNT, GUARDIAN)).toEqual(at(changes, ['0x0', '0x1', '0x0', GUARDIAN]))
    expect(rotateGuardianCall(four, ACCOUNT, GUARDIAN, NEW)).toEqual(at(change, ['0x0', '0x0', NEW]))
    expect(rotateGuardianCall(five, ACCOUNT, GUARDIAN, NEW)).toEqual(at(changes, ['0x1', guid, '0x1', '0x0', NEW]))
    expect(removeGuardianCall(four, ACCOUNT, GUARDIAN)).toEqual(at(change, ['0x1']))
    expect(removeGuardianCall(five, ACCOUNT, GUARDIAN)).toEqual(at(changes, ['0x1', guid, '0x0']))
  })

  test('revoke, and what is read', () => {
    const sessionHash = felt(vectors.SN_SEPOLIA.session_hash_og)
    const to = ACCOUNT
    expect(revokeSessionCall(to, sessionHash)).toEqual({
      to,
      selector: selectorOf('revoke_session'),
      calldata: [sessionHash],
    })
    expect(isSessionRevokedCall(to, sessionHash)).toEqual({
      to,
      selector: selectorOf('is_session_revoked'),
      calldata: [sessionHash],
    })
    expect(getGuardianCall(to)).toEqual({ to, selector: selectorOf('get_guardian'), calldata: [] })
    expect(getOwnerCall(to)).toEqual({ to, selector: selectorOf('get_owner'), calldata: [] })
    expect(getEscapeCall(to)).toEqual({ to, selector: selectorOf('get_escape_and_status'), calldata: [] })
  })
})
