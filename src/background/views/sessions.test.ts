import 'fake-indexeddb/auto'
import { expect, it } from 'vitest'
import english from '../../../public/_locales/en/messages.json'
import spanish from '../../../public/_locales/es/messages.json'
import chinese from '../../../public/_locales/zh_CN/messages.json'
import { LISTED } from '../../core/account.ts'
import { explainPause, explainTodo } from '../../core/policy/explain-reason.ts'
import type { PauseReason, SessionId } from '../../core/policy/policy.ts'
import { type Line, say } from '../../core/words.ts'
import { account, createWorld, ORIGIN, START } from '../sending/stub-world.ts'
import { namingOf, siteOf } from './facts.ts'
import { type SessionFacts, sessionView } from './sessions.ts'

const S1 = 's1' as SessionId
const facts: SessionFacts = {
  now: START,
  keys: { unlocked: true, workingSet: true },
  naming: namingOf([account], LISTED as never),
  account,
  site: siteOf(ORIGIN, undefined, 0),
  balances: {},
  seen: undefined,
  left: [],
}

it('what a session can still spend is said while it is paused too, with that it cannot then; ended it spends nothing', async () => {
  const world = await createWorld()
  await world.start('s1')
  const shown = async () => {
    const state = await world.ledger.state(S1)
    if (state === undefined) throw new Error('no session')
    return sessionView(state, facts)
  }
  const running = await shown()
  expect(running.worst.key).toMatch(/^policy_left(Spend|Fees)/)

  await world.sessions.pause(S1, 'person')
  expect((await shown()).worst).toEqual({
    key: 'policy_leftPaused',
    args: { left: { kind: 'line', line: running.worst } },
  })

  // For good: it never goes on.
  await world.sessions.pause(S1, 'storageTampered')
  expect((await shown()).worst).toEqual({ key: 'policy_leftNothing' })

  await world.sessions.revoke(S1, START, false)
  expect((await shown()).worst).toEqual({ key: 'policy_leftNothing' })
})

const ENDED_BY: readonly (readonly [why: 'revoked' | 'guardian' | 'owner', words: string])[] = [
  ['revoked', 'Ended on chain by someone else.'],
  ['guardian', 'Second key changed: cannot run.'],
  ['owner', 'The account’s own key changed: cannot run.'],
]
it.each(ENDED_BY)(
  'chain drift: after the chain said %s it is in the group of what ended, and says why',
  async (why, words) => {
    const world = await createWorld()
    await world.start('s1')
    await world.sessions.revoke(S1, START, false, why)
    const ended = sessionView((await world.ledger.state(S1))!, facts)
    expect(ended).toMatchObject({ group: 'ended', canResume: false, worst: { key: 'policy_leftNothing' } })
    expect(ended.seen?.level).toBe('warn')
    expect(inEnglish(ended.seen?.line)).toBe(words)
  },
)

it('chain drift: an account of another class says so, a silent node says how old what it said is, and the session goes on', async () => {
  const world = await createWorld()
  await world.start('s1')
  const shown = async (seen: SessionFacts['seen']) =>
    sessionView((await world.ledger.state(S1))!, { ...facts, now: START + 120, seen }).seen
  const said = async (seen: SessionFacts['seen']) => inEnglish((await shown(seen))?.line)
  // It is being asked, and what is below does not move when it answers.
  expect(await shown(undefined)).toEqual({ level: 'note', line: { key: 'chain_asking' } })
  expect(await said({ failed: true })).toBe('Could not ask the chain; showing this wallet’s record.')
  expect(await said({ at: START, failed: true })).toBe(
    'Could not ask the chain; showing this wallet’s record (2 min old).',
  )
  expect(await said({ at: START, failed: false, wrong: 'class' })).toBe(
    'The account’s code changed: it does not run until you look at it.',
  )
  expect(await said({ at: START, failed: false })).toMatch(
    /^Asked the chain .*: not revoked, keys and code as signed\.$/,
  )
})

const inEnglish = (it: Line | undefined) =>
  it === undefined ? undefined : say(it, english, { locale: 'en', zone: 'UTC', now: START + 120 })

/** What a person can begin with: a button of the session's page. */
const CAUSES: Record<PauseReason, 'resume' | 'renew' | 'end'> = {
  person: 'resume',
  site: 'resume',
  codeChanged: 'resume',
  overdrawn: 'resume',
  reorg: 'resume',
  phishingList: 'resume',
  escapeEvent: 'resume',
  accountChanged: 'renew',
  clock: 'resume',
  nodeDown: 'resume',
  nodeChanged: 'resume',
  chainRestarted: 'renew',
  storageTampered: 'end',
  restored: 'resume',
  idle: 'resume',
}
const VOICE = { locale: 'en', zone: 'UTC', now: START }
const LANGUAGES = { english, spanish, chinese }
it.each(Object.entries(CAUSES) as [PauseReason, string][])(
  'paused for %s: says what happened and what to do, in each language, and offers to %s it',
  async (pause, button) => {
    const world = await createWorld()
    await world.start('s1')
    await world.sessions.pause(S1, pause)
    const { cause, todo, canResume, canRenew } = sessionView((await world.ledger.state(S1))!, facts)
    expect(canResume ? 'resume' : canRenew ? 'renew' : 'end').toBe(button)
    for (const [language, catalogue] of Object.entries(LANGUAGES))
      for (const it of [cause, todo?.line]) {
        expect(it, language).toBeDefined()
        expect(say(it as Line, catalogue, VOICE), language).toMatch(/^.{6,}[.。]$/)
        // Words of another language's catalogue, or none at all.
        expect(Object.keys(catalogue), language).toContain(it?.key)
      }
  },
)
it('each cause of a pause has sentences of its own, in each language', () => {
  for (const [language, catalogue] of Object.entries(LANGUAGES)) {
    const told = Object.keys(CAUSES).flatMap((pause) =>
      [explainPause(pause as PauseReason), explainTodo(pause as PauseReason)].map((it) => say(it, catalogue, VOICE)),
    )
    expect(new Set(told).size, language).toBe(told.length)
  }
})
