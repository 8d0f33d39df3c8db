import { hash } from 'starknet'
import { describe, expect, test } from 'vitest'
import { type AccountKind, hasSessions } from '../core/account.ts'
import { address, type ClassHash, felt } from '../core/felt.ts'
import {
  ARGENT_0_3_0,
  ARGENT_0_3_1,
  ARGENT_0_4_0,
  ARGENT_0_5_0,
  ARGENT_PROXY,
  accountKind,
  accountVersion,
  constructorCalldata,
  EVENTS,
  finishTakeOverCall,
  getEscapeCall,
  getEscapePeriodCall,
  getGuardianCall,
  getOwnerCall,
  isSessionRevokedCall,
  OPENZEPPELIN_1_0_0,
  ordinarySignature,
  ownerCalls,
  placeholderSignature,
  removeGuardianCall,
  revokeSessionCall,
  rotateGuardianCall,
  SELECTORS,
  setGuardianCall,
  takeOverCall,
  upgradeCall,
} from './accounts.ts'
import { selectorOf } from './selector.ts'
import { signerGuid } from './session-token.ts'
import vectors from './vectors/session-token.json' with { type: 'json' }

const OWNER = felt(vectors.pub.owner)
const GUARDIAN = felt(vectors.pub.guardian)
const plain = { ownerPublicKey: OWNER }
const both = { ...plain, guardianPublicKey: GUARDIAN }
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
      expect(constructorCalldata(kind, plain)).toEqual(vectors.ctor_owner_only.map((value) => felt(value)))
      expect(constructorCalldata(kind, both)).toEqual(vectors.ctor_owner_guardian.map((v) => felt(v)))
    }
  })

  test('constructors of the older classes and of OpenZeppelin', () => {
    expect(constructorCalldata('argent-0.3', plain)).toEqual([OWNER, '0x0'])
    expect(constructorCalldata('argent-0.3', both)).toEqual([OWNER, GUARDIAN])
    expect(constructorCalldata('openzeppelin', plain)).toEqual([OWNER])
    const implementation = felt(0x1234)
    const initialize = felt(hash.getSelectorFromName('initialize'))
    expect(constructorCalldata('argent-0.2', { ...plain, implementation })).toEqual([
      implementation,
      initialize,
      '0x2',
      OWNER,
      '0x0',
    ])
  })

  test('ordinary signatures: 5 felts without a guardian, 9 with one, the owner first', () => {
    expect(ordinarySignature('argent-0.4.0', owner)).toEqual(['0x1', '0x0', OWNER, '0x1', '0x2'])
    expect(ordinarySignature('argent-0.5.0', owner, guardian)).toEqual([
      '0x2',
      ...['0x0', OWNER, '0x1', '0x2'],
      ...['0x0', GUARDIAN, '0x3', '0x4'],
    ])
    expect(ordinarySignature('argent-0.3', owner, guardian)).toEqual(['0x1', '0x2', '0x3', '0x4'])
    for (const kind of ['argent-0.3', 'argent-0.2', 'openzeppelin', 'unknown'] as const)
      expect(ordinarySignature(kind, owner)).toEqual(['0x1', '0x2'])
  })

  test('placeholders are zeros of the same length', () => {
    for (const kind of ['argent-0.4.0', 'argent-0.5.0', 'argent-0.3', 'openzeppelin', 'unknown'] as const) {
      expect(placeholderSignature(kind, false)).toEqual(ordinarySignature(kind, owner).map(() => '0x0'))
      expect(placeholderSignature(kind, true)).toEqual(ordinarySignature(kind, owner, guardian).map(() => '0x0'))
    }
  })

  test('refuses: a constructor that is not known', () => {
    expect(() => constructorCalldata('unknown', plain)).toThrow(RangeError)
    expect(() => constructorCalldata('argent-0.2', plain)).toThrow(RangeError)
  })

  test('the version people know a class by; a proxy alone does not say it', () => {
    const versions = [ARGENT_0_5_0, ARGENT_0_3_0, OPENZEPPELIN_1_0_0, ARGENT_PROXY, felt(7)].map(accountVersion)
    expect(versions).toEqual(['0.5.0', '0.3.0', '1.0.0', undefined, undefined])
  })

  test('each class is asked for its owner in its own words, an unknown one in all of them', () => {
    const names = (kind: AccountKind) => ownerCalls(kind, ACCOUNT).map(({ selector }) => selector)
    expect(names('argent-0.4.0')).toEqual([selectorOf('get_owner')])
    expect(names('openzeppelin')).toEqual([selectorOf('get_public_key')])
    expect(names('argent-0.2')).toEqual([selectorOf('getSigner')])
    expect(names('unknown')).toEqual(['get_owner', 'get_public_key', 'getPublicKey', 'getSigner'].map(selectorOf))
    expect(ownerCalls('unknown', ACCOUNT).every(({ to, calldata }) => to === ACCOUNT && calldata.length === 0)).toBe(
      true,
    )
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

  test('take over, finish and upgrade, after sections 9 and 11', () => {
    const at = (name: string, calldata: readonly string[]) => ({ to: ACCOUNT, selector: selectorOf(name), calldata })
    // In Cairo, Some is 0, and so is a Starknet signer's type.
    expect(takeOverCall(ACCOUNT, NEW)).toEqual(at('trigger_escape_guardian', ['0x0', '0x0', NEW]))
    expect(finishTakeOverCall(ACCOUNT)).toEqual(at('escape_guardian', []))
    expect(upgradeCall(ACCOUNT, ARGENT_0_4_0)).toEqual(at('upgrade', [ARGENT_0_4_0, '0x0']))
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
    expect(getEscapePeriodCall(to)).toEqual({ to, selector: selectorOf('get_escape_security_period'), calldata: [] })
  })
})
