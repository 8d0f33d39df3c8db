import { describe, expect, test } from 'vitest'
import type { ChainState } from '../core/account.ts'
import { type ClassHash, felt, type U256 } from '../core/felt.ts'
import type { OwnStep } from '../core/protocol/session-info.ts'
import type { StoredSession } from '../core/records.ts'
import { nodeError } from '../platform/node-error.ts'
import { ARGENT_0_4_0 } from '../starknet/accounts.ts'
import type { FoundEscape } from './escape-watch.ts'
import { createLife, type LifeNeeds } from './life.ts'
import { ACCOUNT, account, NETWORK, START } from './sending/stub-world.ts'
import type { OwnPlanned } from './upkeep.ts'

const PASSWORD = 'the right one'
const AT = { account: ACCOUNT, network: NETWORK }
const READY = START + 604_800

/** @param fee of each step, in fri */
function world(fee = 10n ** 15n) {
  const log: string[] = []
  const clock = { now: START }
  let found: FoundEscape | undefined
  let next: number | undefined
  let failing: Error | undefined
  /** A second key stands that may be one of the phrase, and whether it is. */
  let lost = false
  let found2 = false
  let state: ChainState = {
    at: START,
    kind: 'argent-0.4.0',
    classHash: ARGENT_0_4_0 as ClassHash,
    guardian: account.guardian.publicKey,
  }
  const bound = { maxAmount: felt(1), maxPrice: felt(fee) }
  const none = { maxAmount: felt(0), maxPrice: felt(0) }
  const planned = (step: OwnStep): OwnPlanned => ({
    step,
    bounds: { l1_gas: none, l2_gas: bound, l1_data_gas: none },
  })
  const needs: LifeNeeds = {
    upkeep: {
      end: async () => undefined,
      sendWanted: async () => undefined,
      plan: async (_account, _network, step) => [planned(step)],
      needsPhrase: async (_account, _network, steps) => steps.some(({ step }) => step === 'rotate'),
      mayFindKey: async () => lost,
      findSecondKey: async (_account, _network, phrase) => {
        log.push(`looked with ${phrase}`)
        lost = false
        return found2
      },
      prepare: async ({ phrase }) => {
        log.push(`prepared with ${phrase ?? 'nothing'}`)
        return account
      },
      run: async (_account, _network, steps, onStep) => {
        log.push(`sent ${steps.map(({ step }) => step).join()}`)
        if (failing !== undefined) throw failing
        for (const step of steps) {
          onStep?.(step, 'sent', felt(7))
          onStep?.(step, 'done', felt(7))
        }
      },
    },
    watch: {
      load: async () => undefined,
      found: () => (found === undefined ? [] : [found]),
      lookAt: async () => found,
      nextTry: () => next,
    } as unknown as LifeNeeds['watch'],
    vault: {
      phrase: async (password) =>
        password === PASSWORD ? { ok: true, value: 'words' } : { ok: false, kind: 'wrongPassword', left: 4 },
      verifyPassword: async (password) =>
        password === PASSWORD ? { ok: true, value: true } : { ok: false, kind: 'wrongPassword', left: 4 },
    },
    accounts: { own: async () => account, lastState: () => state },
    sessions: { list: () => [{ state: 'active' }, { state: 'revoked' }] as unknown as StoredSession[] },
    selected: async () => ({ account, network: NETWORK }),
    balances: async () => ({
      [felt('0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d')]: '9' as U256,
    }),
    isNearly: () => false,
    networkName: () => 'Sepolia',
    now: () => clock.now,
    changed: () => undefined,
    refresh: () => undefined,
    report: () => undefined,
  }
  const life = createLife({ ...needs, balances: async () => ({}) })
  return {
    life,
    poor: createLife(needs),
    log,
    clock,
    finds: (it: FoundEscape | undefined) => {
      found = it
    },
    nextTry: (at: number | undefined) => {
      next = at
    },
    loses: (isOurs: boolean) => {
      lost = true
      found2 = isOurs
    },
    fails: (error: Error) => {
      failing = error
    },
    stands: (more: Partial<ChainState>) => {
      state = { ...state, ...more }
    },
    doing: () => life.view(account, NETWORK).doing,
  }
}
const running = (more: Partial<FoundEscape['escape']> = {}): FoundEscape => ({
  ...AT,
  escape: { replaces: 'guardian', readyAt: READY, signer: account.guardian.publicKey, status: 'waiting', ...more },
  period: 604_800,
})

describe('a step', () => {
  test('is sent as it was shown, once, with the password', async () => {
    const { life, log, doing } = world()
    expect((await life.planned('rotate', AT)).blocked).toBe(undefined)
    expect(await life.run('rotate', PASSWORD, AT)).toMatchObject({ ok: true })
    expect(log).toEqual(['prepared with words', 'sent rotate'])
    await expect.poll(() => doing()?.over).toBe(true)
    expect(doing()?.steps.map(({ state }) => state)).toEqual(['done'])
    await expect(life.run('rotate', PASSWORD, AT)).rejects.toMatchObject({ code: 'stale' })
  })

  test('refuses: a wrong password does nothing, and may be tried again', async () => {
    const { life, log } = world()
    await life.planned('rotate', AT)
    expect(await life.run('rotate', 'another', AT)).toMatchObject({ ok: false, left: 4 })
    expect(log).toEqual([])
    expect(await life.run('rotate', PASSWORD, AT)).toMatchObject({ ok: true })
  })

  test('refuses: one that was not shown, or was shown of another account', async () => {
    const { life, log } = world()
    await expect(life.run('rotate', PASSWORD, AT)).rejects.toMatchObject({ code: 'stale' })
    await life.planned('remove', AT)
    await expect(life.run('rotate', PASSWORD, AT)).rejects.toMatchObject({ code: 'stale' })
    expect(log).toEqual([])
  })

  test('does not open the phrase where no second key follows', async () => {
    const { life, log } = world()
    await life.planned('upgrade', AT)
    await life.run('upgrade', PASSWORD, AT)
    expect(log).toEqual(['prepared with nothing', 'sent upgrade'])
  })

  test('that fails says what did not happen, and one that a silent node leaves open says that', async () => {
    const first = world()
    first.fails(new Error('reverted'))
    await first.life.planned('rotate', AT)
    await first.life.run('rotate', PASSWORD, AT)
    await expect.poll(() => first.doing()?.outcome?.key).toBe('life_failedRotate')
    expect(first.doing()?.steps.map(({ state }) => state)).toEqual(['failed'])
    const second = world()
    second.fails(nodeError('silent'))
    await second.life.planned('rotate', AT)
    await second.life.run('rotate', PASSWORD, AT)
    await expect.poll(() => second.doing()?.outcome?.key).toBe('life_unsure')
  })

  test('is held back where the account cannot pay for it', async () => {
    const { poor } = world()
    expect((await poor.planned('rotate', AT)).blocked?.key).toBe('blocked_poor')
  })
})

describe('a second key that may be one of the phrase', () => {
  test('is looked for with the password before a take-over is offered, and nothing is sent for it', async () => {
    const { life, log, loses } = world()
    loses(false)
    expect(await life.planned('takeOver', AT)).toMatchObject({ search: true, steps: [] })
    await expect(life.run('takeOver', PASSWORD, AT)).rejects.toMatchObject({ code: 'stale' })
    expect((await life.findKey('another', AT)).tried).toMatchObject({ ok: false })
    expect(log).toEqual([])
    expect(await life.findKey(PASSWORD, AT)).toMatchObject({ found: false })
    const { steps, search } = await life.planned('takeOver', AT)
    expect([steps.length, search]).toEqual([1, undefined])
    expect(log).toEqual(['looked with words'])
  })

  test('is this wallet’s when it is found', async () => {
    const { life, loses } = world()
    loses(true)
    expect(await life.findKey(PASSWORD, AT)).toMatchObject({ found: true, tried: { ok: true } })
  })
})

describe('the move to one’s own second key', () => {
  test('waits for the next try, and keeps under the account’s cap of fees', async () => {
    const { life, nextTry } = world()
    nextTry(START + 60)
    expect((await life.planned('takeOver', AT)).blocked).toMatchObject({ key: 'life_tryAgain' })
    nextTry(undefined)
    expect((await life.planned('takeOver', AT)).blocked).toBe(undefined)
    // Tip 0: the cap is on the sum alone, 5 STRK of class 0.4.0.
    expect((await world(5n * 10n ** 18n).life.planned('takeOver', AT)).blocked).toBe(undefined)
    expect((await world(5n * 10n ** 18n + 1n).life.planned('takeOver', AT)).blocked?.key).toBe('life_overCap')
  })

  test('is finished when the waiting time is over, and not after it has lapsed', async () => {
    const { life, finds, clock } = world()
    const blocked = async () => (await life.planned('finish', AT)).blocked?.key
    expect(await blocked()).toBe('life_notNow')
    finds(running())
    expect(await blocked()).toBe('life_notReady')
    clock.now = READY
    expect(await blocked()).toBe(undefined)
    clock.now = READY + 604_800
    expect(await blocked()).toBe('life_notNow')
  })

  test('counts by the later of this clock and the chain’s', async () => {
    const { life, finds } = world()
    finds(running({ status: 'ready' }))
    expect((await life.planned('finish', AT)).blocked).toBe(undefined)
    expect(life.view(account, NETWORK).takeOver).toMatchObject({ status: 'ready', ours: true })
  })
})

describe('the account’s page', () => {
  test('offers what the account is for now', () => {
    const { life, stands, finds, clock } = world()
    const acts = () => life.view(account, NETWORK).acts
    expect(acts()).toEqual(['rotate', 'remove'])
    stands({ guardian: felt(0) })
    expect(acts()).toEqual(['enable'])
    stands({ guardian: felt(0x77) })
    expect(acts()).toEqual(['takeOver'])
    finds(running())
    expect(acts()).toEqual([])
    clock.now = READY
    expect(acts()).toEqual(['finish'])
    clock.now = READY + 604_800
    expect(acts()).toEqual(['takeOver'])
  })

  test('counts the sessions that have not ended', () => {
    expect(world().life.view(account, NETWORK).running).toBe(1)
  })

  test('a take-over of the account itself is an alarm, and not the person’s own', async () => {
    const { life, finds, clock } = world()
    finds({ ...running({ replaces: 'owner', signer: felt(0x99) }), remindAt: START + 3_600 })
    expect(life.view(account, NETWORK).takeOver).toBe(undefined)
    expect(await life.alarms()).toEqual([
      {
        ...AT,
        networkName: 'Sepolia',
        newOwner: '0x99',
        startedAt: START,
        readyAt: READY,
        endsAt: READY + 604_800,
        status: 'waiting',
        quiet: true,
      },
    ])
    clock.now += 3_600
    expect((await life.alarms())[0]?.quiet).toBe(false)
  })
})
