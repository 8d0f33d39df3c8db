import { describe, expect, it } from 'vitest'
import { type Waiters, waitFor, wake } from './waiters.ts'

describe('waiters', () => {
  it('all of a key are told, once, and nobody of another', async () => {
    const waiters: Waiters<string, number> = new Map()
    const [one, two, other] = [waitFor(waiters, 'a'), waitFor(waiters, 'a'), waitFor(waiters, 'b')]
    wake(waiters, 'a', 1)
    expect(await Promise.all([one.done, two.done])).toEqual([1, 1])
    wake(waiters, 'a', 2)
    expect(await one.done).toBe(1)
    let told = false
    void other.done.then(() => {
      told = true
    })
    await Promise.resolve()
    expect([told, [...waiters.keys()]]).toEqual([false, ['b']])
  })

  it('whoever is told, or waits no more, leaves nothing behind', () => {
    const waiters: Waiters<number, void> = new Map()
    for (let round = 0; round < 1_000; round += 1) {
      const [told, tired] = [waitFor(waiters, round), waitFor(waiters, round % 7)]
      wake(waiters, round, undefined)
      tired.drop()
      told.drop()
    }
    expect(waiters.size).toBe(0)
  })

  it('one that drops late takes nobody with it who waits since', () => {
    const waiters: Waiters<string, void> = new Map()
    const first = waitFor(waiters, 'a')
    wake(waiters, 'a', undefined)
    const second = waitFor(waiters, 'a')
    first.drop()
    expect(waiters.get('a')?.size).toBe(1)
    second.drop()
    expect(waiters.size).toBe(0)
  })
})
