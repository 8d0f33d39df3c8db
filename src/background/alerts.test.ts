import { describe, expect, test } from 'vitest'
import type { Origin } from '../core/policy/policy.ts'
import type { NotifyKind } from '../core/records.ts'
import { alertWords } from './alert-words.ts'
import {
  badgeOf,
  createAlerts,
  noticesOf,
  type Said,
  type SessionStanding,
  type Standing,
  tabBadgeOf,
} from './alerts.ts'

const NOW = 1_900_000_000
const SITE = 'https://game.example' as Origin
const OTHER = 'https://other.example' as Origin
const quiet: Standing = { now: NOW, escapes: [], unsaved: false, waiting: [], sessions: [], limitsFrom: 50, ended: [] }
const session = (more: Partial<SessionStanding> = {}): SessionStanding => ({
  id: 's1',
  origin: SITE,
  runs: true,
  endsAt: NOW + 86_400,
  ...more,
})
const KINDS: readonly NotifyKind[] = ['request', 'limit', 'ending', 'paused', 'sent', 'escape']

describe('the badge', () => {
  test('says danger first, then how many requests wait, and nothing where nothing is', () => {
    const paused = session({ runs: false, pausedFor: 'overdrawn' })
    const all = { ...quiet, escapes: ['a'], unsaved: true, sessions: [paused], waiting: ['q1', 'q2'] }
    const said = (it: Standing) => [badgeOf(it).text, badgeOf(it).look, badgeOf(it).title.key]
    expect(said(all)).toEqual(['!', 'danger', 'badge_escape'])
    expect(said({ ...all, escapes: [] })).toEqual(['!', 'danger', 'badge_storage'])
    expect(said({ ...all, escapes: [], unsaved: false })).toEqual(['!', 'danger', 'badge_paused'])
    expect(badgeOf({ ...quiet, waiting: ['q1', 'q2'] })).toEqual({
      text: '2',
      look: 'accent',
      title: { key: 'badge_waiting_other', n: 2 },
    })
    expect(said({ ...quiet, sessions: [session()] })).toEqual(['', 'accent', 'name'])
  })

  test('of a tab counts what its site’s session did by itself, up to 99', () => {
    const running = { ...quiet, sessions: [session()] }
    const text = (n: number, standing = running, origin = SITE) => tabBadgeOf(standing, origin, n)?.text
    expect([0, 1, 99, 100].map((n) => text(n))).toEqual(['●', '1', '99', '99+'])
    expect(text(3, running, OTHER)).toBe(undefined)
    expect(text(3, { ...quiet, sessions: [session({ runs: false })] })).toBe(undefined)
  })

  test('of a tab gives way to danger and to what waits', () => {
    expect(tabBadgeOf({ ...quiet, sessions: [session()], waiting: ['q1'] }, SITE, 3)).toBe(null)
    expect(tabBadgeOf({ ...quiet, sessions: [session()], escapes: ['a'] }, SITE, 3)).toBe(null)
  })
})

describe('notifications', () => {
  const ids = (sessions: readonly SessionStanding[], more: Partial<Standing> = {}) =>
    noticesOf({ ...quiet, sessions, ...more }).map(({ id }) => id)

  test('tell the use of a limit from the share on that the person chose', () => {
    const told = (used: number, limitsFrom: Standing['limitsFrom']) => ids([session({ used })], { limitsFrom })
    expect([49, 50, 79, 80, 99, 100].map((used) => told(used, 50))).toEqual(
      [[], [50], [50], [80], [80], [100]].map((all) => all.map((n) => `limit s1 ${n}`)),
    )
    expect([50, 79, 80, 100].map((used) => told(used, 80))).toEqual(
      [[], [], [80], [100]].map((all) => all.map((n) => `limit s1 ${n}`)),
    )
    expect([80, 99, 100].map((used) => told(used, 100))).toEqual([[], [], ['limit s1 100']])
  })

  test('of a limit come at 50, 80 and 100 per cent, the highest alone', () => {
    expect([49, 50, 79, 80, 99, 100].map((used) => ids([session({ used })]).join())).toEqual([
      '',
      'limit s1 50',
      'limit s1 50',
      'limit s1 80',
      'limit s1 80',
      'limit s1 100',
    ])
  })
  test('of an end come ten minutes before it and at it, and not of one that lies long back', () => {
    expect([601, 600, 1, 0, -599, -600].map((left) => ids([session({ endsAt: NOW + left })]).join())).toEqual([
      '',
      'ending s1',
      'ending s1',
      'over s1',
      'over s1',
      '',
    ])
  })
  test('say that a session needs the person, a request waits, a transaction ended, an account is being taken over', () => {
    const said = noticesOf({
      ...quiet,
      escapes: ['a'],
      waiting: ['q1'],
      sessions: [session({ runs: false, pausedFor: 'overdrawn' })],
      ended: [
        { id: '0x1', failed: false },
        { id: '0x2', failed: true },
      ],
    })
    expect(said.map(({ kind, said }) => `${kind} ${said.key}`)).toEqual([
      'escape notify_escape',
      'request notify_request',
      'paused notify_paused',
      'sent notify_sent',
      'sent notify_failed',
    ])
  })
})

describe('what alerts say', () => {
  const browser = ({ key }: Said) => `browser ${key}`

  test('is in the chosen language, with its number, and without a choice what the browser says', () => {
    expect(alertWords({ key: 'badge_waiting_other', n: 2 }, 'es', browser)).toBe('Latchkey: 2 solicitudes esperan')
    expect(alertWords({ key: 'badge_waiting_other', n: 1 }, 'es', browser)).toBe('Latchkey: 1 solicitud espera')
    expect(alertWords({ key: 'notify_over' }, 'zh-CN', browser)).not.toMatch(/[A-Za-z]{3}/)
    for (const language of [undefined, 'pt'])
      expect(alertWords({ key: 'notify_over' }, language, browser)).toBe('browser notify_over')
  })
})

describe('alerts', () => {
  const world = (kept: Map<string, unknown> = new Map()) => {
    const log: string[] = []
    const alerts = createAlerts({
      icon: {
        badge: async (text, _color, tab) => void log.push(`badge ${tab ?? 'all'} ${text}`),
        clear: async (tab) => void log.push(`clear ${tab}`),
        title: async (text, tab) => void (tab === undefined && log.push(`title ${text}`)),
      },
      notify: async (id) => void log.push(`notify ${id}`),
      words: ({ key }) => key,
      area: { get: async (key) => kept.get(key), set: async (key, value) => void kept.set(key, value) },
    })
    const said = () => log.splice(0)
    return { alerts, said, next: () => world(kept) }
  }

  test('say the title again when another language is chosen', async () => {
    const { alerts, said } = world()
    await alerts.show(quiet, [], KINDS, 'en')
    said()
    await alerts.show(quiet, [], KINDS, 'es')
    expect(said()).toContain('title name')
    await alerts.show(quiet, [], KINDS, 'es')
    expect(said()).toEqual([])
  })

  test('tell each thing once, also by another worker, and again when it became true again', async () => {
    const first = world()
    const waits = { ...quiet, waiting: ['q1'] }
    await first.alerts.show(waits, [], KINDS)
    expect(first.said()).toEqual(['badge all 1', 'title badge_waiting_other', 'notify request q1'])
    await first.alerts.show(waits, [], KINDS)
    expect(first.said()).toEqual([])
    const second = first.next()
    await second.alerts.show(waits, [], KINDS)
    expect(second.said()).not.toContain('notify request q1')
    await second.alerts.show(quiet, [], KINDS)
    await second.alerts.show(waits, [], KINDS)
    expect(second.said()).toContain('notify request q1')
  })

  test('are silent of the kinds that nobody asked for, and what was true before is no news when somebody does', async () => {
    const { alerts, said } = world()
    const standing = { ...quiet, escapes: ['a'], waiting: ['q1'] }
    await alerts.show(standing, [], ['escape'])
    expect(said().filter((it) => it.startsWith('notify'))).toEqual(['notify escape a'])
    await alerts.show(standing, [], KINDS)
    expect(said()).toEqual([])
  })

  test('count per site until the person looks, also across workers, and give the tab back when the session ends', async () => {
    const first = world()
    const running = { ...quiet, sessions: [session()] }
    const tabs = [
      { tab: 7, origin: SITE },
      { tab: 8, origin: OTHER },
    ]
    await first.alerts.automatic(SITE, 'r1')
    await first.alerts.automatic(SITE, 'r2')
    await first.alerts.automatic(SITE, 'r2')
    const { alerts, said } = first.next()
    await alerts.automatic(SITE, 'r3')
    await alerts.show(running, tabs, [])
    expect(said()).toContain('badge 7 3')
    await alerts.seen()
    await alerts.show(running, tabs, [])
    expect(said()).toEqual(['badge 7 ●'])
    await alerts.show(quiet, tabs, [])
    expect(said()).toEqual(['clear 7'])
  })

  test('go on where a tab is gone meanwhile', async () => {
    const gone = createAlerts({
      icon: {
        badge: async (_text, _color, tab) => {
          if (tab !== undefined) throw new Error('No tab with id: 7.')
        },
        clear: async () => undefined,
        title: async () => undefined,
      },
      notify: async () => undefined,
      words: ({ key }) => key,
      area: { get: async () => undefined, set: async () => undefined },
    })
    await gone.show({ ...quiet, sessions: [session()] }, [{ tab: 7, origin: SITE }], [])
  })
})
