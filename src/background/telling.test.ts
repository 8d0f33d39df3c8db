import { beforeEach, expect, it } from 'vitest'
import type { Origin, SessionId } from '../core/policy/policy.ts'
import type { SessionInfo } from '../core/protocol/session-info.ts'
import type { GrantRecord, StoredSession } from '../core/records.ts'
import { createTelling, type Telling } from './telling.ts'

const SITE = 'https://site.example' as Origin
const OTHER = 'https://other.example' as Origin
const START = 1_900_000_000

let all: { readonly id: SessionId; readonly origin: Origin; readonly endedAt?: number }[]
let status: Partial<Record<string, Pick<SessionInfo, 'status' | 'paused_by'>>>
let open: Origin[]
let granted: Origin[]
let awake: boolean
let now: number
let told: [Origin, string][]
let telling: Telling

beforeEach(() => {
  all = [
    { id: 's' as SessionId, origin: SITE },
    { id: 'o' as SessionId, origin: OTHER },
  ]
  status = {}
  open = [SITE, OTHER]
  granted = [SITE, OTHER]
  awake = true
  now = START
  told = []
  telling = createTelling({
    documents: (origin) => open.filter((it) => it === origin).map(() => ({}) as never),
    tell: (origin, name, argsFor) => {
      const [infos] = (argsFor({} as never) ?? []) as [SessionInfo[]]
      told.push([origin, `${name} ${infos.map((it) => `${it.id} ${it.status}`).join(', ')}`])
    },
    grants: { get: async (origin) => (granted.includes(origin) ? ({} as GrantRecord) : undefined) },
    sessions: {
      list: (by = {}) => all.filter((it) => by.origin === undefined || it.origin === by.origin) as StoredSession[],
    },
    print: { info: async ({ id }) => ({ id, status: 'active', ...status[id] }) as unknown as SessionInfo },
    isAwake: () => awake,
    now: () => now,
    report: (error) => {
      throw error
    },
  })
})

const settle = async () => {
  const before = told.length
  await telling.tellChanged()
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  return told.slice(before)
}

it('tells a site of its own sessions, those that ended long ago left out', async () => {
  all = [...all, { id: 'old' as SessionId, origin: SITE, endedAt: START - 300 }]
  telling.tell(SITE)
  await expect.poll(() => told).toEqual([[SITE, 'sessionsChanged s active']])
})

it.each([
  ['the lock', { status: 'paused', paused_by: 'locked' }],
  ['the clock', { status: 'expired' }],
] as const)('what %s changes is told once, and to its site alone', async (_name, change) => {
  telling.tellAll()
  await expect.poll(() => told).toHaveLength(2)
  expect(await settle()).toEqual([])
  status = { s: change }
  expect(await settle()).toEqual([[SITE, `sessionsChanged s ${change.status}`]])
  expect(await settle()).toEqual([])
  status = {}
  expect(await settle()).toEqual([[SITE, 'sessionsChanged s active']])
})

it('the unlock tells every site that is there and connected, and before it nobody', async () => {
  awake = false
  telling.tellAll()
  telling.tell(SITE)
  expect(await settle()).toEqual([])
  awake = true
  granted = [SITE]
  telling.tellAll()
  await expect.poll(() => told).toEqual([[SITE, 'sessionsChanged s active']])
  open = []
  status = { s: { status: 'expired' } }
  telling.tellAll()
  expect(await settle()).toEqual([])
})
