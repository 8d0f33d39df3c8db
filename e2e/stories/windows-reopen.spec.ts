import { test } from '@playwright/test'
import { SENT, STRK } from '../desk.ts'
import { alone, expect, type Kept } from '../kept.ts'
import { clickFor, type Outcome, request } from '../site.ts'

const DAY = 86_400
const PRICE = '1000'

// A chain of its own: its time is moved by hours.
test('each kind of window is used up, says when it opens, and opens then and no second earlier', async () => {
  test.setTimeout(240_000)
  await alone('chromium', async (kept, { devnet, fixtures }) => {
    // Ten minutes before a month ends, so that a day and a month end together.
    const midnight = monthAfter(Date.now() / 1000 + DAY)
    await devnet.setTime(midnight - 600)
    const page = await kept.visitor()
    const ask = (limit: object) => sessionWith(kept, page, limit)
    const cap = (window: object) => ask({ caps: [{ amount: PRICE, window }] })
    const sessions = {
      month: await cap({ calendar: 'month' }),
      day: await cap({ calendar: 'day' }),
      rolling: await cap({ rolling: 3_600 }),
      fixed: await cap({ fixed: 3_600, anchor: midnight - 1_800 }),
      stream: await ask({ stream: { start: midnight - 600, initial: PRICE, per_second: '1' } }),
    }
    const pay = (name: keyof typeof sessions): Promise<Outcome> => {
      const calls = [{ contract_address: STRK, entry_point: 'transfer', calldata: [fixtures.game, PRICE, '0x0'] }]
      const session = { mode: 'only', id: sessions[name] }
      return request(page, 'wallet_addInvokeTransaction', { calls, session })
    }
    const names = Object.keys(sessions) as (keyof typeof sessions)[]
    const opens = new Map<number, (keyof typeof sessions)[]>()
    for (const name of names) {
      expect(await pay(name), name).toEqual(SENT)
      expect(await pay(name), name).toMatchObject({ code: 214, data: { limit: 'spend' } })
      let at = 0
      // A rolling window opens by what is settled.
      await expect.poll(async () => (at = opensAt(await pay(name))), name).toBeGreaterThan(0)
      opens.set(at, [...(opens.get(at) ?? []), name])
    }
    expect(opens.get(midnight)).toEqual(['month', 'day'])
    expect(opens.get(midnight + 1_800)).toEqual(['fixed'])
    for (const at of [...opens.keys()].sort((a, b) => a - b)) {
      const those = opens.get(at) ?? []
      await devnet.setTime(at - 1)
      for (const name of those) expect(await pay(name), name).toMatchObject({ code: 214 })
      await devnet.setTime(at)
      for (const name of those) await expect.poll(() => pay(name), name).toEqual(SENT)
    }
  })
})

async function sessionWith(kept: Kept, page: Parameters<typeof request>[0], limit: object): Promise<string> {
  const { window, answer } = await clickFor(page, 'wallet_requestSession', {
    calls: [{ contract_address: STRK, entry_point: 'transfer' }],
    spend_limits: [{ token: STRK, ...limit }],
    duration: 40 * DAY,
  })
  await kept.person.allowAsAsked(window, 'Allow session')
  const { result } = await answer
  return (result as { id: string }).id
}

function opensAt({ data }: Outcome): number {
  const [reason] = (data as { reasons: { retry_at?: number }[] }).reasons
  return reason?.retry_at ?? 0
}

/** Unix seconds of the first second of the month after the one that `t` lies in. */
function monthAfter(t: number): number {
  const at = new Date(t * 1000)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1) / 1000
}
