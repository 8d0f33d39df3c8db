import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Felt, felt } from './felt.ts'
import type { JournalRow } from './records.ts'
import { advance, type End, mayBeOut, mayFollow, nextNonce, type Step } from './transaction.ts'

const row = (status: JournalRow['status'], end?: End) =>
  ({ id: 'x', status, nonce: felt(1), ...(end === undefined ? {} : { end }) }) as unknown as JournalRow
const settled = (end: End): Step => ({ to: 'settled', end, at: 5 })
const ENDS: readonly End[] = ['accepted', 'reverted', 'rejected', 'dropped', 'released']

describe('advance', () => {
  it('goes held, signed, sent, settled', () => {
    const signed = advance(row('held'), { to: 'signed' })
    const sent = advance(signed, { to: 'sent', at: 3 })
    expect(advance(sent, settled('accepted'))).toMatchObject({
      status: 'settled',
      end: 'accepted',
      sentAt: 3,
      settledAt: 5,
    })
  })

  it('refuses: a signed row is never released, a held one ends in no other way', () => {
    expect(ENDS.filter((end) => mayFollow(row('held'), settled(end)))).toEqual(['released'])
    for (const status of ['signed', 'sent'] as const) {
      expect(ENDS.filter((end) => mayFollow(row(status), settled(end)))).toEqual(ENDS.slice(0, 4))
    }
    expect(() => advance(row('signed'), settled('released'))).toThrow('does not become')
  })

  it('refuses: what is settled stays, but for a refusal or a drop that landed after all', () => {
    for (const end of ENDS) {
      const late = end === 'rejected' || end === 'dropped'
      expect(ENDS.filter((next) => mayFollow(row('settled', end), settled(next)))).toEqual(
        late ? ['accepted', 'reverted'] : [],
      )
      expect(mayFollow(row('settled', end), { to: 'signed' })).toBe(false)
    }
  })

  it('a reorganised row is open again without its outcome', () => {
    const gone = advance({ ...row('settled', 'accepted'), settledAt: 1, failure: 'x' }, { to: 'reorged' })
    expect(gone).toEqual({ id: 'x', status: 'sent', nonce: '0x1' })
  })

  it('a row found again is not parked any more', () => {
    const parked = advance(row('signed'), { to: 'parked' })
    expect(parked.parked).toBe(true)
    expect(advance(parked, { to: 'sent', at: 1 }).parked).toBeUndefined()
  })

  it('only what was never signed, or given back, is not the answer to its request', () => {
    expect([row('held'), row('settled', 'released')].some(mayBeOut)).toBe(false)
    expect([row('signed'), row('sent'), row('settled', 'rejected'), row('settled', 'dropped')].every(mayBeOut)).toBe(
      true,
    )
  })
})

describe('nextNonce', () => {
  const open = (...nonces: number[]) => nonces.map((nonce) => ({ nonce: felt(nonce) as Felt }))

  it('is max(chain, highest open + 1) without gaps', () => {
    expect(nextNonce(5n, [])).toBe(5n)
    expect(nextNonce(5n, open(5, 6, 7))).toBe(8n)
    expect(nextNonce(9n, open(5, 6, 7))).toBe(9n)
  })

  it('fills a gap, and takes the nonce of a parked row', () => {
    expect(nextNonce(5n, open(5, 7))).toBe(6n)
    expect(nextNonce(5n, [{ nonce: felt(5), parked: true }, ...open(6)])).toBe(5n)
  })

  it('property: it is free, not below the chain, and everything between is taken', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.array(fc.nat(60), { maxLength: 30 }), (chain, taken) => {
        const next = Number(nextNonce(BigInt(chain), open(...taken)))
        expect(next).toBeGreaterThanOrEqual(chain)
        expect(taken).not.toContain(next)
        for (let nonce = chain; nonce < next; nonce += 1) expect(taken).toContain(nonce)
      }),
      { verbose: true },
    )
  })
})
