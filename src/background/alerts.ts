/**
 * Badge, title and notifications (approval-ux.md 11): what a person should know without opening anything. Each follows from
 * what is true now, so a timer that comes late, or never, changes when it is said and not whether.
 */
import type { Origin } from '../core/policy/policy.ts'
import { LIMIT_SHARES, type LimitShare, type NotifyKind } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { MessageKey } from '../core/words.ts'

/** What is true now. Sessions are those that run or need the person. */
export interface Standing {
  readonly now: UnixSeconds
  /** A take-over of an account that nobody here began; each is one id. */
  readonly escapes: readonly string[]
  /** The last write did not get in. */
  readonly unsaved: boolean
  /** Questions that wait for an answer, by id. */
  readonly waiting: readonly string[]
  readonly sessions: readonly SessionStanding[]
  /** The first share of a limit that is told. */
  readonly limitsFrom: LimitShare
  /** Of the last minutes: what a person had sent and what became of it. */
  readonly ended: readonly { readonly id: string; readonly failed: boolean }[]
}
export interface SessionStanding {
  readonly id: string
  readonly origin: Origin
  /** Why the wallet itself paused it; absent: it did not. */
  readonly pausedFor?: string
  readonly runs: boolean
  readonly endsAt: UnixSeconds
  /** Of its fullest cap, in percent; told only where somebody asked for it. */
  readonly used?: number
}
/** A tab in which a site's page has a port. */
export interface SiteTab {
  readonly tab: number
  readonly origin: Origin
}

export interface Badge {
  readonly text: string
  readonly look: 'danger' | 'accent'
  readonly title: Said
}
export interface Said {
  readonly key: MessageKey
  readonly n?: number
}
export interface Notice {
  /** One id is told once. */
  readonly id: string
  readonly kind: NotifyKind
  readonly said: Said
}

const MANY = 99
const ENDING = 600
const ACCENT = '#0B6B5D'
const DANGER = '#A8231C'

/** Danger first, then what waits. */
export function badgeOf({ escapes, unsaved, sessions, waiting }: Standing): Badge {
  if (escapes.length > 0) return { text: '!', look: 'danger', title: { key: 'badge_escape' } }
  if (unsaved) return { text: '!', look: 'danger', title: { key: 'badge_storage' } }
  if (sessions.some(({ pausedFor }) => pausedFor !== undefined))
    return { text: '!', look: 'danger', title: { key: 'badge_paused' } }
  const n = waiting.length
  if (n > 0) return { text: upTo99(n), look: 'accent', title: { key: 'badge_waiting_other', n } }
  return { text: '', look: 'accent', title: { key: 'name' } }
}

/** Of a tab whose site has a session that runs; `null`: what stands for all tabs. */
export function tabBadgeOf(standing: Standing, origin: Origin, automatic: number): Badge | null {
  const runs = standing.sessions.some((it) => it.runs && it.origin === origin)
  if (!runs || badgeOf(standing).text !== '') return null
  const title: Said = automatic === 0 ? { key: 'badge_running' } : { key: 'badge_automatic_other', n: automatic }
  return { text: automatic === 0 ? '●' : upTo99(automatic), look: 'accent', title }
}

/** All that is true and worth a word, whether it was told or not. No amount and no address: a lock screen shows it. */
export function noticesOf({ now, escapes, waiting, sessions, limitsFrom, ended }: Standing): readonly Notice[] {
  return [
    ...escapes.map((id): Notice => ({ id: `escape ${id}`, kind: 'escape', said: { key: 'notify_escape' } })),
    ...waiting.map((id): Notice => ({ id: `request ${id}`, kind: 'request', said: { key: 'notify_request' } })),
    ...sessions.flatMap((it) => ofSession(it, now, limitsFrom)),
    ...ended.map(
      ({ id, failed }): Notice => ({
        id: `sent ${id}`,
        kind: 'sent',
        said: { key: failed ? 'notify_failed' : 'notify_sent' },
      }),
    ),
  ]
}

function ofSession(
  { id, pausedFor, runs, endsAt, used = 0 }: SessionStanding,
  now: UnixSeconds,
  limitsFrom: LimitShare,
): readonly Notice[] {
  if (pausedFor !== undefined)
    return [{ id: `paused ${id} ${pausedFor}`, kind: 'paused', said: { key: 'notify_paused' } }]
  const found: Notice[] = []
  const left = endsAt - now
  if (runs && left <= ENDING && left > 0)
    found.push({ id: `ending ${id}`, kind: 'ending', said: { key: 'notify_ending' } })
  if (left <= 0 && left > -ENDING) found.push({ id: `over ${id}`, kind: 'ending', said: { key: 'notify_over' } })
  const step = LIMIT_SHARES.findLast((it) => it >= limitsFrom && used >= it)
  if (runs && step !== undefined)
    found.push({ id: `limit ${id} ${step}`, kind: 'limit', said: { key: 'notify_limit', n: step } })
  return found
}

function upTo99(n: number): string {
  return n > MANY ? `${MANY}+` : String(n)
}

export interface Alerts {
  /** Brings badge, title and notifications to what is true. */
  show(standing: Standing, tabs: readonly SiteTab[], kinds: readonly NotifyKind[], language?: string): Promise<void>
  /** A session's transaction left. */
  automatic(origin: Origin, row: string): Promise<void>
  /** The person looks: the counts begin anew. */
  seen(): Promise<void>
}

export interface AlertNeeds {
  readonly icon: {
    badge(text: string, color?: string, tab?: number): Promise<void>
    /** A tab's own badge goes, and what stands for all is there again. */
    clear(tab: number): Promise<void>
    title(text: string, tab?: number): Promise<void>
  }
  readonly notify: (id: string, text: string) => Promise<void>
  /** Without a language: the browser's. */
  readonly words: (said: Said, language: string | undefined) => string
  /** Survives the worker and not the browser. */
  readonly area: { get(key: string): Promise<unknown>; set(key: string, value: unknown): Promise<void> }
}

const COUNTS = 'automatic'
const TOLD = 'told'
/** What lies in `storage.session` of a wallet's sites and sessions: it goes with the wallet. */
export const ALERTS_KEPT: readonly string[] = [COUNTS, TOLD]

export function createAlerts({ icon, notify, words, area }: AlertNeeds): Alerts {
  let shown: string | undefined
  const counted = new Set<string>()
  const tabsShown = new Map<number, string>()
  let counts: Map<Origin, number> | undefined
  let told: Set<string> | undefined

  const countsNow = async (): Promise<Map<Origin, number>> => {
    counts ??= new Map(Object.entries(((await area.get(COUNTS)) ?? {}) as Record<Origin, number>) as [Origin, number][]) // Written below alone.
    return counts
  }
  const toldNow = async (): Promise<Set<string>> => {
    told ??= new Set(((await area.get(TOLD)) ?? []) as string[]) // Written below alone.
    return told
  }

  const showAll = async (badge: Badge, language?: string): Promise<void> => {
    const now = JSON.stringify([badge, language])
    if (shown === now) return
    shown = now
    await icon.badge(badge.text, badge.look === 'danger' ? DANGER : ACCENT)
    await icon.title(words(badge.title, language))
  }
  const showTab = async (tab: number, badge: Badge | null, language?: string): Promise<void> => {
    const now = JSON.stringify(badge && [badge, language])
    if ((tabsShown.get(tab) ?? 'null') === now) return
    tabsShown.set(tab, now)
    // A tab may be gone by now.
    const done = badge === null ? icon.clear(tab) : icon.badge(badge.text, ACCENT, tab)
    await done.catch(() => tabsShown.delete(tab))
    await icon.title(badge === null ? '' : words(badge.title, language), tab).catch(() => tabsShown.delete(tab))
  }
  const tell = async (notices: readonly Notice[], kinds: readonly NotifyKind[], language?: string): Promise<void> => {
    const before = await toldNow()
    const fresh = notices.filter(({ id, kind }) => !before.has(id) && kinds.includes(kind))
    // What is not true any more is forgotten: should it become true again, it is told again.
    const next = new Set(notices.map(({ id }) => id))
    const isSame = next.size === before.size && [...next].every((id) => before.has(id))
    if (isSame) return
    told = next
    // Noted first: a worker that dies in between tells a thing less, not twice.
    await area.set(TOLD, [...next])
    for (const it of fresh) await notify(it.id, words(it.said, language))
  }

  return {
    show: async (standing, tabs, kinds, language) => {
      await showAll(badgeOf(standing), language)
      const all = await countsNow()
      for (const tab of tabsShown.keys()) if (!tabs.some((it) => it.tab === tab)) tabsShown.delete(tab)
      for (const { tab, origin } of tabs)
        await showTab(tab, tabBadgeOf(standing, origin, all.get(origin) ?? 0), language)
      await tell(noticesOf(standing), kinds, language)
    },
    automatic: async (origin, row) => {
      // A row is told of more than once on its way.
      if (counted.has(row)) return
      counted.add(row)
      const all = await countsNow()
      all.set(origin, (all.get(origin) ?? 0) + 1)
      await area.set(COUNTS, Object.fromEntries(all))
    },
    seen: async () => {
      const all = await countsNow()
      if (all.size === 0) return
      all.clear()
      await area.set(COUNTS, {})
    },
  }
}
