import { describe, expect, it, vi } from 'vitest'
import { felt } from '../../core/felt.ts'
import type { Block, Node } from '../../platform/node.ts'
import { nodeError } from '../../platform/node-error.ts'
import { createHeads } from './heads.ts'

function world(url = 'https://node.example') {
  const clock = { ms: 0 }
  const state = { asked: 0, silent: false, version: '0.14.2' }
  const seen: number[] = []
  const versions: string[] = []
  const node = {
    url,
    lastBlock: async (): Promise<Block> => {
      state.asked += 1
      if (state.silent) throw nodeError('silent')
      const prices = { l1_gas: 1n, l2_gas: 2n, l1_data_gas: 3n }
      return { number: state.asked, at: 1_000 + state.asked, sequencer: felt(1), prices, version: state.version }
    },
  } as unknown as Node
  const heads = createHeads({
    networks: { sawBlock: async (_network, at) => void seen.push(at) },
    onVersion: (_network, version) => void versions.push(version),
    ticks: () => clock.ms,
  })
  return { heads, node, clock, state, seen, versions }
}

describe('the last block', () => {
  it('is asked for once by many, and told to the clock and to the kept amounts', async () => {
    const { heads, node, state, seen, versions } = world()
    await Promise.all([heads.last('devnet', node), heads.last('devnet', node)])
    expect([state.asked, seen, versions]).toEqual([1, [1_001], ['0.14.2']])
  })

  it('is fresh for 30 s, then read again beside, and awaited after 2 min', async () => {
    const { heads, node, clock, state } = world()
    await heads.last('devnet', node)
    clock.ms = 29_999
    expect((await heads.last('devnet', node)).number).toBe(1)
    expect(state.asked).toBe(1)
    clock.ms = 30_000
    expect((await heads.last('devnet', node)).number).toBe(1)
    await vi.waitUntil(async () => (await heads.last('devnet', node)).number === 2, { timeout: 30_000 })
    clock.ms = 150_000
    expect((await heads.last('devnet', node)).number).toBe(3)
  })

  it('that cannot be read beside leaves what there is, until that is too old', async () => {
    const { heads, node, clock, state } = world()
    await heads.last('devnet', node)
    state.silent = true
    clock.ms = 119_999
    expect((await heads.last('devnet', node)).number).toBe(1)
    clock.ms = 120_000
    await expect(heads.last('devnet', node)).rejects.toMatchObject({ reason: 'silent' })
  })

  it('of a chain on this computer is read again after 2 s: its time moves as its owner likes', async () => {
    const { heads, node, clock } = world('http://127.0.0.1:5050/rpc')
    await heads.last('devnet', node)
    clock.ms = 1_999
    expect((await heads.last('devnet', node)).number).toBe(1)
    clock.ms = 2_000
    expect((await heads.last('devnet', node)).number).toBe(2)
  })

  it('of another node is not this node’s', async () => {
    const { heads, node, state } = world()
    await heads.last('devnet', node)
    await heads.last('devnet', { ...node, url: 'https://other.example' })
    expect(state.asked).toBe(2)
  })

  it('is read anew for a page in use when it is past half its age', async () => {
    const { heads, node, clock, state } = world()
    await heads.last('devnet', node)
    clock.ms = 14_999
    await heads.refresh('devnet', node)
    expect(state.asked).toBe(1)
    clock.ms = 15_000
    await heads.refresh('devnet', node)
    expect(state.asked).toBe(2)
  })
})
