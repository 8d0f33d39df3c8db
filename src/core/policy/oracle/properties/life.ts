import type { Address, U256 } from '../../../felt.ts'
import { mayFollow } from '../../../transaction.ts'
import { compact, emptyBook, type Outcome, settle, used } from '../../book.ts'
import { evaluate } from '../../evaluate.ts'
import type { Transaction } from '../../facts.ts'
import { narrows } from '../../narrow.ts'
import type { Hold, MeterBook, MeterId, SessionPolicy, SessionRecord, Window } from '../../policy.ts'
import { leaveIn } from '../credits.ts'
import { createDice } from '../dice.ts'
import { capsOn, endPast, forget, openOf, type Past, startOf, unlocked, usedOn } from '../ledger.ts'
import { capsOf, text } from '../parts.ts'
import { narrowed } from './moves.ts'
import type { Property } from './property.ts'
import { aScene, aTransaction, type Scene } from './scene.ts'

const STEPS = 50
/** More than any member of a group holds. */
const MUCH = 10n ** 9n
const ACTS = [
  ...(['hold', 'hold', 'hold', 'hold', 'hold', 'hold', 'sign', 'sign', 'sign', 'send', 'accept', 'accept'] as const),
  ...(['accept', 'revert', 'reject', 'drop', 'release', 'replace', 'found', 'replay', 'time', 'time'] as const),
  ...(['narrow', 'lock', 'kill', 'compact', 'clock'] as const),
]
type Act = (typeof ACTS)[number] | 'revoke' | 'overdraw'

interface Life extends Scene {
  /** What its site asks, again and again. */
  readonly asks: readonly Transaction[]
  readonly steps: readonly { readonly act: Act; readonly dice: number }[]
}

/** Everything that can happen to a session, in any order; the totals are those of the second ledger. */
export const life: Property<Life> = {
  id: 'P2',
  says: 'no order of events passes a cap, gives back too much, signs without a hold, twice, or after the end',
  cases: 10_000,
  meets: { held: 600, booked: 400, given: 350, refused: 700, narrowed: 500, replaced: 40, found: 80, revoked: 120 },
  make: (seed) => {
    const dice = createDice(seed)
    const scene = aScene(dice)
    // Long enough for its windows to pass, short enough to reach its end now and then.
    scene.session.effective.validUntil = scene.now + dice.pick([3_600, 86_400, 20 * 86_400, 60 * 86_400])
    const steps = Array.from({ length: STEPS }, () => ({ act: dice.pick(ACTS) as Act, dice: dice.int(0, 2 ** 31) }))
    if (dice.chance(0.2)) steps[dice.int(20, STEPS - 1)] = { act: 'revoke', dice: 0 }
    if (dice.chance(0.1)) steps[dice.int(20, STEPS - 1)] = { act: 'overdraw', dice: dice.int(0, 2 ** 31) }
    const { session } = scene
    const asks = Array.from({ length: 10 }, () => aTransaction(dice, session, session.effective))
    return { ...scene, asks, steps }
  },
  check: (it, met) => {
    const world = begin(it)
    for (const [index, { act, dice }] of it.steps.entries()) {
      const [before, then] = [world.book, world.now]
      const why = perform(world, act, createDice(dice), met)
      // Between two changes the totals stay as they are.
      const moved = before !== world.book || then !== world.now
      const wrong = why ?? (moved ? sound(world) : undefined)
      if (wrong !== undefined) return `step ${index}, ${act}: ${wrong}`
    }
    return undefined
  },
}

interface World {
  readonly scene: Life
  session: SessionRecord
  policy: SessionPolicy
  book: MeterBook
  holds: readonly Hold[]
  /** The second ledger: all that was ever held. */
  list: readonly Past[]
  now: number
  unlocked: boolean
  /** More left than was held: from here on the caps may be passed. */
  over: boolean
  /** What came back on a node's word, by what the engine's own totals lost. */
  readonly given: { readonly meter: MeterId; readonly amount: bigint; readonly at: number }[]
  readonly requests: Map<string, string>
}

function begin(scene: Life): World {
  return {
    scene,
    session: scene.session,
    policy: scene.session.effective,
    book: emptyBook(scene.session.id),
    holds: [],
    list: [],
    now: scene.now,
    unlocked: true,
    over: false,
    given: [],
    requests: new Map(),
  }
}

type Dice = ReturnType<typeof createDice>
type Met = (what: string) => void

function perform(world: World, act: Act, dice: Dice, met: Met): string | undefined {
  const open = openHolds(world)
  const someOpen = (status: readonly Hold['status'][]) => {
    const fitting = open.filter((hold) => status.includes(hold.status))
    return fitting.length > 0 ? dice.pick(fitting) : undefined
  }
  switch (act) {
    case 'hold':
      return hold(world, dice, met, `h${world.holds.length}`)
    case 'replace': {
      const other = someOpen(['signed', 'sent'])
      if (other === undefined || open.filter(({ group }) => group === other.group).length > 2) return undefined
      met('replaced')
      return hold(world, dice, met, other.group)
    }
    case 'replay': {
      const known = dice.pick([...world.requests.keys(), undefined])
      if (known === undefined) return undefined
      const rows = world.holds.filter(({ request }) => request === known)
      return rows.length === 1 ? undefined : `${rows.length} hashes for one request`
    }
    case 'sign': {
      const row = someOpen(['held'])
      if (row === undefined || world.session.state !== 'active') return undefined
      if (!mayFollow(row, { to: 'signed' })) return 'a held row may not be signed'
      change(world, row.id, { status: 'signed' })
      return undefined
    }
    case 'send': {
      const row = someOpen(['signed'])
      if (row !== undefined) change(world, row.id, { status: 'sent' })
      return undefined
    }
    case 'release':
      return end(world, someOpen(['held']), dice, 'released', met)
    case 'accept':
      return end(world, someOpen(['signed', 'sent']), dice, 'accepted', met)
    case 'revert':
      return end(world, someOpen(['signed', 'sent']), dice, 'reverted', met)
    case 'reject':
      return end(world, someOpen(['signed', 'sent']), dice, 'rejected', met)
    case 'drop':
      return end(world, someOpen(['signed', 'sent']), dice, 'dropped', met)
    case 'overdraw':
      world.over = true
      return end(world, someOpen(['signed', 'sent']), dice, 'accepted', met, true)
    case 'found': {
      const lost = world.holds.filter((it) => it.end === 'rejected' || it.end === 'dropped')
      if (lost.length === 0) return undefined
      met('found')
      // It had been given back, and others may have used the room.
      world.over = true
      return end(world, dice.pick(lost), dice, dice.pick(['accepted', 'reverted']), met)
    }
    case 'time':
      world.now += dice.pick([0, 1, 2, 30, 59, 60, 61, 600, dice.pick([3_599, 3_600, 86_400]), ...edges(world)])
      return undefined
    case 'clock':
      // A clock that goes back is judged by the latest time known: nothing opens again.
      return undefined
    case 'narrow': {
      const next = narrowed(dice, world.policy)
      if (narrows(next, world.policy) !== true) return 'a narrowing is refused'
      world.policy = next
      world.session = { ...world.session, effective: next }
      met('narrowed')
      // What was decided by the wider policy and not signed comes back.
      for (const row of openHolds(world)) {
        if (row.status !== 'held') continue
        const why = end(world, row, dice, 'released', met)
        if (why !== undefined) return why
      }
      return undefined
    }
    case 'lock':
      world.unlocked = !world.unlocked
      return undefined
    case 'kill':
      // Memory is gone; what the disk has is read again, and unsigned holds are released.
      world.book = JSON.parse(JSON.stringify(world.book)) as MeterBook
      world.holds = JSON.parse(JSON.stringify(world.holds)) as readonly Hold[]
      for (const row of openHolds(world)) {
        if (row.status !== 'held') continue
        const why = end(world, row, dice, 'released', met)
        if (why !== undefined) return why
      }
      return undefined
    case 'compact':
      world.book = compact(world.book, world.session, world.now, openHolds(world))
      world.list = forget(world.list, world.session, world.now)
      return undefined
    case 'revoke':
      met('revoked')
      world.session = { ...world.session, state: 'revoked' }
      return undefined
  }
}

function hold(world: World, dice: Dice, met: Met, group: string): string | undefined {
  const { session, policy, now } = world
  const tx = dice.pick(world.scene.asks)
  const facts = { ...world.scene.facts, unlocked: world.unlocked }
  const verdict = evaluate(session, world.book, openHolds(world), tx, facts, now)
  if (verdict.kind !== 'auto') {
    met('refused')
    return undefined
  }
  if (session.state !== 'active') return `auto in a session that is ${session.state}`
  if (now >= policy.validUntil - 60 || now < policy.validAfter) return 'auto outside the life of the session'
  met('held')
  const id = `h${world.holds.length}`
  const row = { id, group, at: now, charges: verdict.charges, calls: [...tx.calls] }
  world.holds = [
    ...world.holds,
    { ...row, session: session.id, request: id, via: 'node', hash: '0x1' as Hold['hash'], status: 'held' },
  ]
  world.requests.set(id, id)
  world.list = [...world.list, row]
  if (world.over) return undefined
  return passed(world, policy, new Set(verdict.charges.map(({ meter }) => meter)))
}

/** The caps that are looked at: `among` only those of these meters. */
function passed(world: World, policy: SessionPolicy, among?: ReadonlySet<MeterId>): string | undefined {
  const { list, now } = world
  for (const { meter } of capsOf(policy)) {
    if (among !== undefined && !among.has(meter)) continue
    const { caps, stream } = capsOn(policy, meter) ?? { caps: [] }
    for (const { window, max } of caps) {
      if (!wasGranted(world, meter, window)) continue
      const sum = usedOn(list, meter, window, now)
      if (sum > max) return `${meter}, ${JSON.stringify(window)}: ${sum} of ${max}`
    }
    if (stream !== undefined && among !== undefined) {
      const [sum, free] = [usedOn(list, meter, SESSION, now), unlocked(stream, now)]
      if (sum > free) return `${meter}, stream: ${sum} of ${free}`
    }
  }
  return undefined
}

const SESSION: Window = { kind: 'session' }

function end(
  world: World,
  row: Hold | undefined,
  dice: Dice,
  how: Outcome['end'],
  met: Met,
  over = false,
): string | undefined {
  if (row === undefined) return undefined
  if (!mayFollow(row, { to: 'settled', end: how, at: world.now })) return `${row.end ?? row.status} may not end ${how}`
  const late = row.status === 'settled'
  const outcome = outcomeOf(row, dice, how, world.now, over)
  const meters = new Set<MeterId>([
    ...openHolds(world)
      .filter(({ group }) => group === row.group)
      .flatMap(({ charges }) => charges.map(({ meter }) => meter)),
    ...row.charges.map(({ meter }) => meter),
  ])
  const before = new Map([...meters].map((meter) => [meter, total(world, meter)]))
  const settled = settle(world.book, row, openHolds(world), outcome, world.session, world.now)
  world.book = settled.book
  world.list = forget(endPast(world.list, row.id, outcome, world.session), world.session, world.now)
  change(world, row.id, { status: 'settled', end: how })
  for (const id of settled.ended) change(world, id, { status: 'settled', end: 'dropped' })
  if (outcome.at !== undefined) world.now = Math.max(world.now, outcome.at)
  if (over && settled.over.length === 0) return 'more left than was held, and nobody is told'
  if (settled.over.length > 0) world.over = true
  const at = Math.max(row.at, outcome.at ?? 0)
  for (const [meter, was] of before) {
    const back = was - total(world, meter)
    if (back > 0n && how !== 'released' && !late) {
      met('given')
      const why = givesTooMuch(world, meter, back, at)
      if (why !== undefined) return why
      world.given.push({ meter, amount: back, at })
    }
    if (how === 'accepted' && back < 0n && !over && !late) return `${meter}: more booked than held`
  }
  if (how === 'accepted' || how === 'reverted') met('booked')
  return undefined
}

/** What the engine counts of a meter over the whole life. */
function total(world: World, meter: MeterId): bigint {
  return used(world.book, openHolds(world), meter, SESSION, world.now)
}

/** The bound of 8.2: inside each cap's window at most `max`, on fee meters three times that. */
function givesTooMuch(world: World, meter: MeterId, amount: bigint, at: number): string | undefined {
  const times = meter.startsWith('fee:') ? 3n : 1n
  const { caps, stream } = capsOn(world.policy, meter) ?? { caps: [] }
  const bounds = [
    ...caps.map(({ window, max }) => ({ window, max: max * times })),
    ...(stream === undefined ? [] : [{ window: SESSION, max: unlocked(stream, at) }]),
  ]
  for (const { window, max } of bounds) {
    const from = startOf(window, at)
    const sum = world.given.reduce((all, it) => (it.meter === meter && it.at >= from ? all + it.amount : all), amount)
    if (sum > max) return `${meter}, ${JSON.stringify(window)}: ${sum} given back, at most ${max}`
  }
  return undefined
}

function outcomeOf(row: Hold, dice: Dice, how: Outcome['end'], now: number, over: boolean): Outcome {
  const at = now + dice.pick([0, 0, 0, -1, 1, 5])
  if (how !== 'accepted' && how !== 'reverted') return dice.chance(0.5) ? { end: how, at } : { end: how }
  const held = row.charges.find(({ meter }) => meter.startsWith('fee:'))
  const most = BigInt(held?.amount ?? '0')
  const fee = {
    token: (held?.meter.slice(4) ?? '0x57a4') as Address,
    paid: text(over ? most + MUCH : dice.big(most + 1n)),
  }
  if (how === 'reverted') return { end: how, at, fee }
  const out: Record<string, U256> = {}
  for (const { meter, amount } of row.charges) {
    // Leave that was given is charged, and stays with whom it was given to.
    if (meter.startsWith('spend:')) out[meter.slice(6)] = text(dice.big(sentOf(row, meter.slice(6), amount) + 1n))
  }
  return { end: how, at, fee, out, items: {} }
}

/** What a charge says is sent, without the leave that it is for. */
export function sentOf({ calls }: Pick<Hold, 'calls'>, token: string, amount: U256): bigint {
  const rest = BigInt(amount) - leaveIn(calls, token)
  return rest > 0n ? rest : 0n
}

/** After each step: what both ledgers count is one number, and no cap of what was granted is passed. */
function sound(world: World): string | undefined {
  const open = openHolds(world)
  if (openOf(world.list).length !== open.length) return 'the ledgers disagree about what is open'
  for (const { meter } of capsOf(world.policy)) {
    const caps = capsOn(world.policy, meter)?.caps ?? []
    const windows = [SESSION, ...caps.map(({ window }) => window).filter((it) => wasGranted(world, meter, it))]
    for (const window of windows) {
      const [mine, other] = [
        used(world.book, open, meter, window, world.now),
        usedOn(world.list, meter, window, world.now),
      ]
      if (mine !== other) return `${meter}, ${JSON.stringify(window)}: ${mine} counted, ${other} happened`
    }
  }
  return world.over ? undefined : passed(world, world.session.granted)
}

/** A window that a narrowing brought sees what was still told apart by then (policy.md 7.2, compaction). */
function wasGranted({ session }: World, meter: MeterId, window: Window): boolean {
  const caps = capsOn(session.granted, meter)?.caps ?? []
  return caps.some((cap) => JSON.stringify(cap.window) === JSON.stringify(window))
}

function openHolds({ holds }: World): readonly Hold[] {
  return holds.filter(({ status }) => status !== 'settled')
}

function change(world: World, id: string, to: Partial<Hold>): void {
  world.holds = world.holds.map((hold) => (hold.id === id ? { ...hold, ...to } : hold))
}

/** Steps to the seconds around the edges of the windows that the policy has. */
function edges({ policy, now }: World): number[] {
  const next = capsOf(policy).flatMap(({ caps }) =>
    caps.flatMap(({ window }) => (window.kind === 'fixed' ? [startOf(window, now) + window.seconds - now] : [])),
  )
  return next.filter((wait) => wait > 0 && wait < 1_000_000).flatMap((wait) => [wait - 1, wait])
}
