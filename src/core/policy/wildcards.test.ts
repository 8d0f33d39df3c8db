import { describe, expect, test } from 'vitest'
import catalogue from '../../../public/_locales/en/messages.json'
import { selectorOf } from '../../starknet/selector.ts'
import { STRK } from '../account.ts'
import { address, felt, type Selector } from '../felt.ts'
import { type Line, say } from '../words.ts'
import { readPolicy } from './codec.ts'
import { confirmAdmin, covers } from './edits.ts'
import { evaluate } from './evaluate.ts'
import { type ExplainFacts, explain } from './explain.ts'
import { exposure } from './exposure.ts'
import { ADMIN, BANNED } from './forbidden.ts'
import { chainMethods } from './meters.ts'
import { narrows } from './narrow.ts'
import type { Call, SessionPolicy, Verdict } from './policy.ts'
import { type ClassFacts, resolve } from './resolve.ts'
import {
  ACCOUNT,
  call,
  FRIEND,
  GAME,
  GAME_CLASS,
  limbs,
  MOVE,
  moneySelector,
  NOW,
  OTHER_ACCOUNT,
  STRANGER,
  sampleBook,
  sampleFacts,
  sampleResolve,
  sampleSession,
  sampleTx,
  TOKEN,
  transfer,
} from './samples.ts'
import { backingOf } from './wildcards.ts'
import { parseRequest } from './wire.ts'
import { printPolicy } from './wire-print.ts'

const action = (name: string, kind: 'external' | 'view' = 'external') => ({ name, selector: selectorOf(name), kind })
const GAME_CODE: ClassFacts = {
  classHash: GAME_CLASS,
  entrypoints: [
    action('move'),
    action('buy'),
    action('score', 'view'),
    action('transfer'),
    ...Object.keys(ADMIN).map((name) => action(name)),
    ...Object.keys(BANNED).map((name) => action(name)),
  ],
}
const facts = (code: ClassFacts = GAME_CODE) => sampleResolve({ classes: { ...sampleResolve().classes, [GAME]: code } })
const every = { contract_address: GAME, entry_point: '*' }
const anywhere = { contract_address: '*', entry_point: '*' }
function asked(...calls: object[]) {
  const parsed = parseRequest({ calls }, { now: NOW, selectorOf })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.asked
}
function granted(...calls: object[]): SessionPolicy {
  const done = resolve(asked(...calls), facts(), NOW)
  if (!done.ok) throw new Error(JSON.stringify(done.error))
  return done.policy
}
function fault(code: ClassFacts | undefined, ...calls: object[]): unknown {
  const parsed = parseRequest({ calls }, { now: NOW, selectorOf })
  const done = parsed.ok ? resolve(parsed.asked, facts(code), NOW) : parsed
  return done.ok ? 'granted' : [done.error.code, (done.error.data as { at?: string }).at]
}
const on = (policy: SessionPolicy, ...calls: Call[]): Verdict => {
  const session = sampleSession(policy, { backing: backingOf(policy) })
  const simulation = { ok: true as const, at: NOW, out: {}, items: {}, odd: [] }
  return evaluate(session, sampleBook(), [], sampleTx(calls), sampleFacts(NOW, { simulation }), NOW)
}
const codes = (verdict: Verdict) => (verdict.kind === 'auto' ? [] : verdict.reasons.map(({ code }) => code))

describe('every action of a contract', () => {
  test('expanded list has no admin or banned entry', () => {
    const [rule] = granted(every).calls
    const listed = rule?.entrypoints === '*' ? [] : (rule?.entrypoints ?? [])
    expect(rule?.wide).toBe(true)
    expect(listed.map(({ name }) => name).sort()).toEqual(['buy', 'move', 'transfer'])
    expect(confirmAdmin(granted(every)).calls[0]?.adminAck).toBeUndefined()
    expect(codes(on(granted(every), call(GAME, selectorOf('grant_role'))))).toEqual(['noRule'])
    expect(chainMethods(granted(every))).toHaveLength(3)
    expect(backingOf(granted(every))).toBe('chain')
  })

  test('is stored, printed and asked for again as what it was', () => {
    const policy = granted(every, { contract_address: GAME, entry_point: 'move', max_calls: 3 })
    expect(readPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy)
    const printed = printPolicy(policy)
    expect(printed.calls[0]?.entry_point).toBe('*')
    const again = resolve(parsedAgain(printed), facts(), NOW)
    expect(again.ok && again.policy).toEqual(policy)
    const running = sampleSession(policy, { asked: asked(every) })
    expect([covers(running, asked(every), NOW), covers(running, asked(anywhere), NOW)]).toEqual([true, false])
  })

  test('a listed action stands before it, whatever becomes of it', () => {
    const policy = granted(every, { contract_address: GAME, entry_point: 'move', max_calls: 0 })
    expect(codes(on(policy, call(GAME, MOVE)))).toEqual(['ruleCap'])
    expect(codes(on(policy, call(GAME, selectorOf('buy'))))).toEqual([])
  })

  test('refuses: code that does not say, too many, twice, a list with a star', () => {
    const many = Array.from({ length: 513 }, (_, index) => action(`act_${index}`))
    expect(fault(undefined, every)).toBe('granted')
    expect(fault({ classHash: GAME_CLASS, entrypoints: [] }, every)).toEqual([215, '/calls/0/entry_point'])
    expect(fault({ classHash: GAME_CLASS, entrypoints: [action('score', 'view')] }, every)).toEqual([
      215,
      '/calls/0/entry_point',
    ])
    expect(fault({ classHash: GAME_CLASS, entrypoints: many }, every)).toEqual([215, '/calls'])
    expect(fault({ classHash: GAME_CLASS, entrypoints: many.slice(1) }, every)).toBe('granted')
    expect(fault(undefined, every, every)).toEqual([114, '/calls/1/entry_point'])
    expect(fault(undefined, { ...every, entry_point: ['move', '*'] })).toEqual([114, '/calls/0/entry_point/1'])
    expect(fault(undefined, { ...every, contract_address: OTHER_ACCOUNT })).toEqual([215, '/calls/0/contract_address'])
  })
})

describe('any contract', () => {
  test('is held by this wallet alone, by trial runs, and needs the owner', () => {
    const policy = granted(anywhere, { contract_address: GAME, entry_point: 'move' })
    expect([backingOf(policy), policy.spend.look]).toEqual(['wallet', 'simulate'])
    expect(policy.calls[0]).toMatchObject({ contract: '*', entrypoints: '*' })
    expect(policy.calls[0]?.codePin).toBeUndefined()
    expect(readPolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy)
    expect(granted(...(printPolicy(policy).calls as object[])).calls).toEqual(policy.calls)
    expect(codes(on(policy, call(STRANGER, selectorOf('anything'))))).toEqual([])
    const session = sampleSession(policy, { backing: 'wallet' })
    const locked = evaluate(
      session,
      sampleBook(),
      [],
      sampleTx([call(STRANGER, MOVE)]),
      sampleFacts(NOW, { unlocked: false, workingSet: true }),
      NOW,
    )
    expect(codes(locked)).toEqual(['locked'])
    expect(exposure(policy, undefined, [], NOW).everything).toBe(true)
  })

  test('money table runs under wide and any-contract rules', () => {
    for (const policy of [
      granted(every, anywhere),
      granted({ contract_address: '*', entry_point: ['transfer', 'approve', 'set_approval_for_all'] }),
    ]) {
      expect(codes(on(policy, transfer(STRK, FRIEND, 1n)))).toEqual(['tokenNotListed'])
      expect(codes(on(policy, transfer(STRANGER, FRIEND, 0n)))).toEqual(['tokenNotListed'])
      const open = call(STRANGER, moneySelector('set_approval_for_all'), [FRIEND, felt(0)])
      expect(codes(on(policy, open))).toEqual(['tokenNotListed'])
    }
    const wide = granted(every)
    const pay = call(GAME, selectorOf('transfer'), [FRIEND, ...limbs(1n)])
    expect(codes(on(wide, pay))).toEqual(['tokenNotListed'])
    // On a token, "every action" names no payment: each asks, though the limit of the token has room.
    const token = sampleResolve({ classes: { ...sampleResolve().classes, [STRK]: TOKEN } })
    const done = resolve(asked({ contract_address: STRK, entry_point: '*' }), token, NOW)
    expect(done.ok && done.policy.spend.limits).toEqual([])
  })

  test('reaches no account of this wallet, nothing banned, nothing that hands over control', () => {
    const listed = { contract_address: '*', entry_point: ['grant_role', 'move'] }
    for (const policy of [granted(anywhere), granted(listed)]) {
      expect(codes(on(policy, call(OTHER_ACCOUNT, MOVE)))).toEqual(['selfCall'])
      expect(codes(on(policy, call(STRANGER, selectorOf('execute_from_outside'))))).toEqual(['nestedExecution'])
      expect(codes(on(confirmAdmin(policy), call(STRANGER, selectorOf('grant_role'))))).toEqual(['adminEntrypoint'])
    }
    expect(fault(undefined, { contract_address: '*', entry_point: '__execute__' })).toEqual([
      215,
      '/calls/0/entry_point',
    ])
  })

  test('ranks below each contract that is named; an exact one that is off is not reached through it', () => {
    const off = granted({ contract_address: GAME, entry_point: 'move', enabled: false }, every, anywhere)
    expect(codes(on(off, call(GAME, MOVE)))).toEqual(['ruleDisabled'])
    expect(codes(on(off, call(GAME, selectorOf('buy'))))).toEqual([])
    const named = granted({ contract_address: '*', entry_point: 'buy', max_calls: 0 }, anywhere)
    expect(codes(on(named, call(STRANGER, selectorOf('buy'))))).toEqual(['ruleCap'])
    expect(codes(on(named, call(STRANGER, selectorOf('sell'))))).toEqual([])
    expect(narrows(named, granted({ contract_address: '*', entry_point: 'buy', max_calls: 1 }, anywhere))).toBe(true)
    expect(narrows(granted(anywhere), granted(every))).not.toBe(true)
  })
})

describe('wildcards in words', () => {
  const naming: ExplainFacts = {
    host: 'play.g.io',
    account: ACCOUNT,
    tokens: {},
    names: { [GAME]: 'Arena', [ACCOUNT]: 'Game' },
    actions: {},
    backing: 'chain',
    runWhileLocked: false,
    words: {},
    balances: {},
    allowances: [{ token: STRK, spender: address('0x99'), amount: '7' as never }],
    replaceable: [],
    enterable: [],
  }
  const said = (line: Line) => say(line, catalogue, { locale: 'en', zone: 'UTC', now: NOW }).replaceAll('\u00a0', ' ')
  const told = (policy: SessionPolicy) => {
    const it = explain(policy, { ...naming, backing: backingOf(policy) }, NOW)
    return [
      said(it.headline),
      said(it.worst),
      it.danger,
      ...it.can.map(({ contract, line, qualifiers, by }) =>
        [contract, said(line), ...qualifiers.map(said), by].join(' | '),
      ),
      ...it.risks.map(({ level, line }) => `${level}: ${said(line)}`),
    ]
  }

  test('every action is a named list; any contract is red, and its wallet line says what the other would', () => {
    expect(told(granted(every))).toMatchInlineSnapshot(`
      [
        "Until tomorrow 08:00 (1 day), play.g.io may act for Game without asking: 3 actions on 1 contract, at most 1,000 times.",
        "It cannot spend your tokens. Fees can reach 5000000000000000000 of 0x0471 8f5a 0fc3 4cc1 af16 a1cd ee98 ffb2 0c31 f5cd 61d6 ab07 2018 58f4 287c 938d.",
        false,
        "0x1c3 | transfer, move, and buy | every action this contract has today; later ones are out | both",
      ]
    `)
    expect(told(granted(anywhere))).toMatchInlineSnapshot(`
      [
        "Until tomorrow 08:00 (1 day), play.g.io may act for Game without asking: any action on any contract, at most 1,000 times.",
        "At worst it takes everything in this account.",
        true,
        "* | any action | wallet",
        "danger: Any contract. Only this wallet holds it back, and it must stay unlocked.",
        "warn: 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0099 may already take 7 of 0x0471 8f5a 0fc3 4cc1 af16 a1cd ee98 ffb2 0c31 f5cd 61d6 ab07 2018 58f4 287c 938d.",
      ]
    `)
    expect(told(granted({ contract_address: '*', entry_point: ['buy', 'move'] }))).toMatchInlineSnapshot(`
      [
        "Until tomorrow 08:00 (1 day), play.g.io may act for Game without asking: 2 actions on any contract, at most 1,000 times.",
        "At worst it takes everything in this account.",
        true,
        "* | move and buy | wallet",
        "danger: Any contract. Only this wallet holds it back, and it must stay unlocked.",
        "warn: 0x0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0099 may already take 7 of 0x0471 8f5a 0fc3 4cc1 af16 a1cd ee98 ffb2 0c31 f5cd 61d6 ab07 2018 58f4 287c 938d.",
      ]
    `)
  })
})

function parsedAgain(printed: object) {
  const parsed = parseRequest(printed, { now: NOW, selectorOf: (name) => selectorOf(name) as Selector })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.asked
}
