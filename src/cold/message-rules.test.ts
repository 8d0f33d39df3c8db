import { describe, expect, test } from 'vitest'
import catalogue from '../../public/_locales/en/messages.json'
import type { Asked } from '../core/policy/asked.ts'
import { messageDetails, messageHeld, messageRisks, messageRows } from '../core/policy/explain-messages.ts'
import type { SessionPolicy } from '../core/policy/policy.ts'
import { resolve } from '../core/policy/resolve.ts'
import { GAME, NOW, sampleResolve } from '../core/policy/samples.ts'
import { parseRequest } from '../core/policy/wire.ts'
import { printPolicy } from '../core/policy/wire-print.ts'
import { type Line, say } from '../core/words.ts'
import { selectorOf } from '../starknet/selector.ts'
import { messageRules } from './message-rules.ts'
import { OUTSIDE_TYPES } from './samples.ts'
import { hashTypedData, readTypedData } from './typed-data.ts'

const types = {
  StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
  Order: [
    { name: 'side', type: 'shortstring' },
    { name: 'note', type: 'string' },
    { name: 'leg', type: 'Leg' },
    { name: 'expires', type: 'timestamp' },
    { name: 'change', type: 'i128' },
  ],
  Leg: [
    { name: 'token', type: 'ContractAddress' },
    { name: 'amount', type: 'u256' },
  ],
}
const domain = { name: 'Bazaar', version: '1', chainId: 'SN_SEPOLIA', revision: '1' }
const order = { domain, types, primary_type: 'Order' }
/** Its domain's type has no name, so what stands there is hashed by nobody. */
const unnamed = {
  ...order,
  types: { ...types, StarknetDomain: types.StarknetDomain.filter(({ name }) => name !== 'name') },
}
const fields = [
  { path: ['side'], op: 'in', value: ['buy', 'sell'] },
  { path: ['note'], op: 'eq', value: 'from the bazaar' },
  { path: ['leg', 'token'], op: 'eq', value: '0x05' },
  { path: ['leg', 'amount'], op: 'lte', value: '100' },
  { path: ['expires'], op: 'gte', value: '1893456000' },
]

function read(...messages: object[]) {
  const calls = [{ contract_address: GAME, entry_point: 'move' }]
  return parseRequest({ calls, messages }, { now: NOW, selectorOf, typedData: messageRules })
}
function granted(...messages: object[]): { readonly policy: SessionPolicy; readonly asked: Asked } {
  const parsed = read(...messages)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const { asked } = parsed
  const resolved = resolve(asked, sampleResolve(), NOW)
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.error))
  return { policy: resolved.policy, asked }
}
const refusal = (...messages: object[]) => {
  const parsed = read(...messages)
  return parsed.ok ? 'read' : [parsed.error.code, (parsed.error.data as { at?: string }).at]
}
const said = (it: Line) => say(it, catalogue, { locale: 'en', zone: 'UTC', now: NOW })

describe('rules about messages', () => {
  test('a rule stands for the message that a site would have signed', () => {
    const [rule] = granted({ ...order, fields }).policy.messages
    const message = {
      side: 'buy',
      note: 'from the bazaar',
      leg: { token: '0x5', amount: { low: '100', high: '0' } },
      expires: 1893456000,
      change: '-5',
    }
    const hashed = hashTypedData(readTypedData({ types, domain, primaryType: 'Order', message }))
    expect([rule?.domainHash, rule?.typeHash]).toEqual([hashed.domainHash, hashed.typeHash])
    for (const { path, to } of rule?.fields ?? []) {
      expect([path, to.map(BigInt)]).toEqual([path, expect.arrayContaining([hashed.valueAt(path)])])
    }
  })

  test('message scope without fields starts off', () => {
    expect(granted(order).policy.messages.map(({ enabled }) => enabled)).toEqual([false])
    expect(granted({ ...order, fields }).policy.messages.map(({ enabled }) => enabled)).toEqual([true])
  })

  test('reserved messages however spelled have no rule', () => {
    const names = [
      'SessionAccount.session',
      '0x53657373696f6e4163636f756e742e73657373696f6e',
      'sessionaccount.session',
      'Account.execute_from_outside',
      'Account.execute_session',
      'ArgentSession',
    ]
    for (const name of names) {
      expect([name, refusal({ ...order, domain: { ...domain, name }, fields })]).toEqual([name, [114, '/messages/0']])
    }
    const outside = {
      ...OUTSIDE_TYPES,
      StarknetDomain: types.StarknetDomain,
    }
    expect(refusal({ domain, types: outside, primary_type: 'OutsideExecution', fields: [] })).toEqual([
      114,
      '/messages/0',
    ])
  })

  test('a field that is nowhere, of several values, or in no order is refused where it stands', () => {
    const one = (field: object) => refusal({ ...order, fields: [field] })
    expect(one({ path: ['none'], op: 'eq', value: '1' })).toEqual([114, '/messages/0/fields/0'])
    expect(one({ path: ['leg'], op: 'eq', value: '1' })).toEqual([114, '/messages/0/fields/0'])
    expect(one({ path: ['leg', 'token'], op: 'eq', value: 'me' })).toEqual([114, '/messages/0/fields/0'])
    for (const path of ['side', 'note', 'change']) {
      const value = path === 'change' ? '-5' : 'buy'
      expect(one({ path: [path], op: 'lte', value })).toEqual([114, '/messages/0/fields/0/op'])
    }
  })

  test('what is printed is what gives the same policy again', () => {
    const { policy, asked } = granted({ ...order, fields, max_messages: 7, required: true })
    const printed = JSON.parse(JSON.stringify(printPolicy(policy, asked.messages))) as { messages: object[] }
    expect(printed.messages).toHaveLength(1)
    expect(granted(...printed.messages).policy.messages).toEqual(policy.messages)
  })

  test('they are told in words, with who holds them and what they may do', () => {
    const { policy, asked } = granted(
      { ...order, fields, max_messages: 7, required: true },
      { ...order, domain: { ...domain, version: '2' } },
    )
    const naming = { tokens: {}, names: {}, actions: {}, messages: asked.messages ?? [] }
    const rows = messageRows(policy, naming)
    expect(new Set(rows.map(({ by }) => by))).toEqual(new Set(['wallet']))
    expect(
      [
        ...rows.map((row) => said(row.line)),
        ...messageRisks(policy).map((it) => said(it.line)),
        ...messageHeld(policy).map(said),
      ].sort(),
    ).toMatchInlineSnapshot(`
      [
        "A message can move money without a transaction.",
        "Signs messages only while this wallet is unlocked",
        "expires at least 1893456000",
        "leg.amount at most 100",
        "leg.token exactly 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0005",
        "note exactly from the bazaar",
        "side one of buy and sell",
        "signs “Order” for “Bazaar”, at most 7 times in all",
        "“Order” for “Bazaar” is off: each one is asked (at most 100 times in all)",
      ]
    `)
    expect(messageDetails(policy, naming)).toHaveLength(8)
    // Without the site's own names the hashes stand for themselves.
    expect(said(messageRows(policy, { ...naming, messages: [] })[0]!.line)).toMatch(/0x[0-9a-f]{60}/)
  })
})

test('refuses: a rule whose name no hash knows', () => {
  expect(messageRules.scope(order)).toBeDefined()
  expect(messageRules.scope(unnamed)).toBeUndefined()
})
