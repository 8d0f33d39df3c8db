import { describe, expect, it } from 'vitest'
import { ADDRESS_BOUND, type Address, address, padded } from './felt.ts'
import { type RecipientFacts, recipientOf } from './recipient.ts'
import { inFours } from './words.ts'

const ME = address('0x42a676b6b29db00fdd59342c671340d42d6f64e11afff6c841a55dc02541a4d')
const SAVINGS = address('0x31801b6c7f5a2e9d0c4b83f7a61e5d2c9b08f7a6e5d4c3b2a1f0e9d8c7b90ac')
const ANA = address('0x7d1aa03c5cf2f9a4be3c1d2aa1dff0b2aee0a7d6d98ce1f6a7a2b8f01c3e2f0')
const SHOP = address('0x1c37a529be04f186d2ac95e7b3380f1d46aa2c97751e08b3fd0629c4e15a09e')
const NEW = address('0x5aaa1111222233334444555566667777888899990000aaaabbbbccccddddeee')
const facts: RecipientFacts = {
  account: ME,
  own: [
    { address: ME, name: 'Game' },
    { address: SAVINGS, name: 'Savings' },
  ],
  contacts: [{ address: ANA, name: 'Ana' }],
  used: { [SHOP]: 4 },
  there: 'contract',
}
/** Another address with the ends of this one. */
const like = (of: Address): Address => {
  const full = padded(of)
  return address(`${full.slice(0, 6)}${'ab'.repeat(28)}${full.slice(-4)}`)
}
const kinds = (typed: string, more: Partial<RecipientFacts> = {}) => {
  const found = recipientOf(typed, { ...facts, ...more })
  return found.ok ? found.risks.map(({ kind }) => kind) : found.why
}

describe('each row of the checks', () => {
  it.each([
    ['an Ethereum address', '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045', 'ethereum'],
    ['0', '0x0', 'zero'],
    ['0, padded', `0x${'0'.repeat(64)}`, 'zero'],
    ['the first that is no address', `0x${ADDRESS_BOUND.toString(16)}`, 'tooLarge'],
    ['more than a felt', `0x${'f'.repeat(64)}`, 'tooLarge'],
    ['a digit too many', `0x0${padded(ANA).slice(2)}`, 'tooLarge'],
    ['no hex', 'ana', 'notHex'],
    ['a name', 'ana.stark', 'notHex'],
    ['decimal', '123456789', 'notHex'],
    ['without 0x', padded(ANA).slice(2), 'notHex'],
    ['0x alone', '0x', 'notHex'],
    ['a letter that is none', padded(ANA).replace('a', '\u0430'), 'notHex'],
    ['an emoji', '0x12\u{1F600}34', 'notHex'],
    ['two addresses', `${padded(ANA)} ${padded(SHOP)}`, 'notHex'],
    ['a megabyte', `0x${'a'.repeat(1_000_000)}`, 'notHex'],
    ['nothing', '   ', 'empty'],
    ['the account itself', padded(ME), 'self'],
    ['the account itself, unpadded and in capitals', `0x${ME.slice(2).toUpperCase()}`, 'self'],
  ])('refuses: %s', (_, typed, why) => {
    expect(kinds(typed)).toBe(why)
  })
  it.each([
    ['an own account', SAVINGS],
    ['a contact', ANA],
    ['one that was used', SHOP],
  ])('danger: it begins and ends like %s, and is another', (_, known) => {
    expect(kinds(like(known))).toEqual(['lookAlike', 'new'])
    expect(kinds(known)).toEqual([])
  })
  it('danger: a token contract, also one that was used before', () => {
    expect(kinds(NEW, { there: 'token' })).toEqual(['token', 'new'])
    expect(kinds(SHOP, { there: 'token' })).toEqual(['token'])
  })
  it('warns: never used by this person', () => {
    expect(kinds(NEW)).toEqual(['new'])
  })
  it('warns: nothing is deployed there, also at a contact', () => {
    expect(kinds(NEW, { there: 'nothing' })).toEqual(['new', 'notDeployed'])
    expect(kinds(ANA, { there: 'nothing' })).toEqual(['notDeployed'])
  })
  it('says that the node has not said what is there', () => {
    const { there: _there, ...silent } = facts
    expect(recipientOf(ANA, silent)).toMatchObject({ risks: [{ kind: 'unknown' }] })
    expect(recipientOf(ANA, { ...facts, there: 'asking' })).toMatchObject({ risks: [] })
  })
  it('says who it is: an own account, a contact, one used four times', () => {
    expect(recipientOf(SAVINGS, facts)).toMatchObject({ known: 'own', name: 'Savings', times: 0 })
    expect(recipientOf(ANA, facts)).toMatchObject({ known: 'contact', name: 'Ana' })
    expect(recipientOf(SHOP, facts)).toMatchObject({ known: 'used', times: 4 })
    expect(recipientOf(NEW, facts)).toMatchObject({ known: 'new', times: 0 })
  })
})

it('reads an address as this wallet shows it, in groups and lines', () => {
  const grouped = inFours(ANA)
  expect(recipientOf(`  ${grouped.slice(0, 40)}\n${grouped.slice(40)} `, facts)).toMatchObject({
    ok: true,
    address: ANA,
  })
})
it('a contact that looks like another known one is not suspected: the person gave it a name', () => {
  const twin = like(SHOP)
  expect(kinds(twin, { contacts: [{ address: twin, name: 'Twin' }] })).toEqual([])
})
