import { setTimeout } from 'node:timers/promises'
import { expect, type Page } from '@playwright/test'
import type { Checkpoint } from '../src/platform/checkpoint.ts'
import type { Fixtures } from './devnet.ts'
import type { Kept } from './kept.ts'
import type { Point } from './killer.ts'
import { PASSWORD } from './person.ts'
import { clickOnly, type Outcome, request } from './site.ts'

/** The points that each kind of request passes, in their order. */
export const POINTS = {
  call: [
    ...['received', 'begun', 'judged', 'held', 'signature', 'signed', 'accepted', 'sent', 'answered', 'remembered'],
    ...['receipt', 'settled'],
  ],
  session: [
    ...['received', 'begun', 'stored', 'opened', 'shown', 'allowed', 'authorized', 'created', 'started'],
    ...['answered', 'remembered'],
  ],
  /** Of a transaction that a session's yes begins with; once it is on chain, the next worker goes on behind it. */
  step: ['held', 'signature', 'signed', 'accepted'],
  stepOut: ['sent', 'stepSent', 'receipt', 'settled', 'stepEnded', 'stepDone'],
  afterSteps: ['authorized', 'created', 'started', 'answered', 'remembered'],
  revoke: [
    ...['received', 'begun', 'ended', 'keyGone', 'held', 'signature', 'signed', 'accepted', 'sent', 'told'],
    ...['toldStored', 'receipt', 'settled', 'heard', 'answered', 'remembered'],
  ],
} as const satisfies Record<string, readonly Checkpoint[]>

/** Every promise is settled so long after the worker is back, or after the person's yes where that comes later, ms. */
const SETTLES_MS = 10_000
const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const BEFORE_YES: readonly string[] = ['received', 'begun', 'stored', 'opened', 'shown']

export interface Dying {
  /** A call of the session, and what it was answered; each has calldata of its own. */
  call(session: string, ...points: readonly Point[]): Promise<Outcome>
  /** A session like the first, allowed by the person. Answers its id. */
  session(...points: readonly Point[]): Promise<string>
  revoke(session: string, ...points: readonly Point[]): Promise<Outcome>
}

/** What a connected site does while its wallet's worker dies at these points, one after the other. */
export function dyingUnder(kept: Kept, page: Page, { game }: Fixtures): Dying {
  let made = 0
  const dieAt = (points: readonly Point[]) =>
    points.length === 0 ? { death: Promise.resolve() } : kept.killer.at(...points)

  /** @param from what begins the ten seconds */
  const inTime = async (answer: Promise<Outcome>, from: Promise<unknown>): Promise<Outcome> => {
    const late = from.then(() => setTimeout(SETTLES_MS, undefined, { ref: false }))
    const first = await Promise.race([answer, late])
    if (first === undefined) throw new Error(`not settled within ${SETTLES_MS / 1000} s after the worker is back`)
    return first
  }
  const back = async (death: Promise<void>) => {
    await death
    await kept.killer.back()
  }

  return {
    call: async (session, ...points) => {
      made += 1
      const calls = [
        { contract_address: game, entry_point: 'move', calldata: [`0x${made.toString(16)}`, '0x1'] },
        { contract_address: STRK, entry_point: 'transfer', calldata: [game, `0x${made.toString(16)}`, '0x0'] },
      ]
      const { death } = await dieAt(points)
      const answer = request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only', id: session } })
      const outcome = await inTime(answer, back(death))
      await death
      return outcome
    },
    session: async (...points) => {
      made += 1
      const ask = {
        calls: [
          { contract_address: game, entry_point: 'move' },
          { contract_address: STRK, entry_point: 'transfer' },
        ],
        spend_limits: [{ token: STRK, total: (10n ** 18n).toString() }],
        // Another total each time: no running session covers it.
        fees: { max_total: ((20n + BigInt(made)) * 10n ** 18n).toString() },
        duration: 3600,
      }
      const { death } = await dieAt(points)
      const { toCome } = await clickOnly(page, 'wallet_requestSession', ask)
      const first = points[0]
      if (typeof first === 'string' && BEFORE_YES.includes(first)) await death
      const window = await questionIn(kept)
      const password = window.getByLabel('Password', { exact: true })
      await expect(window.getByRole('button', { name: 'Allow session' })).toBeVisible({ timeout: 20_000 })
      await kept.person.allow(window, 'Allow session', (await password.isVisible()) ? PASSWORD : undefined)
      const outcome = await inTime(toCome, back(death))
      expect(outcome).toMatchObject({ result: { status: 'active' } })
      await death
      return (outcome.result as { id: string }).id
    },
    revoke: async (session, ...points) => {
      const { death } = await dieAt(points)
      const answer = request(page, 'wallet_revokeSession', { id: session, on_chain: 'now' })
      const outcome = await inTime(answer, back(death))
      await death
      return outcome
    },
  }
}

/** The one window in which the wallet asks. */
async function questionIn({ context }: Kept): Promise<Page> {
  const open = () => context.pages().filter((it) => it.url().includes('#/approval'))
  await expect.poll(() => open().length, { timeout: 20_000 }).toBe(1)
  const [window] = open()
  if (window === undefined) throw new Error('no window')
  return window
}
