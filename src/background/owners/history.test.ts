import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Origin, SessionId } from '../../core/policy/policy.ts'
import type { HistoryRow, NetworkId } from '../../core/records.ts'
import { createGuard, type Database, openDatabase } from '../../platform/database.ts'
import { createHistory, type Entry, type History, type HistoryQuery, type Place } from './history.ts'

const SEPOLIA = 'sepolia' as NetworkId
const DEVNET = 'devnet' as NetworkId
const SITES = ['https://a.example', 'https://b.example', 'https://c.example'] as Origin[]
const TX = { kind: 'transaction', hash: '0x1', calls: [] } as unknown as HistoryRow['event']
const EVENTS = [
  { ...TX, by: 'session' },
  { ...TX, by: 'person' },
  { kind: 'refused', calls: [], reasons: [] },
  { kind: 'connected' },
] as HistoryRow['event'][]

let db: Database
let history: History
let made = 0
beforeEach(() => {
  made += 1
  db = openDatabase({ now: () => 1_000, name: `history-${made}` })
  const guard = createGuard({ vaultId: 'v', macKey: new Uint8Array(32).fill(7) })
  let ids = 0
  const newId = () => {
    ids += 1
    return String(ids).padStart(6, '0')
  }
  history = createHistory({ db, guard: () => guard, now: () => 1_000, newId })
})

/** 700 rows over two networks, three sites and four kinds; 40 of them in each second. */
async function fill(): Promise<readonly Entry[]> {
  const rows = Array.from({ length: 700 }, (_, n): Entry & { readonly id: string; readonly at: number } => ({
    id: `r${String((n * 389) % 700).padStart(4, '0')}`,
    at: 100 + Math.floor(n / 40),
    network: n % 5 === 0 ? DEVNET : SEPOLIA,
    // The third site is met once, long ago.
    ...(n === 3 ? { origin: SITES[2]! } : n % 3 === 0 ? {} : { origin: SITES[n % 2]! }),
    ...(n % 4 === 0 ? { session: 's1' as SessionId } : {}),
    // Refusals are few and old.
    event: EVENTS[n % 7 === 2 && n < 100 ? 2 : n % 2 === 0 ? 0 : n % 11 === 0 ? 3 : 1]!,
  }))
  for (const row of rows) await history.add(row)
  return rows
}

async function allPages(which: Omit<HistoryQuery, 'before'>): Promise<readonly HistoryRow[]> {
  const found: HistoryRow[] = []
  let before: Place | undefined
  do {
    const { rows, next } = await history.list({ ...which, ...(before === undefined ? {} : { before }) })
    // More was promised: an empty page, or a short one before the last, would look like the end.
    if (next !== undefined) expect(rows).toHaveLength(which.limit)
    found.push(...rows)
    before = next
  } while (before !== undefined)
  return found
}

describe('list', () => {
  const kindOf = ({ event }: Entry) =>
    event.kind === 'refused'
      ? 'refused'
      : event.kind === 'transaction'
        ? event.by === 'session'
          ? 'automatic'
          : 'asked'
        : undefined
  const cases: readonly (readonly [string, Omit<HistoryQuery, 'before' | 'limit'>])[] = [
    ['all there are', {}],
    ['of a network', { network: SEPOLIA }],
    ['of a session', { session: 's1' as SessionId }],
    ['refused', { network: SEPOLIA, kind: 'refused' }],
    ['of a site', { network: SEPOLIA, origin: SITES[1]! }],
    ['of a site that was met once, long ago', { network: SEPOLIA, origin: SITES[2]! }],
    ['automatic ones of a site', { network: DEVNET, kind: 'automatic', origin: SITES[0]! }],
    ['of a site that no row names', { network: SEPOLIA, origin: 'https://x.example' as Origin }],
  ]
  it.each(cases)(
    'page by page, more in one second than a page holds, every row comes once, newest first: %s',
    async (_, which) => {
      const rows = await fill()
      const wanted = rows
        .filter(
          (row) =>
            (which.network === undefined || row.network === which.network) &&
            (which.session === undefined || row.session === which.session) &&
            (which.origin === undefined || row.origin === which.origin) &&
            (which.kind === undefined || kindOf(row) === which.kind),
        )
        .sort((a, b) => b.at! - a.at! || (a.id! < b.id! ? 1 : -1))
        .map(({ id }) => id)
      expect((await allPages({ ...which, limit: 7 })).map(({ id }) => id)).toEqual(wanted)
    },
  )

  it('a page reads its own rows and one more, however many there are', async () => {
    await fill()
    const { rows, next } = await history.list({ network: SEPOLIA, limit: 5, fits: () => true })
    let looked = 0
    const fits = () => {
      looked += 1
      return true
    }
    await history.list({ network: SEPOLIA, limit: 5, before: next!, fits })
    expect(rows).toHaveLength(5)
    expect(looked).toBe(6)
  })

  it('what does not verify is left out and counted, and the page is full all the same', async () => {
    await fill()
    const [newest] = (await history.list({ network: SEPOLIA, limit: 1 })).rows
    await db.write(['history'], 'relaxed', async (tx) => {
      const row = await tx.row('history', newest!.id)
      await tx.putRow('history', { ...row!, value: { ...newest!, account: '0x1' } })
    })
    const { rows, tampered } = await history.list({ network: SEPOLIA, limit: 10 })
    expect({ many: rows.length, tampered, there: rows.some(({ id }) => id === newest!.id) }).toEqual({
      many: 10,
      tampered: 1,
      there: false,
    })
  })
})

describe('origins', () => {
  it('every site that a row of the network names, last met first, however long ago', async () => {
    await fill()
    expect(new Set(await history.origins(SEPOLIA))).toEqual(new Set(SITES))
    expect((await history.origins(SEPOLIA)).at(-1)).toBe(SITES[2])
    expect(await history.origins('mainnet' as NetworkId)).toEqual([])
  })
})
