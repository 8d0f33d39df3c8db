import { describe, expect, test } from 'vitest'
import en from '../../../public/_locales/en/messages.json' with { type: 'json' }
import { STRK } from '../account.ts'
import { say } from '../words.ts'
import { explain } from './explain.ts'
import { explainChange } from './explain-change.ts'
import type { RuleId, SessionPolicy } from './policy.ts'
import { ACCOUNT, BUY, GAME, NOW, samplePolicy, strk } from './samples.ts'

const facts = {
  tokens: { [STRK]: { symbol: 'STRK', decimals: 18 } },
  names: { [GAME]: 'Arena' },
  actions: {},
  host: 'play.g.io',
  account: ACCOUNT,
  backing: 'chain' as const,
  runWhileLocked: true,
  words: {},
  balances: {},
  allowances: [],
  replaceable: [],
  enterable: [],
}
const before = samplePolicy()
const told = (policy: SessionPolicy) => ({ policy, said: explain(policy, facts, NOW) })
const change = (changes: Partial<SessionPolicy>) => explainChange(told(before), told(samplePolicy(changes)))
const words = (lines: readonly Parameters<typeof say>[0][]) =>
  lines.map((line) => say(line, en, { locale: 'en', now: NOW }))

describe('how a policy differs from the one that is enforced', () => {
  test('it does not', () => {
    expect(change({})).toEqual({ rules: {}, limits: {}, gone: [] })
  })
  test('rules that are new, say more, or go away', () => {
    const [move, buy, pay] = before.calls
    const sell = { ...buy!, id: 'r3' as RuleId, entrypoints: [{ selector: BUY, name: 'sell' }], contract: ACCOUNT }
    const { rules } = change({
      calls: [move!, { ...buy!, caps: [{ window: { kind: 'session' }, max: 60 }] }, { ...pay!, enabled: false }, sell],
    })
    expect(rules).toEqual({ r1: 'more', r2: 'off', r3: 'new' })
  })
  test('a rule that is on again is new', () => {
    const off = { ...before, calls: before.calls.map((rule) => ({ ...rule, enabled: false })) }
    expect(explainChange(told(off), told(before)).rules).toEqual({ r0: 'new', r1: 'new', r2: 'new' })
  })
  test('a rule under another id is the same rule, and one that is missing is told', () => {
    const [move] = before.calls
    const { rules, gone } = change({ calls: [{ ...move!, id: 'r5' as RuleId }] })
    expect(rules).toEqual({})
    expect(words(gone)).toEqual(expect.arrayContaining(['No longer allowed: transfer_from and transfer']))
  })
  test('a limit has its line of today beside it', () => {
    const [limit] = before.spend.limits
    if (limit?.asset !== 'erc20') throw new Error('a token')
    const { limits } = change({
      spend: { ...before.spend, limits: [{ ...limit, caps: [{ window: { kind: 'session' }, max: strk(40) }] }] },
    })
    const [[, today] = []] = Object.entries(limits)
    expect(words([today!]).map((it) => it.replaceAll('\u00a0', ' '))).toEqual(['25 in all and 5 each'])
  })
  test('what was blocked or limited and would not be any more is told', () => {
    const denying = { ...before, deny: [{ contract: GAME, entrypoints: [BUY], by: 'site' as const }] }
    const { gone } = explainChange(told(denying), told(samplePolicy({ spend: { limits: [], look: 'receipt' } })))
    const said = words(gone).join('\n')
    expect(said).toContain('No longer a limit: STRK')
    expect(said).toMatch(/No longer: .*0x2d88/)
  })
})
