import 'fake-indexeddb/auto'
import { beforeAll, describe, expect, test } from 'vitest'
import { address, u256 } from '../core/felt.ts'
import type { Allowance, Pair } from '../core/policy/allowances.ts'
import type { NftLimit, SessionId, TokenLimit } from '../core/policy/policy.ts'
import { nodeError } from '../platform/node-error.ts'
import { selectorOf } from '../starknet/selector.ts'
import { callTakingBack, createLeftBehind } from './left-behind.ts'
import { createWorld, START } from './sending/stub-world.ts'

beforeAll(() => {
  Object.assign(globalThis, { __E2E__: false })
})

const S1 = 's1' as SessionId
const COIN = address('0xc01')
const CATS = address('0xca7')
const SETTER = selectorOf('setApprovalForAll')
const MARKET = address('0xa1')
const OTHER = address('0xa2')
const END = START + 3_600

const ALLOWED = { of: 'token', token: COIN, spender: MARKET, amount: '7' }

const limit = (approvals: TokenLimit['approvals']): TokenLimit => ({
  asset: 'erc20',
  token: COIN,
  caps: [{ window: { kind: 'session' }, max: u256(10n) }],
  spenders: [MARKET, OTHER],
  approvals,
  foreignTransferFrom: 'forbid',
})

const items = (approveAll: NftLimit['approveAll']): NftLimit => ({
  asset: 'erc721',
  collection: CATS,
  maxOut: [{ window: { kind: 'session' }, max: 3 }],
  spenders: [MARKET, OTHER],
  approveOne: 'allow',
  approveAll,
})

/** A session that let two contracts be approved, and what the chain says they may take. */
async function ended(approvals: TokenLimit['approvals'] = 'count', more: readonly NftLimit[] = []) {
  const world = await createWorld()
  await world.start(S1, { validUntil: END, spend: { look: 'receipt', limits: [limit(approvals), ...more] } })
  world.clock.now = END
  const chain = {
    asked: [] as Pair[][],
    opened: [] as string[],
    silent: false,
    amounts: { [MARKET]: '7', [OTHER]: '0' } as Record<string, string>,
  }
  const left = createLeftBehind({
    contracts: {
      allowancesOf: async (_network, _account, pairs) => {
        chain.asked.push([...pairs])
        if (chain.silent) throw nodeError('silent', [])
        return pairs.map(
          ({ token, spender }): Allowance => ({ token, spender, amount: u256(BigInt(chain.amounts[spender]!)) }),
        )
      },
      leavesOf: async (_network, _account, pairs) =>
        pairs.filter(({ operator }) => chain.opened.includes(operator)).map((it) => ({ ...it, setter: SETTER })),
    },
    clock: async () => world.clock.now,
    changed: () => undefined,
  })
  const look = () => left.look(world.sessions.get(S1)!)
  return { world, chain, look, of: () => left.of(S1) }
}

describe('what a session leaves to others', () => {
  test('is what the chain says after the end: who may take nothing is not told', async () => {
    const { look, of, chain } = await ended()
    expect(of()).toEqual([])
    await look()
    expect(of()).toEqual([ALLOWED])
    chain.amounts[MARKET] = '0'
    await look()
    expect(of()).toEqual([])
  })

  test('is not asked before the end, and at once when it was ended early', async () => {
    const { world, look, chain } = await ended()
    world.clock.now = END - 1
    await look()
    expect(chain.asked).toEqual([])
    await world.sessions.revoke(S1, world.clock.now, false)
    await look()
    expect(chain.asked).toEqual([
      [
        { token: COIN, spender: MARKET },
        { token: COIN, spender: OTHER },
      ],
    ])
  })

  test.each(['resetAfter', 'forbid'] as const)(
    'is nothing where approvals are "%s": nobody is asked',
    async (approvals) => {
      const { look, chain } = await ended(approvals)
      await look()
      expect(chain.asked).toEqual([])
    },
  )

  test('stays as it was last said when the node is silent', async () => {
    const { look, of, chain } = await ended()
    await look()
    chain.silent = true
    await look()
    expect(of()).toEqual([ALLOWED])
  })

  test('is also the leave to take every item, of who has it, with the call that takes it back', async () => {
    const { look, of, chain } = await ended('count', [items('allow')])
    chain.opened = [OTHER]
    await look()
    const leave = { of: 'items', collection: CATS, operator: OTHER, setter: SETTER } as const
    expect(of()).toEqual([ALLOWED, leave])
    expect(callTakingBack(leave)).toEqual({ to: CATS, selector: SETTER, calldata: [OTHER, '0x0'] })
  })

  test('is no leave where the session never let one be given', async () => {
    const { look, of, chain } = await ended('count', [items('forbid')])
    chain.opened = [MARKET, OTHER]
    await look()
    expect(of()).toEqual([ALLOWED])
  })
})
