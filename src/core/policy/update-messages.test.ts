import { describe, expect, test } from 'vitest'
import { messageRules } from '../../cold/message-rules.ts'
import { selectorOf } from '../../starknet/selector.ts'
import type { Asked } from './asked.ts'
import { covers } from './edits.ts'
import { explain } from './explain.ts'
import { explainChange } from './explain-change.ts'
import { narrows } from './narrow.ts'
import type { SessionPolicy } from './policy.ts'
import { resolve } from './resolve.ts'
import { ACCOUNT, GAME, NOW, sampleResolve, sampleSession } from './samples.ts'
import { updated } from './update.ts'
import { parseRequest, parseUpdate } from './wire.ts'
import { printPolicy } from './wire-print.ts'

const ctx = { now: NOW, selectorOf, typedData: messageRules }
const types = {
  StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
  Order: [
    { name: 'side', type: 'shortstring' },
    { name: 'amount', type: 'u128' },
  ],
}
const of = (name: string) => ({
  domain: { name, version: '1', chainId: 'SN_SEPOLIA', revision: '1' },
  types,
  primary_type: 'Order',
})
const buy = { path: ['side'], op: 'eq', value: 'buy' }
const most = (value: string) => ({ path: ['amount'], op: 'lte', value })
const market = { ...of('Market'), fields: [buy, most('100')], max_messages: 7, required: true }
const stall = { ...of('Stall'), fields: [most('9')], max_messages: 3 }
const move = { contract_address: GAME, entry_point: 'move' }

const asked = ask({ calls: [move], messages: [market, stall], duration: 3_600 })
const granted = grant(asked)

function ask(json: object): Asked {
  const parsed = parseRequest(json, ctx)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.asked
}
function grant(of: Asked): SessionPolicy {
  const done = resolve(of, sampleResolve(), NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
function change(json: object, before = { effective: granted, asked }) {
  const parsed = parseUpdate({ id: 'a', ...json }, ctx)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  const done = updated(before, parsed.update, sampleResolve(), NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done
}
/** By the name of its domain: the order is that of hashes. */
const nameOf = ({ messages = [] }: Asked) => messages.map(({ written }) => String(written.domain.name))
function rulesOf({ policy, asked: after }: { readonly policy: SessionPolicy; readonly asked: Asked }) {
  return Object.fromEntries(nameOf(after).map((name, index) => [name, policy.messages[index]]))
}

describe('rules for messages in an update', () => {
  test('less is so at once: fewer, more conditions, a smaller list; a rule that is not named is off', () => {
    const fewer = change({ messages: [{ ...market, max_messages: 6 }, stall] })
    expect(fewer.wider).toEqual([])
    expect(rulesOf(fewer).Market).toMatchObject({ caps: [{ max: 6 }], required: true, enabled: true })
    const stricter = change({ messages: [market, { ...stall, fields: [most('9'), buy] }] })
    expect(stricter.wider).toEqual([])
    expect(rulesOf(stricter).Stall?.fields).toHaveLength(2)
    const one = change({ messages: [market] })
    expect(one.wider).toEqual([])
    expect(rulesOf(one)).toMatchObject({ Market: { enabled: true }, Stall: { enabled: false } })
    expect(change({ messages: [] }).policy.messages.map(({ enabled }) => enabled)).toEqual([false, false])
    for (const { policy } of [fewer, stricter, one]) {
      expect(narrows(policy, granted)).toBe(true)
      expect(policy.messages.map(({ id }) => id)).toEqual(['m0', 'm1'])
    }
    expect(change({ usage: { max_transactions: 1 } }).policy.messages).toEqual(granted.messages)
  })

  test('more is asked: more often, one condition less or another, switched on again, a new kind', () => {
    const wider = (...messages: object[]) => change({ messages }).wider
    const at = (name: string) => `/messages/${nameOf(asked).indexOf(name)}`
    expect(wider({ ...market, max_messages: 8 }, stall)).toEqual([`${at('Market')}/caps`])
    expect(wider({ ...market, fields: [buy] }, stall)).toEqual([`${at('Market')}/fields`])
    expect(wider({ ...market, fields: [buy, most('101')] }, stall)).toEqual([`${at('Market')}/fields`])
    // A smaller value is another condition: nobody compares them.
    expect(wider({ ...market, fields: [buy, most('99')] }, stall)).toEqual([`${at('Market')}/fields`])
    const off = change({ messages: [market] })
    expect(change({ messages: [market, stall] }, { effective: off.policy, asked }).wider).toEqual([
      `${at('Stall')}/enabled`,
    ])
    const third = change({ messages: [market, stall, { ...of('Third'), fields: [buy] }] })
    expect(third.wider).toContain('/messages')
    expect(third.policy.messages.map(({ id }) => id)).toEqual(['m0', 'm1', 'm2'])
    expect(Object.keys(rulesOf(third)).sort()).toEqual(['Market', 'Stall', 'Third'])
    expect(third.asked.messages?.map(({ typeHash, domainHash }) => [typeHash, domainHash])).toEqual(
      third.policy.messages.map(({ typeHash, domainHash }) => [typeHash, domainHash]),
    )
  })

  test('switched off by their ids, which are those of before', () => {
    const { policy, wider } = change({ disable_rules: ['m1'] })
    expect(wider).toEqual([])
    expect(policy.messages.map(({ enabled }) => enabled)).toEqual([true, false])
    const named = change({ messages: [market, stall, { ...of('Third'), fields: [buy] }], disable_rules: ['m0'] })
    const first = nameOf(asked)[0] ?? ''
    expect(rulesOf(named)[first]).toMatchObject({ enabled: false })
    expect(Object.values(rulesOf(named)).filter((rule) => rule?.enabled)).toHaveLength(2)
  })

  test('what is enforced is what its site reads and can ask for again, each value as it wrote it', () => {
    const after = change({
      messages: [
        { ...market, max_messages: 6 },
        { ...stall, fields: [most('9'), buy] },
      ],
    })
    const printed = printPolicy(after.policy, after.asked.messages)
    const again = ask(printed)
    expect(grant(again).messages).toEqual(after.policy.messages)
    expect(covers(sampleSession(after.policy, { asked: after.asked, account: ACCOUNT }), again, NOW)).toBe(true)
    const fields = printed.messages?.flatMap((rule) => rule.fields ?? [])
    for (const field of [buy, most('100'), most('9')]) expect(fields).toContainEqual(field)
    // Whoever knows the old request alone still tells the truth, in felts.
    const old = printPolicy(after.policy, asked.messages)
    expect(grant(ask(old)).messages).toEqual(after.policy.messages)
  })

  test('the difference is read by what a rule is about, where a new one takes its place in the order too', () => {
    const third = { ...of('Third'), fields: [buy] }
    const after = change({ messages: [{ ...market, fields: [buy] }, third, stall] })
    const facts = {
      ...{ host: 'h', account: ACCOUNT, tokens: {}, names: {}, actions: {}, backing: 'chain' as const },
      ...{ runWhileLocked: true, words: {}, balances: {}, allowances: [], replaceable: [], enterable: [] },
    }
    const said = (policy: SessionPolicy, { messages = [] }: Asked) => explain(policy, { ...facts, messages }, NOW)
    const { limits, gone } = explainChange(
      { policy: granted, said: said(granted, asked) },
      { policy: after.policy, said: said(after.policy, after.asked) },
    )
    const rule = rulesOf(after).Third
    expect(Object.keys(limits).filter((id) => id === `msg:${rule?.domainHash}:${rule?.typeHash}`)).toHaveLength(1)
    expect(Object.values(limits)).toEqual([null, null])
    expect(JSON.stringify(gone)).toContain('"100"')
    expect(gone).toHaveLength(1)
  })

  test('refused: too many, also with those that are off', () => {
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => ({ ...of(`M${from + at}`), fields: [buy] }))
    const full = change({ messages: many(0, 14) })
    const before = { effective: full.policy, asked: full.asked }
    const parsed = parseUpdate({ id: 'a', messages: many(14, 15) }, ctx)
    if (!parsed.ok) throw new Error('unreadable')
    const done = updated(before, parsed.update, sampleResolve(), NOW)
    expect(done.ok ? [] : [done.error.code, (done.error.data as { at: string }).at]).toEqual([215, '/messages'])
  })
})
