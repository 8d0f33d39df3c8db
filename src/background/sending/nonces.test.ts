import { describe, expect, it } from 'vitest'
import { address, type Felt, felt } from '../../core/felt.ts'
import type { Node } from '../../platform/node.ts'
import { createNonces, type NonceNeeds, type OwnNonces, ownNonces } from './nonces.ts'

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

const noncesOf = (needs: Partial<NonceNeeds> & { readonly knows?: OwnNonces }) =>
  createNonces({
    now: () => 0,
    wait: async () => undefined,
    own: async () => needs.knows ?? { accepted: undefined, out: undefined },
    onBehind: () => undefined,
    onForeign: () => undefined,
    compare: async () => undefined,
    isCompared: async () => true,
    ...needs,
  })

describe('createNonces', () => {
  it('asks once for many, and again after 30 s', async () => {
    const clock = { now: 100 }
    const nonces = noncesOf({ now: () => clock.now })
    const { node, asked } = nodeAnswering(felt(4), felt(9))
    expect(await Promise.all([nonces.chain('devnet', A, node), nonces.chain('devnet', A, node)])).toEqual([4n, 4n])
    clock.now += 29
    expect(await nonces.chain('devnet', A, node)).toBe(4n)
    clock.now += 1
    expect(await nonces.chain('devnet', A, node)).toBe(9n)
    expect(asked.count).toBe(2)
  })

  it('an accepted transaction proves the next one, and an older answer under way does not undo it', async () => {
    const nonces = noncesOf({})
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
    const nonces = noncesOf({})
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
    const nonces = noncesOf({ now: () => clock.now })
    nonces.accepted('devnet', A, 7n)
    clock.now = 30
    expect(await nonces.chain('devnet', A, nodeAnswering(felt(7)).node)).toBe(7n)
  })

  it('refuses: a failed reading is no zero', async () => {
    const nonces = noncesOf({})
    const silent = { nonce: () => Promise.reject(new Error('silent')) } as unknown as Node
    await expect(nonces.chain('devnet', A, silent)).rejects.toThrow('silent')
    const { node } = nodeAnswering(undefined)
    expect(await nonces.chain('devnet', A, node)).toBe(0n)
  })

  it('refuses: a nonce that an accepted block has is asked for once more, and then nobody signs', async () => {
    const behind: string[] = []
    const knows = { accepted: 5n, out: 6n }
    const nonces = noncesOf({ knows, onBehind: (network, account) => behind.push(`${network} ${account}`) })
    expect(await nonces.chain('devnet', A, nodeAnswering(felt(4), felt(5)).node)).toBe(5n)
    expect(behind).toEqual([])
    nonces.forget('devnet', A)
    const failed = { kind: 'node', reason: 'garbage' }
    await expect(nonces.chain('devnet', A, nodeAnswering(felt(4), felt(4)).node)).rejects.toMatchObject(failed)
    expect(behind).toEqual([`devnet ${A}`])
    expect(await nonces.chain('devnet', A, nodeAnswering(felt(6)).node)).toBe(6n)
  })

  it('a nonce beyond all that may be out is somebody else’s doing, and told', async () => {
    const foreign: string[] = []
    const nonces = noncesOf({ knows: { accepted: 5n, out: 6n }, onForeign: (network) => foreign.push(network) })
    expect(await nonces.chain('devnet', A, nodeAnswering(felt(6)).node)).toBe(6n)
    expect(foreign).toEqual([])
    nonces.forget('devnet', A)
    expect(await nonces.chain('devnet', A, nodeAnswering(felt(7)).node)).toBe(7n)
    expect(foreign).toEqual(['devnet'])
  })

  it('own nonces: what was refused or given back says nothing of the chain', () => {
    const row = (nonce: number, more: object) => ({ nonce: felt(nonce), ...more }) as Parameters<typeof ownNonces>[0][0]
    const rows = [
      row(9, { status: 'held' }),
      row(8, { status: 'settled', end: 'rejected' }),
      row(7, { status: 'settled', end: 'dropped' }),
      row(6, { status: 'signed' }),
      row(5, { status: 'sent' }),
      row(4, { status: 'settled', end: 'reverted' }),
      row(3, { status: 'settled', end: 'accepted' }),
    ]
    expect(ownNonces(rows)).toEqual({ accepted: 5n, out: 7n })
    expect(ownNonces(rows.slice(0, 3))).toEqual({ accepted: undefined, out: undefined })
  })
})
