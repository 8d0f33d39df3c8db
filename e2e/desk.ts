import type { Locator, Page, Worker } from '@playwright/test'
import { expect } from '@playwright/test'
import { type Address, address } from '../src/core/felt.ts'
import { selectorOf } from '../src/starknet/selector.ts'
import type { Devnet, Fixtures } from './devnet.ts'
import { FINDING } from './faults.ts'
import { test as base, type Kept } from './kept.ts'
import { type Outcome, request } from './site.ts'

/**
 * A site with a running session that pays the same small sum with each call, and what can be read of it at any moment: by the
 * site, by the person, in the wallet's book and on the chain. Counts begin with the desk, so that no row of a file relies on
 * the one before.
 */
export interface Desk {
  readonly kept: Kept
  readonly page: Page
  /** The wallet's Home, and what it says of a node that is gone. */
  readonly home: Page
  readonly silent: Locator
  readonly account: Address
  worker(): Worker
  /** One automatic payment of PRICE. */
  pay(): Promise<Outcome>
  /** What the next payment needs to know is known, so that it asks as little as it ever does; the counts begin anew. */
  warm(): Promise<void>
  book(): Promise<Book>
  chain(): Promise<{ readonly nonce: number; readonly payments: number }>
  nonceBefore(): bigint
  /** The newest line of Activity. */
  newest(): Locator
  /** Held, and nothing booked: also after the wallet has looked for it again. */
  isHeld(): Promise<void>
  /** The wallet has asked for a transaction and heard the answer. */
  looked(): Promise<void>
  /** Nothing is held, and the book is what the chain says. `others`: transactions of somebody else. */
  settled(expected: { readonly payments: number; readonly others?: number }): Promise<void>
  session(): Promise<{ readonly id: string; readonly status: string; readonly paused_by?: string }>
  /** What the list of sessions says of it. */
  onSessions(cause: string): Promise<void>
  /** By the person, on the session's page. */
  resume(id: string): Promise<void>
}
/** Of the session since the desk was opened: fri spent and held, transactions booked and not settled yet. */
export interface Book {
  readonly used: number
  readonly held: number
  readonly calls: number
  readonly open: number
}

/** fri. */
export const PRICE = 1_000
export const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'

/** What a site is told where the node is at fault. */
export const node = { code: 163, message: 'An error occurred (UNKNOWN_ERROR)', data: { reason: 'node' } }
export const SENT = { result: { transaction_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) } }

export const test = base.extend<{ readonly desk: Desk }>({
  desk: async ({ kept, devnet, fixtures }, use) => {
    const desk = await atDesk({ kept, devnet, fixtures })
    await use(desk)
    await desk.page.close()
  },
})

async function atDesk(world: {
  readonly kept: Kept
  readonly devnet: Devnet
  readonly fixtures: Fixtures
}): Promise<Desk> {
  const { kept, devnet, fixtures } = world
  const { page: home } = kept.person
  const page = await kept.player()
  kept.node.mark()
  let booked: Book = { used: 0, held: 0, calls: 0, open: 0 }
  let before = { nonce: 0n, balance: 0n }

  const pay = () => {
    const transfer = { contract_address: STRK, entry_point: 'transfer' }
    const calls = [{ ...transfer, calldata: [fixtures.game, `0x${PRICE.toString(16)}`, '0x0'] }]
    return request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only' } })
  }
  const session = async (): Promise<Session> => {
    const [first] = (await request(page, 'wallet_getSessions')).result as Session[]
    if (first === undefined) throw new Error('no session')
    return first
  }
  const meters = async (): Promise<Book> => {
    const { meters: all } = await session()
    const spend = all.find(({ id }) => id.startsWith('spend:'))
    const tx = all.find(({ id }) => id === 'tx')
    return {
      used: Number(spend?.used),
      held: Number(spend?.held),
      calls: Number(tx?.used),
      open: Number(tx?.held),
    }
  }
  const book = async (): Promise<Book> => {
    const { used, held, calls, open } = await meters()
    return { used: used - booked.used, held, calls: calls - booked.calls, open }
  }
  const read = async () => {
    const nonce = await devnet.rpc<string>('starknet_getNonce', {
      block_id: 'latest',
      contract_address: kept.address,
    })
    const [low] = await devnet.rpc<string[]>('starknet_call', {
      block_id: 'latest',
      request: {
        contract_address: STRK,
        entry_point_selector: selectorOf('balance_of'),
        calldata: [fixtures.game],
      },
    })
    return { nonce: BigInt(nonce), balance: BigInt(low ?? 0) }
  }
  const chain = async () => {
    const { nonce, balance } = await read()
    return { nonce: Number(nonce - before.nonce), payments: Number(balance - before.balance) / PRICE }
  }
  const begin = async () => {
    await expect.poll(async () => (await meters()).open, { timeout: 30_000 }).toBe(0)
    booked = await meters()
    before = await read()
    kept.node.mark()
  }
  const looked = async () => {
    const asked = () => kept.node.since().filter((method) => FINDING.includes(method)).length
    const now = asked()
    // The second question comes after the first was answered.
    await expect.poll(asked, { timeout: 20_000 }).toBeGreaterThan(now + 1)
  }

  await begin()
  return {
    kept,
    page,
    home,
    silent: home.getByText('Your node does not answer.'),
    account: address(kept.address),
    worker: () => {
      const [worker] = kept.context.serviceWorkers()
      if (worker === undefined) throw new Error('no worker')
      return worker
    },
    pay,
    warm: async () => {
      expect(await pay()).toEqual(SENT)
      await begin()
    },
    book,
    chain,
    nonceBefore: () => before.nonce,
    newest: () => home.getByRole('region', { name: 'Activity' }).getByRole('listitem').first(),
    isHeld: async () => expect(await book()).toEqual({ used: 0, held: PRICE, calls: 0, open: 1 }),
    looked,
    settled: async ({ payments, others = 0 }) => {
      const used = payments * PRICE
      await expect.poll(book, { timeout: 30_000 }).toEqual({ used, held: 0, calls: payments, open: 0 })
      expect(await chain()).toEqual({ nonce: payments + others, payments })
    },
    session,
    onSessions: async (cause) => {
      const at = home.url()
      await home.goto(`${at.split('#')[0]}#/sessions`)
      await expect(home.getByText(cause)).toBeVisible()
      await home.goto(at)
    },
    resume: async (id) => {
      const at = home.url()
      await home.goto(`${at.split('#')[0]}#/session/${id}`)
      await home.getByRole('button', { name: 'Resume', exact: true }).click()
      await expect.poll(async () => (await session()).status).toBe('active')
      await home.goto(at)
    },
  }
}

interface Session {
  readonly id: string
  readonly status: string
  readonly paused_by?: string
  readonly meters: readonly { readonly id: string; readonly used: string; readonly held: string }[]
}
