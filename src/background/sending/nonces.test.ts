import { describe, expect, it } from 'vitest'
import { address, type Felt, felt } from '../../core/felt.ts'
import type { Node } from '../../platform/node.ts'
import { createNonces } from './nonces.ts'

const A = address('0xa')
const nodeAnswering = (...answers: (Felt | undefined | Promise<Felt>)[]) => {
  const asked = { count: 0 }
  const node = {
    nonce: async () => {
      asked.count += 1
      return answers.shift()
    },
  } as unknown as Node
  return { node, asked }
}

describe('createNonces', () => {
  it('asks once for many, and again after 30 s', async () => {
    const clock = { now: 100 }
    const nonces = createNonces({ now: () => clock.now })
    const { node, asked } = nodeAnswering(felt(4), felt(9))
    expect(await Promise.all([nonces.chain('devnet', A, node), nonces.chain('devnet', A, node)])).toEqual([4n, 4n])
    clock.now += 29
    expect(await nonces.chain('devnet', A, node)).toBe(4n)
    clock.now += 1
    expect(await nonces.chain('devnet', A, node)).toBe(9n)
    expect(asked.count).toBe(2)
  })

  it('an accepted transaction proves the next one, and an older answer under way does not undo it', async () => {
    const nonces = createNonces({ now: () => 0 })
    let answer = (_: Felt) => {}
    const { node } = nodeAnswering(
      new Promise<Felt>((resolve) => {
        answer = resolve
      }),
    )
    const reading = nonces.chain('devnet', A, node)
    nonces.accepted('devnet', A, 7n)
    answer(felt(5))
    expect(await reading).toBe(8n)
    nonces.accepted('devnet', A, 6n)
    expect(await nonces.chain('devnet', A, node)).toBe(8n)
  })

  it('forgotten while a reading is under way: that reading is not kept', async () => {
    const nonces = createNonces({ now: () => 0 })
    let answer = (_: Felt) => {}
    const { node } = nodeAnswering(
      new Promise<Felt>((resolve) => {
        answer = resolve
      }),
      felt(6),
    )
    const old = nonces.chain('devnet', A, node)
    nonces.forget('devnet', A)
    answer(felt(5))
    await old
    expect(await nonces.chain('devnet', A, node)).toBe(6n)
  })

  it('an old number yields to a lower answer: what was accepted may be gone', async () => {
    const clock = { now: 0 }
    const nonces = createNonces({ now: () => clock.now })
    nonces.accepted('devnet', A, 7n)
    clock.now = 30
    expect(await nonces.chain('devnet', A, nodeAnswering(felt(7)).node)).toBe(7n)
  })

  it('refuses: a failed reading is no zero', async () => {
    const nonces = createNonces({ now: () => 0 })
    const silent = { nonce: () => Promise.reject(new Error('silent')) } as unknown as Node
    await expect(nonces.chain('devnet', A, silent)).rejects.toThrow('silent')
    const { node } = nodeAnswering(undefined)
    expect(await nonces.chain('devnet', A, node)).toBe(0n)
  })
})
