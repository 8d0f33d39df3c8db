import { type TypedDataRevision, typedData } from 'starknet'
import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { felt } from '../felt.ts'
import type { Asked } from './asked.ts'
import { readPolicy } from './codec.ts'
import { covers } from './edits.ts'
import type { MessageRule } from './policy.ts'
import { resolve } from './resolve.ts'
import { GAME, NOW, sampleResolve, sampleSession } from './samples.ts'
import { backingOf } from './wildcards.ts'
import { parseRequest } from './wire.ts'
import type { TypedDataHashes } from './wire-messages.ts'

const REVISION = '1' as TypedDataRevision
/** starknet.js, as a second implementation of SNIP-12. */
const hashes: TypedDataHashes = {
  scope: ({ domain, types, primary_type }) => {
    try {
      return {
        domainHash: felt(typedData.getStructHash(types as never, 'StarknetDomain', domain, REVISION)),
        typeHash: felt(typedData.getTypeHash(types as never, primary_type, REVISION)),
      }
    } catch {
      return undefined
    }
  },
  value: ({ types, primary_type }, path, value) => {
    let type = primary_type
    for (const name of path) {
      const member = types[type]?.find((one) => one.name === name)
      if (member === undefined) return undefined
      type = member.type
    }
    const isText = type === 'shortstring' || type === 'string'
    const as = type === 'u128' ? 'u128' : 'felt'
    const [, encoded] = typedData.encodeValue(types as never, type, value, {}, REVISION)
    return { as, to: as === 'u128' ? BigInt(encoded).toString() : felt(encoded), isText }
  },
}
const types = {
  StarknetDomain: [
    { name: 'name', type: 'shortstring' },
    { name: 'version', type: 'shortstring' },
    { name: 'chainId', type: 'shortstring' },
    { name: 'revision', type: 'shortstring' },
  ],
  Order: [
    { name: 'side', type: 'shortstring' },
    { name: 'amount', type: 'u128' },
  ],
}
const domain = { name: 'Market', version: '1', chainId: 'SN_SEPOLIA', revision: '1' }
const order = { domain, types, primary_type: 'Order' }
const fields = [
  { path: ['side'], op: 'eq', value: 'buy' },
  { path: ['amount'], op: 'lte', value: '100' },
]

function read(messages: unknown): readonly MessageRule[] | unknown {
  const calls = [{ contract_address: GAME, entry_point: 'move' }]
  const parsed = parseRequest({ calls, messages }, { now: NOW, selectorOf, typedData: hashes })
  if (!parsed.ok) return [parsed.error.code, (parsed.error.data as { at?: string }).at]
  const done = resolve(parsed.asked, sampleResolve(), NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  expect(readPolicy(done.policy)).toEqual(done.policy)
  return done.policy.messages
}

describe('rules for messages', () => {
  test('message scope without fields starts off', () => {
    expect(read([order])).toMatchObject([{ enabled: false }])
    expect(read([{ ...order, enabled: true }])).toMatchObject([{ enabled: false }])
    expect(read([{ ...order, fields: [] }])).toMatchObject([{ enabled: false }])
    expect(read([{ ...order, fields }])).toMatchObject([{ enabled: true }])
    expect(read([{ ...order, fields, enabled: false }])).toMatchObject([{ enabled: false }])
  })

  test('stand for one domain and one type, as they are hashed; fields for encoded values', () => {
    const [rule] = read([{ ...order, fields, max_messages: 7 }]) as MessageRule[]
    expect(rule).toEqual({
      id: 'm0',
      domainHash: felt(typedData.getStructHash(types, 'StarknetDomain', domain, REVISION)),
      typeHash: felt(typedData.getTypeHash(types, 'Order', REVISION)),
      fields: [
        { path: ['side'], as: 'felt', op: 'eq', to: [felt('0x627579')] }, // "buy"
        { path: ['amount'], as: 'u128', op: 'lte', to: ['100'] },
      ],
      caps: [{ window: { kind: 'session' }, max: 7 }],
      enabled: true,
      required: false,
    })
    expect(read([{ ...order, fields }])).toMatchObject([{ caps: [{ window: { kind: 'session' }, max: 100 }] }])
    const other = { ...order, domain: { ...domain, name: 'Other' } }
    expect((read([other, order]) as MessageRule[]).map(({ id }) => id)).toEqual(['m0', 'm1'])
    expect(read([other, order])).toEqual(read([order, other]))
  })

  test('refused: each with its path', () => {
    const field = (it: object) => [{ ...order, fields: [{ ...fields[1], ...it }] }]
    expect(read([order, { ...order, fields }])).toEqual([114, '/messages/1'])
    expect(read([{ ...order, types: {} }])).toEqual([114, '/messages/0'])
    expect(read([{ ...order, domain: { name: {} } }])).toEqual([114, '/messages/0/domain/name'])
    expect(read([{ ...order, more: 1 }])).toEqual([114, '/messages/0/more'])
    expect(read(field({ path: ['price'] }))).toEqual([114, '/messages/0/fields/0'])
    expect(read(field({ op: 'in' }))).toEqual([114, '/messages/0/fields/0/value'])
    expect(read(field({ value: ['1'] }))).toEqual([114, '/messages/0/fields/0/value'])
    expect(read(field({ op: 'in', value: [] }))).toEqual([114, '/messages/0/fields/0/value'])
    expect(read(field({ path: ['side'] }))).toEqual([114, '/messages/0/fields/0/op'])
    expect(read([{ ...order, max_messages: 1_000_001 }])).toEqual([215, '/messages/0/max_messages'])
    expect(read(Array.from({ length: 17 }, () => order))).toEqual([215, '/messages'])
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`T${at}`, types.Order]))
    expect(read([{ ...order, types: { ...types, ...many } }])).toEqual([215, '/messages/0/types'])
  })

  test('alone they are a session too, which this wallet holds by itself; with neither there is nothing to hold', () => {
    const alone = parseRequest(
      { calls: [], messages: [{ ...order, fields }] },
      { now: NOW, selectorOf, typedData: hashes },
    )
    if (!alone.ok) throw new Error(JSON.stringify(alone.error))
    const done = resolve(alone.asked, sampleResolve(), NOW)
    if (!done.ok) throw new Error(JSON.stringify(done.error))
    expect(done.policy).toMatchObject({ calls: [], messages: [{ id: 'm0', enabled: true }] })
    expect(backingOf(done.policy)).toBe('wallet')
    for (const messages of [undefined, []]) {
      const none = parseRequest({ calls: [], messages }, { now: NOW, selectorOf, typedData: hashes })
      expect(none.ok ? [] : [none.error.code, (none.error.data as { at?: string }).at]).toEqual([215, '/calls'])
    }
  })

  test('a running session answers for those it signs, and for no other', () => {
    const [side, amount] = fields
    const ask = (...messages: object[]) => {
      const parsed = parseRequest({ calls: [], messages }, { now: NOW, selectorOf, typedData: hashes })
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
      return parsed.asked
    }
    const session = (asked: Asked) => {
      const done = resolve(asked, sampleResolve(), NOW)
      if (!done.ok) throw new Error(JSON.stringify(done.error))
      return sampleSession(done.policy, { asked })
    }
    const whole = { ...order, fields, max_messages: 7 }
    const answers = (rule: object, running = session(ask(whole))) => covers(running, ask(rule), NOW)
    expect(answers(whole)).toBe(true)
    expect(answers({ ...order, fields })).toBe(true)
    expect(answers({ ...whole, max_messages: 6 })).toBe(true)
    expect(answers({ ...whole, max_messages: 8 })).toBe(false)
    expect(answers({ ...order, fields: [side] })).toBe(false)
    expect(answers({ ...order, fields: [side, { ...amount, value: '99' }] })).toBe(false)
    expect(answers({ ...order, fields: [...fields, { ...amount, op: 'gte', value: '1' }] })).toBe(true)
    expect(answers({ ...whole, domain: { ...domain, name: 'Other' } })).toBe(false)
    expect(answers(whole, session(ask({ ...whole, enabled: false })))).toBe(false)
    expect(answers({ ...whole, enabled: false }, session(ask({ ...whole, enabled: false })))).toBe(true)
    const move = [{ contract_address: GAME, entry_point: 'move' }]
    const plain = parseRequest({ calls: move }, { now: NOW, selectorOf })
    const both = parseRequest({ calls: move, messages: [whole] }, { now: NOW, selectorOf, typedData: hashes })
    if (!plain.ok || !both.ok) throw new Error('unreadable')
    expect(covers(session(plain.asked), both.asked, NOW)).toBe(false)
    expect(covers(session(both.asked), plain.asked, NOW)).toBe(true)
  })
})
