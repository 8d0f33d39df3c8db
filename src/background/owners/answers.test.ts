import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Origin } from '../../core/policy/policy.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { type Database, openDatabase } from '../../platform/database.ts'
import { sha256 } from '../../starknet/digest.ts'
import { type Answer, createAnswers, KEPT } from './answers.ts'

const A = 'https://a.example' as Origin
const B = 'https://b.example' as Origin
const ID = 'a'.repeat(32)
const ONE = sha256('one')
const TWO = sha256('two')
const DONE: Answer = { result: { transaction_hash: '0x1' } }
const NO: Answer = { error: { code: 113, message: 'An error occurred (USER_REFUSED_OP)', data: { reason: 'refused' } } }

let made = 0
let db: Database
let clock: { now: UnixSeconds }
let rebuilt: Answer | undefined
let rebuilds: string[]
/** The worker starts again: memory is gone, the database stays. */
const worker = () =>
  createAnswers({
    db,
    now: () => clock.now,
    rebuild: async (origin, id) => {
      rebuilds.push(`${origin} ${id}`)
      return rebuilt
    },
  })
const rows = () => db.read(['answers'], (tx) => tx.all('answers'))

beforeEach(() => {
  clock = { now: 1_800_000_000 }
  rebuilt = undefined
  rebuilds = []
  db = openDatabase({ now: () => clock.now, name: `answers-${++made}` })
})

describe('answers', () => {
  it('a request is remembered before its effect, and answered again with the same', async () => {
    const answers = worker()
    expect(await answers.begin(A, ID, ONE)).toEqual({ kind: 'new' })
    expect(await rows()).toHaveLength(1)
    await answers.keep(A, ID, ONE, DONE)
    for (const it of [answers, worker()]) expect(await it.begin(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
    expect(rebuilds).toEqual([])
  })

  it('errors are answers', async () => {
    await worker().begin(A, ID, ONE)
    await worker().keep(A, ID, ONE, NO)
    expect(await worker().begin(A, ID, ONE)).toEqual({ kind: 'known', answer: NO })
  })

  it('refuses: the same id for other params, answered or not', async () => {
    const answers = worker()
    await answers.begin(A, ID, ONE)
    expect(await answers.begin(A, ID, TWO)).toEqual({ kind: 'other' })
    await answers.keep(A, ID, ONE, DONE)
    expect(await answers.begin(A, ID, TWO)).toEqual({ kind: 'other' })
    expect(await answers.begin(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
  })

  it('T3: an id belongs to its origin', async () => {
    const answers = worker()
    await answers.begin(A, ID, ONE)
    await answers.keep(A, ID, ONE, DONE)
    expect(await answers.begin(B, ID, ONE)).toEqual({ kind: 'new' })
  })

  it('recovers: remembered and not answered, the journal knows what came of it, and is asked once', async () => {
    await worker().begin(A, ID, ONE)
    rebuilt = DONE
    expect(await worker().begin(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
    rebuilt = undefined
    expect(await worker().begin(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
    expect(rebuilds).toEqual([`${A} ${ID}`])
  })

  it('recovers: what nobody knows runs anew', async () => {
    await worker().begin(A, ID, ONE)
    expect(await worker().begin(A, ID, ONE)).toEqual({ kind: 'new' })
    expect(await worker().begin(A, ID, TWO)).toEqual({ kind: 'other' })
  })

  it('forgotten is new', async () => {
    const answers = worker()
    await answers.begin(A, ID, ONE)
    await answers.forget(A, ID)
    expect(await rows()).toEqual([])
    expect(await answers.begin(A, ID, TWO)).toEqual({ kind: 'new' })
  })

  it('a look says what beginning would, and leaves nothing behind', async () => {
    expect(await worker().look(A, ID, ONE)).toEqual({ kind: 'new' })
    expect(await rows()).toEqual([])
    await worker().begin(A, ID, ONE)
    expect(await worker().look(A, ID, TWO)).toEqual({ kind: 'other' })
    // It was let in once and its worker died: what came of it is its answer, however many wait now.
    rebuilt = DONE
    expect(await worker().look(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
    rebuilt = undefined
    expect(await worker().look(A, ID, ONE)).toEqual({ kind: 'new' })
    await worker().keep(A, ID, ONE, DONE)
    expect(await worker().look(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
    expect(await worker().look(B, ID, ONE)).toEqual({ kind: 'new' })
    clock.now += KEPT
    expect(await worker().look(A, ID, ONE)).toEqual({ kind: 'new' })
  })

  it('an answer is kept 10 min, counted from the answer', async () => {
    const answers = worker()
    await answers.begin(A, ID, ONE)
    clock.now += 500
    await answers.keep(A, ID, ONE, DONE)
    clock.now += KEPT - 1
    expect(await answers.begin(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
    clock.now += 1
    expect(await answers.begin(A, ID, ONE)).toEqual({ kind: 'new' })
  })

  it('old answers are swept, a request that still waits for its person is not', async () => {
    const answers = worker()
    const id = (n: number) => n.toString(16).padStart(32, '0')
    await answers.begin(A, ID, ONE)
    for (let n = 0; n < 450; n++) {
      await answers.begin(B, id(n), ONE)
      await answers.keep(B, id(n), ONE, DONE)
    }
    clock.now += KEPT + 1
    for (let n = 1_000; n < 1_004; n++) await answers.begin(B, id(n), ONE)
    expect(await rows()).toHaveLength(5)
    expect(await answers.begin(A, ID, TWO)).toEqual({ kind: 'other' })
    clock.now += 90_000
    await answers.begin(B, id(2_000), ONE)
    expect(await rows()).toHaveLength(1)
  })

  it('recovers: a damaged row is no answer, so the journal is asked', async () => {
    const key = `${A} ${ID}`
    const damaged = [null, 1, { key }, { key, params: ONE, at: 'x' }, { key, params: ONE, at: 1, answer: { error: 1 } }]
    for (const value of damaged) {
      const put = () => db.write(['answers'], 'relaxed', (tx) => tx.put('answers', key, value, { at: clock.now }))
      await put()
      rebuilt = undefined
      expect(await worker().begin(A, ID, ONE)).toEqual({ kind: 'new' })
      await put()
      rebuilt = DONE
      expect(await worker().begin(A, ID, ONE)).toEqual({ kind: 'known', answer: DONE })
    }
  })
})
