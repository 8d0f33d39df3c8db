import { describe, expect, test } from 'vitest'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { DAY } from '../time.ts'
import { type Asked, listedBy } from './asked.ts'
import { applyEdits, covers } from './edits.ts'
import { evaluate } from './evaluate.ts'
import { narrows } from './narrow.ts'
import type { SessionPolicy } from './policy.ts'
import { resolve } from './resolve.ts'
import {
  ACCOUNT,
  BUY,
  call,
  GAME,
  MOVE,
  NOW,
  STRANGER,
  sampleBook,
  sampleFacts,
  sampleResolve,
  sampleSession,
  sampleTx,
  strk,
  USD,
} from './samples.ts'
import { updated } from './update.ts'
import { parseRequest, parseUpdate } from './wire.ts'

const SELF = 'a'
const request = {
  calls: [
    { contract_address: GAME, entry_point: 'move', required: true, label: 'Move' },
    { contract_address: GAME, entry_point: 'buy', max_calls: 9, label: 'Buy' },
    { contract_address: STRK, entry_point: 'transfer' },
  ],
  deny: [{ contract_address: GAME, entry_point: 'sell' }],
  spend_limits: [{ token: STRK, total: strk(25), per_period: { amount: strk(5), seconds: 3_600 } }],
  usage: { max_transactions: 200 },
  duration: 3_600,
}
const move = { contract_address: GAME, entry_point: 'move' }
const buy = { contract_address: GAME, entry_point: 'buy', max_calls: 9 }
const pay = { contract_address: STRK, entry_point: 'transfer' }

const asked = ask()
const granted = grant(asked)

function ask(json: object = request): Asked {
  const parsed = parseRequest(json, { now: NOW, selectorOf })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.asked
}
function grant(of: Asked): SessionPolicy {
  const done = resolve(of, sampleResolve(), NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
function tried(json: object, effective: SessionPolicy = granted, at = NOW + 600, facts = sampleResolve()) {
  const parsed = parseUpdate({ id: SELF, ...json }, { now: at, selectorOf })
  if (!parsed.ok) return parsed
  return updated({ effective, asked }, parsed.update, facts, at)
}
function change(...given: Parameters<typeof tried>) {
  const done = tried(...given)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  if (done.wider.length === 0) expect(narrows(done.policy, given[1] ?? granted)).toBe(true)
  return done
}
const errorOf = (...given: Parameters<typeof tried>) => {
  const done = tried(...given)
  return done.ok ? undefined : { code: done.error.code, ...(done.error.data as object) }
}
const spend = (policy: SessionPolicy) => policy.spend.limits.map((limit) => limit.asset === 'erc20' && limit.caps)

describe('an update that names one member', () => {
  test('leaves all others as they are enforced', () => {
    const { policy, wider } = change({ usage: { max_transactions: 100 } })
    expect(wider).toEqual([])
    expect({ ...policy, usage: granted.usage }).toEqual(granted)
    expect(policy.usage.tx).toContainEqual({ window: { kind: 'session' }, max: 100 })
  })
  test('lowers a limit at once, and raises it only with an approval', () => {
    expect(change({ spend_limits: [{ ...request.spend_limits[0], total: strk(7) }] }).wider).toEqual([])
    expect(change({ spend_limits: [{ ...request.spend_limits[0], total: strk(26) }] }).wider).toEqual([
      '/spend/limits/0/caps',
    ])
  })
  test('counts a window that names no anchor from the start of the session', () => {
    const { policy, wider } = change({
      spend_limits: [{ token: STRK, total: strk(25), per_period: { amount: strk(4), seconds: 3_600 } }],
    })
    expect(wider).toEqual([])
    expect(spend(policy)[0]).toContainEqual({
      window: { kind: 'fixed', seconds: 3_600, anchor: granted.validAfter },
      max: strk(4),
    })
  })
  test('drops what its list leaves out where less of it means less', () => {
    const { policy, wider } = change({ spend_limits: [] })
    expect(wider).toEqual([])
    // Payments are still a rule: each one asks.
    expect(spend(policy)[0]).toContainEqual({ window: { kind: 'session' }, max: '0' })
    expect(change({ deny: [] }).wider).toEqual(['/deny'])
  })
  test('shortens its life at once and lengthens it only with an approval', () => {
    expect(change({ valid_until: NOW + 3_000 })).toMatchObject({ wider: [], policy: { validUntil: NOW + 3_000 } })
    expect(change({ duration: 3_000 })).toMatchObject({ wider: [], policy: { validUntil: NOW + 3_600 } })
    expect(change({ duration: 3_001 }).wider).toEqual(['/validUntil'])
    expect(change({ valid_after: NOW + 1_200 })).toMatchObject({ wider: [], policy: { validAfter: NOW + 1_200 } })
    expect(errorOf({ duration: 119 })).toMatchObject({ code: 215, at: '/duration' })
    expect(errorOf({ valid_after: NOW + 3_500 })).toMatchObject({ code: 215 })
  })
  test('works in the last minute of its life', () => {
    expect(change({ usage: { max_transactions: 1 } }, granted, NOW + 3_590).policy.validUntil).toBe(NOW + 3_600)
  })
  test('asks nothing of contracts that it does not name', () => {
    const nothing = sampleResolve({ classes: {} })
    expect(change({ usage: { max_transactions: 100 }, disable_rules: ['r1'] }, granted, NOW, nothing).wider).toEqual([])
    expect(errorOf({ calls: [move] }, granted, NOW, nothing)).toMatchObject({ code: 215 })
  })
  test('that is empty changes nothing', () => {
    expect(change({})).toEqual({ ok: true, policy: granted, asked, wider: [] })
  })
})

describe('rules', () => {
  test('a rule missing in an update is switched off', () => {
    const { policy, wider } = change({ calls: [buy] })
    expect(wider).toEqual([])
    expect(policy.calls.map(({ id, enabled }) => [id, enabled])).toEqual([
      ['r0', false],
      ['r1', true],
      ['r2', false],
    ])
    const decide = (effective: SessionPolicy) =>
      evaluate(
        sampleSession(granted, { effective }),
        sampleBook(),
        [],
        sampleTx([call(GAME, MOVE)]),
        sampleFacts(),
        NOW,
      )
    expect(decide(granted)).toMatchObject({ kind: 'auto' })
    expect(decide(policy)).toMatchObject({ kind: 'ask', reasons: [{ code: 'ruleDisabled', rule: 'r0' }] })
  })
  test('keep their ids and places in whatever order they are given', () => {
    expect(change({ calls: [pay, buy, move] }).policy).toEqual(granted)
  })
  test('are switched off by id, and an id that is none is said', () => {
    expect(change({ disable_rules: ['r1', 'r0'] }).policy.calls.map(({ enabled }) => enabled)).toEqual([
      false,
      false,
      true,
    ])
    expect(errorOf({ disable_rules: ['r1', 'r3'] })).toMatchObject({ code: 114, at: '/disable_rules/1' })
  })
  test('lose a cap only with an approval, and gain or lower one at once', () => {
    expect(change({ calls: [move, { ...buy, max_calls: 3 }, pay] }).wider).toEqual([])
    expect(change({ calls: [{ ...move, max_calls: 3 }, buy, pay] }).wider).toEqual([])
    expect(change({ calls: [move, { contract_address: GAME, entry_point: 'buy' }, pay] }).wider).toEqual([
      '/calls/1/caps',
    ])
  })
  test('that are new stand behind the others under an id of their own, with an approval', () => {
    const {
      policy,
      wider,
      asked: after,
    } = change({
      calls: [{ contract_address: GAME, entry_point: 'rename', label: 'Name' }, buy],
    })
    expect(wider).toContain('/calls')
    expect(policy.calls.map(({ id, enabled, entrypoints }) => [id, enabled, entrypoints])).toEqual([
      ['r0', false, [{ selector: MOVE, name: 'move' }]],
      ['r1', true, [{ selector: BUY, name: 'buy' }]],
      ['r2', false, granted.calls[2]?.entrypoints],
      ['r3', true, [{ selector: selectorOf('rename'), name: 'rename' }]],
    ])
    expect(after.words).toEqual({ r0: { label: 'Move' }, r1: { label: 'Buy' }, r3: { label: 'Name' } })
    expect(after.calls.map((rule) => [listedBy(rule)[0]?.name, rule.enabled])).toEqual([
      ['move', false],
      ['buy', true],
      ['transfer', false],
      ['rename', true],
    ])
  })
  test('with other arguments are other rules', () => {
    const exact = { ...pay, args: { at: 0, op: 'eq', value: STRANGER } }
    const facts = sampleResolve()
    const done = tried({ calls: [exact] }, granted, NOW, facts)
    // No ABI here shows what stands at the first place, so it cannot be asked for at all.
    expect(done).toMatchObject({ ok: false, error: { code: 210 } })
  })
  test('on a contract whose code is another now are not the ones that were allowed', () => {
    const facts = sampleResolve()
    const other = {
      ...facts,
      classes: { ...facts.classes, [GAME]: { ...facts.classes[GAME], classHash: '0xbeef' } },
    } as typeof facts
    expect(change({ calls: [move, buy, pay] }, granted, NOW, other).wider).toEqual([
      '/calls/0/codePin',
      '/calls/1/codePin',
    ])
  })
  test('keep what only a person said of them', () => {
    const told = {
      ...granted,
      calls: granted.calls.map((rule) => ({
        ...rule,
        notAToken: true as const,
        adminAck: true as const,
        codePin: { ...rule.codePin!, onChange: 'warn' as const },
      })),
    }
    expect(change({ calls: [move, buy, pay] }, told)).toMatchObject({ policy: told, wider: [] })
  })
  test('grow to a number that is refused', () => {
    const many = Array.from({ length: 199 }, (_, index) => ({ contract_address: GAME, entry_point: `e${index}` }))
    expect(errorOf({ calls: many })).toMatchObject({ code: 215, at: '/calls' })
  })
})

describe('the person', () => {
  const narrowed = applyEdits(
    granted,
    { limits: { [`spend:${STRK}:total`]: strk(10) }, rules: { r1: false } },
    { within: granted, now: NOW },
  )
  test("site cannot undo the person's narrowing", () => {
    // The very limits that were granted, and every amount between.
    for (const units of [25, 11]) {
      const { policy, wider } = change({ spend_limits: [{ ...request.spend_limits[0], total: strk(units) }] }, narrowed)
      expect(wider).toEqual(['/spend/limits/0/caps'])
      expect(narrows(policy, granted)).toBe(true)
    }
    expect(change({ calls: [move, buy, pay] }, narrowed).wider).toEqual(['/calls/1/enabled'])
    // What it names beside stays as the person left it.
    const { policy, wider } = change({ usage: { max_transactions: 50 } }, narrowed)
    expect(wider).toEqual([])
    expect(policy.calls[1]?.enabled).toBe(false)
    expect(policy.spend).toEqual(narrowed.spend)
  })
  test('blocks something, and a list of the site does not open it', () => {
    const blocked: SessionPolicy = {
      ...granted,
      deny: [...granted.deny, { contract: GAME, entrypoints: [BUY], by: 'person' }],
    }
    const { policy, wider } = change({ deny: request.deny }, blocked)
    expect(wider).toEqual([])
    expect(policy.deny).toContainEqual({ contract: GAME, entrypoints: [BUY], by: 'person' })
  })
})

describe('what is asked for afterwards', () => {
  test('is the old request with the named members in their places', () => {
    const { asked: after, policy } = change({
      calls: [{ ...buy, max_calls: 20 }, move],
      usage: { max_transactions: 300 },
      spend_limits: [{ token: USD, total: '5' }],
    })
    const running = sampleSession(policy, { asked: after, effective: policy, granted: policy, account: ACCOUNT })
    expect(covers(running, after, NOW + 700)).toBe(true)
    expect(
      covers(running, ask({ calls: [{ ...buy, max_calls: 20 }], usage: { max_transactions: 300 } }), NOW + 700),
    ).toBe(true)
    expect(covers(running, ask({ calls: [{ ...buy, max_calls: 21 }] }), NOW + 700)).toBe(false)
    expect(after.duration).toBe(3_600)
    expect(change({ valid_until: NOW + DAY }).asked).toMatchObject({ validUntil: NOW + DAY })
    expect(change({ valid_until: NOW + DAY }).asked.duration).toBeUndefined()
  })
})

describe('an update is read as strictly as a request', () => {
  test.each([
    [{ calls: [] }, 215, '/calls'],
    [{ calls: [{ ...move, surprise: 1 }] }, 114, '/calls/0/surprise'],
    [{ reason: 'more' }, 114, '/reason'],
    [{ tag: 'a' }, 114, '/tag'],
    [{ usage: [] }, 114, '/usage'],
    [{ spend_limits: [{ token: STRK, total: 5 }] }, 114, '/spend_limits/0/total'],
    [{ valid_until: NOW }, 114, '/valid_until'],
    [{ enabled: 'no' }, 114, '/enabled'],
    [{ calls: [{ contract_address: ACCOUNT, entry_point: 'move' }] }, 215, '/calls/0/contract_address'],
    [{ calls: [{ contract_address: GAME, entry_point: '__execute__' }] }, 215, '/calls/0/entry_point'],
  ])('%j is refused with its path', (json, code, at) => {
    expect(errorOf(json)).toMatchObject({ code, at })
  })
  test('needs the id of a session', () => {
    expect(parseUpdate({ usage: {} }, { now: NOW, selectorOf })).toMatchObject({
      ok: false,
      error: { code: 114, data: { at: '/id' } },
    })
  })
  test.each([[[]], [[{ id: SELF }]], ['a'], [null]])('%j is no update', (json) => {
    expect(parseUpdate(json, { now: NOW, selectorOf })).toMatchObject({
      ok: false,
      error: { code: 114, data: { at: '' } },
    })
  })
  test('a member that this version does not decide is named, not ignored', () => {
    expect(errorOf({ calls: [move], messages: [{}] })).toMatchObject({ code: 210, feature: '/messages' })
  })
})
