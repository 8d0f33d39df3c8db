import { setTimeout } from 'node:timers/promises'
import { expect, type Page } from '@playwright/test'
import type { Checkpoint } from '../src/platform/checkpoint.ts'
import type { Fixtures } from './devnet.ts'
import type { Kept } from './kept.ts'
import type { Point } from './killer.ts'
import type { Person } from './person.ts'
import { clickOnly, type Outcome, request, windowsFrom } from './site.ts'

/** The points that each kind of request passes, in their order. */
export const POINTS = {
  call: [
    ...['received', 'begun', 'judged', 'held', 'signature', 'signed', 'accepted', 'sent', 'answered', 'remembered'],
    ...['receipt', 'settled'],
  ],
  /** A call that the person allowed once. */
  asked: [
    ...['received', 'begun', 'stored', 'opened', 'shown', 'allowed', 'held', 'signature', 'signed', 'accepted', 'sent'],
    ...['answered', 'remembered', 'receipt', 'settled'],
  ],
  connect: ['received', 'begun', 'stored', 'opened', 'shown', 'allowed', 'granted', 'answered', 'remembered'],
  session: [
    ...['received', 'begun', 'stored', 'opened', 'shown', 'allowed', 'authorized', 'created', 'started'],
    ...['answered', 'remembered'],
  ],
  /** Of a transaction that a session's yes begins with; once it is on chain, the next worker goes on behind it. */
  step: ['held', 'signature', 'signed', 'accepted'],
  stepOut: ['sent', 'stepSent', 'receipt', 'settled', 'stepEnded', 'stepDone'],
  afterSteps: ['authorized', 'created', 'started', 'answered', 'remembered'],
  revoke: ['received', 'begun', 'ended', 'keyGone', 'held', 'signature', 'signed', 'answered', 'remembered'],
  /** Of the same: the worker after such a death has nothing to do any more. */
  revokeOut: ['accepted', 'sent', 'told', 'toldStored', 'receipt', 'settled', 'heard'],
} as const satisfies Record<string, readonly Checkpoint[]>

/** Every promise is settled so long after the worker is back, or after the person's yes where that comes later, ms. */
const SETTLES_MS = 10_000
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const BEFORE_YES: readonly string[] = ['received', 'begun', 'stored', 'opened', 'shown']
const INVOKE = 'wallet_addInvokeTransaction'

export interface Dying {
  /** Calls of the session, all at once, and what they were answered; each has calldata of its own. */
  calls(session: string, times: number, ...points: readonly Point[]): Promise<readonly Outcome[]>
  call(session: string, ...points: readonly Point[]): Promise<Outcome>
  /** A call that the person is asked about, and allows. */
  asked(...points: readonly Point[]): Promise<Outcome>
  connect(...points: readonly Point[]): Promise<Outcome>
  /** A session that no other covers, allowed by the person. Answers its id. */
  session(...points: readonly Point[]): Promise<string>
  revoke(session: string, ...points: readonly Point[]): Promise<Outcome>
}

/** What a site does while its wallet's worker dies at these points, one after the other. */
export function dyingUnder(kept: Kept, page: Page, { game }: Fixtures): Dying {
  let made = 0
  const dieAt = (points: readonly Point[]) =>
    points.length === 0 ? { death: Promise.resolve() } : kept.killer.at(...points)
  const back = async (death: Promise<void>) => {
    await death
    await kept.killer.back()
  }
  const nextCalls = () => {
    made += 1
    const own = `0x${made.toString(16)}`
    return [
      { contract_address: game, entry_point: 'move', calldata: [own, '0x1'] },
      { contract_address: STRK, entry_point: 'transfer', calldata: [game, own, '0x0'] },
    ]
  }

  /** By itself, without a person. */
  const asks = async (points: readonly Point[], ask: () => Promise<Outcome>): Promise<Outcome> => {
    const { death } = await dieAt(points)
    const outcome = await inTime(ask(), back(death))
    await death
    return outcome
  }
  /** With one window and one yes. */
  const isAllowed = async (
    points: readonly Point[],
    button: Parameters<Person['allow']>[1],
    type: string,
    params: object,
  ): Promise<Outcome> => {
    const windows = windowsFrom(page)
    const yes = points.findIndex((it) => typeof it === 'string' && !BEFORE_YES.includes(it))
    const before = await dieAt(yes === -1 ? points : points.slice(0, yes))
    const { toCome } = await clickOnly(page, type, params)
    await before.death
    const window = await questionIn(kept)
    const shown = window.getByRole('button', { name: button, exact: true }).waitFor({ timeout: 30_000 })
    const early = toCome.then((outcome) => {
      throw new Error(`answered before the yes: ${JSON.stringify(outcome)}`)
    })
    await Promise.race([shown, early])
    const { death } = await dieAt(yes === -1 ? [] : points.slice(yes))
    await kept.person.allowAsAsked(window, button)
    const outcome = await inTime(toCome, back(death))
    await death
    expect(windows.count()).toBe(1)
    return outcome
  }

  const calls: Dying['calls'] = async (session, times, ...points) => {
    const { death } = await dieAt(points)
    const hint = { mode: 'only', id: session }
    const asked = Array.from({ length: times }, () => request(page, INVOKE, { calls: nextCalls(), session: hint }))
    const outcomes = await Promise.all(asked.map((answer) => inTime(answer, back(death))))
    await death
    return outcomes
  }

  return {
    calls,
    call: async (session, ...points) => (await calls(session, 1, ...points))[0] ?? {},
    asked: (...points) => isAllowed(points, 'Allow once', INVOKE, { calls: nextCalls(), session: { mode: 'never' } }),
    connect: (...points) => isAllowed(points, 'Connect', 'wallet_requestAccounts', {}),
    session: async (...points) => {
      made += 1
      const outcome = await isAllowed(points, 'Allow session', 'wallet_requestSession', {
        calls: [
          { contract_address: game, entry_point: 'move' },
          { contract_address: STRK, entry_point: 'transfer' },
        ],
        spend_limits: [{ token: STRK, total: (10n ** 18n).toString() }],
        // Another total each time: no running session covers it.
        fees: { max_total: ((20n + BigInt(made)) * 10n ** 18n).toString() },
        duration: 3600,
      })
      expect(outcome).toMatchObject({ result: { status: 'active' } })
      return (outcome.result as { id: string }).id
    },
    revoke: (session, ...points) =>
      asks(points, () => request(page, 'wallet_revokeSession', { id: session, on_chain: 'now' })),
  }
}

/** @param from what begins the ten seconds */
async function inTime(answer: Promise<Outcome>, from: Promise<unknown>): Promise<Outcome> {
  const late = from.then(() => setTimeout(SETTLES_MS, undefined, { ref: false }))
  const first = await Promise.race([answer, late])
  if (first === undefined) throw new Error(`not settled within ${SETTLES_MS / 1000} s after the worker is back`)
  return first
}

/** The one window in which the wallet asks. */
async function questionIn({ context }: Kept): Promise<Page> {
  const open = () => context.pages().filter((it) => it.url().includes('#/approval'))
  await expect.poll(() => open().length, { timeout: 30_000 }).toBe(1)
  const [window] = open()
  if (window === undefined) throw new Error('no window')
  return window
}
