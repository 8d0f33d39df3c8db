import { describe, expect, it } from 'vitest'
import type { Origin } from '../core/policy/policy.ts'
import { createPace, type Full } from './pace.ts'

const A = 'https://a.example' as Origin
const B = 'https://b.example' as Origin

function world() {
  const clock = { ms: 5_000_000 }
  const sleeping: { at: number; wake: () => void }[] = []
  const pace = createPace({
    now: () => clock.ms,
    sleep: (ms) => new Promise((wake) => sleeping.push({ at: clock.ms + ms, wake })),
  })
  const done: ('go' | Full)[] = []
  const ask = (origin: Origin, count: number) => {
    for (let index = 0; index < count; index++) void pace.turn(origin).then((it) => done.push(it))
  }
  const pass = async (ms: number) => {
    clock.ms += ms
    for (const it of sleeping.filter((it) => it.at <= clock.ms)) {
      sleeping.splice(sleeping.indexOf(it), 1)
      it.wake()
    }
    await settle()
  }
  const settle = () => new Promise((resolve) => setTimeout(resolve))
  const went = () => done.filter((it) => it === 'go').length
  return { clock, ask, pass, settle, done, went }
}

describe('pace of one origin', () => {
  it('40 at once, then 20 a second, in order; 100 may wait, the 101st is told when to come again', async () => {
    const { ask, pass, settle, done, went } = world()
    ask(A, 140)
    await settle()
    expect(went()).toBe(40)
    ask(A, 1)
    await settle()
    expect(done.at(-1)).toEqual({ kind: 'full', retryAt: 5_001 })
    await pass(1_000)
    expect(went()).toBe(60)
    await pass(4_000)
    expect(went()).toBe(140)
  })

  it('another origin has its own', async () => {
    const { ask, settle, went } = world()
    ask(A, 140)
    ask(B, 40)
    await settle()
    expect(went()).toBe(80)
  })

  it('after a rest the burst is full again, never more than 40', async () => {
    const { ask, pass, settle, went } = world()
    ask(A, 40)
    await pass(3_600_000)
    ask(A, 50)
    await settle()
    expect(went()).toBe(80)
  })

  it('a turn that comes 30 s late is none', async () => {
    const { ask, pass, done, settle } = world()
    ask(A, 41)
    await settle()
    await pass(31_000)
    expect(done.at(-1)).toEqual({ kind: 'slow', retryAt: 5_031 })
  })

  it('a clock that is set back an hour stops nobody', async () => {
    const { clock, ask, settle, went } = world()
    ask(A, 40)
    await settle()
    clock.ms -= 3_600_000
    ask(A, 40)
    await settle()
    expect(went()).toBe(80)
  })
})
