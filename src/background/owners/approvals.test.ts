import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { address, felt, type Hash32, type Selector } from '../../core/felt.ts'
import type { Origin } from '../../core/policy/policy.ts'
import type { Question } from '../../core/records.ts'
import { openDatabase } from '../../platform/database.ts'
import { type Approvals, type Asker, createApprovals } from './approvals.ts'
import { BUILT_IN } from './networks.ts'

const A = address('0xa1')
const CONNECT: Question = { kind: 'connect', network: 'devnet', account: A }
const TRANSACTION: Question = {
  kind: 'transaction',
  network: 'devnet',
  account: A,
  connects: false,
  calls: [],
  reasons: [],
  steps: [],
}
let worlds = 0
let time = 1_000
let ids = 0
let windows: number[] = []
let approvals: Approvals
let opens = true
let genesis = '0x1'

beforeEach(() => {
  opens = true
  genesis = '0x1'
  worlds += 1
  time = 1_000
  windows = []
  const db = openDatabase({ now: () => time, name: `approvals-${worlds}` })
  approvals = createApprovals({
    db,
    now: () => time,
    newId: () => {
      ids += 1
      return `approval-${ids}`
    },
    network: (id) => {
      const row = BUILT_IN.find((it) => it.id === id)
      return row === undefined ? undefined : { ...row, genesis: { hash: felt(genesis), at: 1 } }
    },
    window: {
      open: async () => {
        if (!opens) throw new Error('no window')
        windows.push(time)
      },
      isOurs: async (id) => id === 7,
    },
    changed: () => undefined,
  })
})

const asker = (request: string, more: Partial<Asker> = {}): Asker => ({
  origin: 'https://play.example' as Origin,
  document: 'd1',
  tab: 1,
  request,
  gesture: true,
  ...more,
})
/** What the site will be told, and the question as it is stored. */
async function ask(question: Question, from: Asker) {
  const answer = approvals.ask(from, question).then(
    (record) => ({ allowed: record }),
    (error: { code?: number; data?: unknown }) => ({ code: error.code, data: error.data }),
  )
  await expect.poll(async () => (await approvals.waiting()).some(({ request }) => request === from.request)).toBe(true)
  const record = (await approvals.waiting()).find(({ request }) => request === from.request)
  if (record === undefined) throw new Error('not stored')
  return { answer, record }
}

const told = (answer: Promise<{ readonly id: string }>) =>
  answer.then(
    ({ id }) => id,
    ({ code, data }: { code?: number; data?: unknown }) => ({ code, data }),
  )
async function only() {
  const [record] = await approvals.waiting()
  if (record === undefined) throw new Error('nothing waits')
  return record
}

describe('a decision', () => {
  it('allows what was shown: the stored question, and nothing else', async () => {
    const { answer, record } = await ask(CONNECT, asker('r1'))
    await approvals.decide(record.id, record.rev, approvals.digest(record), 'allow')
    expect(await answer).toMatchObject({ allowed: { id: record.id, phase: 'running', question: CONNECT } })
  })
  it('T5: refuses a digest of something else, and the question stays', async () => {
    const { record } = await ask(CONNECT, asker('r1'))
    const other = `0x${'0'.repeat(64)}` as Hash32
    await expect(approvals.decide(record.id, record.rev, other, 'allow')).rejects.toMatchObject({ kind: 'stale' })
    expect(await approvals.get(record.id)).toMatchObject({ phase: 'asking' })
  })
  it('T5: refuses the revision before an edit, with the digest before it', async () => {
    const { record } = await ask(CONNECT, asker('r1'))
    const before = approvals.digest(record)
    const other = address('0xa2')
    const after = await approvals.change(record.id, record.rev, (it) => ({ ...it, account: other }) as Question)
    expect(approvals.digest(after)).not.toBe(before)
    await expect(approvals.decide(record.id, record.rev, before, 'allow')).rejects.toMatchObject({ kind: 'stale' })
    await expect(approvals.decide(record.id, after.rev, before, 'allow')).rejects.toMatchObject({ kind: 'stale' })
    await expect(approvals.decide(record.id, record.rev, approvals.digest(after), 'allow')).rejects.toMatchObject({
      kind: 'stale',
    })
    await approvals.decide(record.id, after.rev, approvals.digest(after), 'allow')
  })
  it('is taken once: the second press finds a question that is decided', async () => {
    const { record } = await ask(CONNECT, asker('r1'))
    const press = () => approvals.decide(record.id, record.rev, approvals.digest(record), 'allow')
    const both = await Promise.allSettled([press(), press()])
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
  it('lapses: five minutes later nobody can allow it, and the site reads `lapsed`', async () => {
    const { answer, record } = await ask(CONNECT, asker('r1'))
    time += 300
    await expect(approvals.decide(record.id, record.rev, approvals.digest(record), 'allow')).rejects.toMatchObject({
      kind: 'gone',
    })
    await approvals.waiting()
    expect(await answer).toEqual({ code: 113, data: { reason: 'lapsed' } })
  })
  const allowed = async (question: Question, request: string) => {
    const { answer, record } = await ask(question, asker(request))
    await approvals.decide(record.id, record.rev, approvals.digest(record), 'allow')
    return { answer, record }
  }
  it('is kept: what was allowed, and when', async () => {
    const { record } = await allowed(TRANSACTION, 'r1')
    expect((await approvals.get(record.id))?.decided).toEqual({ digest: approvals.digest(record), at: 1_000 })
  })
  it('is good for ten minutes: then the same request is asked again', async () => {
    const { record } = await allowed(TRANSACTION, 'r1')
    time += 599
    expect(await approvals.ask(asker('r1'), TRANSACTION)).toMatchObject({ id: record.id })
    time += 1
    const again = await ask(TRANSACTION, asker('r1'))
    expect(again.record).toMatchObject({ phase: 'asking' })
    expect(again.record.id).not.toBe(record.id)
    await expect(approvals.begin(record.id)).rejects.toMatchObject({ code: 113, data: { reason: 'context' } })
  })
  it('whose work goes on does not grow old', async () => {
    const { record } = await allowed(TRANSACTION, 'r1')
    await approvals.begin(record.id)
    time += 3_600
    expect(await approvals.waiting()).toHaveLength(1)
    expect(await approvals.begin(record.id)).toMatchObject({ begun: true })
  })
  it('is for its facts alone: of another chain nothing begins and nothing goes on', async () => {
    const { record } = await allowed(TRANSACTION, 'r1')
    genesis = '0x2'
    await expect(approvals.begin(record.id)).rejects.toMatchObject({ code: 113, data: { reason: 'context' } })
    const again = await ask(TRANSACTION, asker('r1'))
    expect(again.record).toMatchObject({ phase: 'asking' })
    expect(await approvals.get(record.id)).toBeUndefined()
  })
  it('is for its calls alone: the same id with others asks anew', async () => {
    const { record } = await allowed(TRANSACTION, 'r1')
    const other: Question = { ...TRANSACTION, calls: [{ to: A, selector: '0x1' as Selector, calldata: [] }] }
    expect((await ask(other, asker('r1'))).record.id).not.toBe(record.id)
  })
  it('that is taken back signs nothing more, in this life and the next', async () => {
    const { record } = await allowed(TRANSACTION, 'r1')
    await approvals.begin(record.id)
    expect(approvals.isEnded(record.id)).toBe(false)
    await approvals.endRunning(({ origin }) => origin === record.origin, 'context')
    expect(approvals.isEnded(record.id)).toBe(true)
    await expect(approvals.begin(record.id)).rejects.toMatchObject({ code: 113, data: { reason: 'context' } })
    expect(await approvals.waiting()).toEqual([])
  })
  it('does not change by its progress', async () => {
    const { record } = await allowed(TRANSACTION, 'r1')
    await expect(
      approvals.progress(record.id, (it) => ({ ...it, account: address('0xa2') }) as Question),
    ).rejects.toThrow()
    expect(await approvals.begin(record.id)).toMatchObject({ question: { account: A } })
  })
  it('neither a question nor a yes outlives the browser', async () => {
    await allowed(TRANSACTION, 'r1')
    const { answer } = await ask(TRANSACTION, asker('r2'))
    await approvals.forgetAll()
    expect(await answer).toEqual({ code: 113, data: { reason: 'context' } })
    expect(await approvals.waiting()).toEqual([])
  })
  it('goes on after a worker died: the same request finds its yes', async () => {
    const { record } = await ask(TRANSACTION, asker('r1'))
    await approvals.decide(record.id, record.rev, approvals.digest(record), 'allow')
    const again = await approvals.ask(asker('r1', { document: 'd2' }), TRANSACTION)
    expect(again).toMatchObject({ id: record.id, phase: 'running' })
    expect(windows).toHaveLength(1)
  })
})

describe('a question', () => {
  it('T11: opens no window without a gesture', async () => {
    await ask(CONNECT, asker('r1', { gesture: false }))
    expect(windows).toEqual([])
  })
  it('joins parallel asks for an account, never transactions', async () => {
    const first = await ask(CONNECT, asker('r1'))
    const second = approvals.ask(asker('r2'), CONNECT)
    await ask(TRANSACTION, asker('r3'))
    await ask(TRANSACTION, asker('r4'))
    expect((await approvals.waiting()).map(({ request }) => request).sort()).toEqual(['r1', 'r3', 'r4'])
    await approvals.decide(first.record.id, 1, approvals.digest(first.record), 'allow')
    expect(await second).toMatchObject({ id: first.record.id })
  })
  it('joins no yes of another request: five asks at once are one question, the sixth after the yes is its own', async () => {
    const at = (n: number) => approvals.ask(asker(`r${n}`), CONNECT)
    const five = [1, 2, 3, 4, 5].map(at)
    await expect.poll(async () => (await approvals.waiting()).length).toBe(1)
    const record = await only()
    await approvals.decide(record.id, 1, approvals.digest(record), 'allow')
    expect(new Set((await Promise.all(five)).map(({ id }) => id))).toEqual(new Set([record.id]))
    await ask(CONNECT, asker('r6'))
    expect((await approvals.waiting()).map(({ phase }) => phase)).toEqual(['running', 'asking'])
  })
  it('that stands for one request is joined by no other, and joins none', async () => {
    const alone: Question = { ...CONNECT, alone: true }
    await ask(alone, asker('r1'))
    await ask(CONNECT, asker('r2'))
    await ask(alone, asker('r3'))
    expect((await approvals.waiting()).map(({ request }) => request)).toEqual(['r1', 'r2', 'r3'])
  })
  it('T11: of 5 connects and 40 transactions of one site at once three are stored, the rest is answered busy', async () => {
    const connects = Array.from({ length: 5 }, (_, n) => told(approvals.ask(asker(`c${n}`), CONNECT)))
    const answers: unknown[] = []
    for (let n = 0; n < 40; n += 1)
      void told(approvals.ask(asker(`t${n}`), TRANSACTION)).then((answer) => answers.push(answer))
    await expect.poll(() => answers.length).toBe(38)
    expect(answers).toEqual(Array.from({ length: 38 }, () => ({ code: 163, data: { reason: 'busy' } })))
    expect((await approvals.waiting()).map(({ question }) => question.kind).sort()).toEqual([
      'connect',
      'transaction',
      'transaction',
    ])
    const record = (await approvals.waiting()).find(({ question }) => question.kind === 'connect')
    if (record === undefined) throw new Error('not stored')
    await approvals.decide(record.id, 1, approvals.digest(record), 'allow')
    expect(await Promise.all(connects)).toEqual(Array.from({ length: 5 }, () => record.id))
  })
  it('T11: of 40 transactions of as many sites at once ten are stored', async () => {
    const answers: unknown[] = []
    for (let n = 0; n < 40; n += 1) {
      const from = asker('r', { origin: `https://s${n}.example` as Origin })
      void told(approvals.ask(from, TRANSACTION)).then((answer) => answers.push(answer))
    }
    await expect.poll(() => answers.length).toBe(30)
    expect(await approvals.waiting()).toHaveLength(10)
  })
  it('T11: a fourth of one site is answered busy, and another site still asks', async () => {
    for (const request of ['r1', 'r2', 'r3']) await ask(TRANSACTION, asker(request))
    await expect(approvals.ask(asker('r4'), TRANSACTION)).rejects.toMatchObject({ code: 163, data: { reason: 'busy' } })
    await ask(TRANSACTION, asker('r5', { origin: 'https://other.example' as Origin }))
  })
  it('whose window does not open is refused: it neither waits nor counts', async () => {
    opens = false
    await expect(approvals.ask(asker('r1'), TRANSACTION)).rejects.toThrow('no window')
    expect(await approvals.waiting()).toEqual([])
  })
  it('T31: ends with its document, its wallet being locked, its window being closed', async () => {
    const tab = await ask(TRANSACTION, asker('r1'))
    await approvals.end(({ document }) => document === 'd1', 'context')
    expect(await tab.answer).toEqual({ code: 113, data: { reason: 'context' } })
    const closed = await ask(TRANSACTION, asker('r2'))
    await approvals.windowClosed(8)
    expect(await approvals.waiting()).toHaveLength(1)
    await approvals.windowClosed(7)
    expect(await closed.answer).toEqual({ code: 113, data: { reason: 'closed' } })
  })
  it('T31: what is allowed already does not end with its window', async () => {
    const { record } = await ask(TRANSACTION, asker('r1'))
    await approvals.decide(record.id, 1, approvals.digest(record), 'allow')
    await approvals.windowClosed(7)
    await approvals.end(() => true, 'context')
    expect(await approvals.get(record.id)).toMatchObject({ phase: 'running' })
  })
})

describe('quiet', () => {
  const refuse = async (request: string) => {
    const { answer, record } = await ask(TRANSACTION, asker(request))
    await approvals.decide(record.id, record.rev, approvals.digest(record), 'refuse')
    expect(await answer).toEqual({ code: 113, data: { reason: 'refused' } })
  }
  it('T11: the third refusal within a minute silences the site for a minute, the next three for five', async () => {
    for (const request of ['r1', 'r2', 'r3']) await refuse(request)
    await expect(approvals.ask(asker('r4'), TRANSACTION)).rejects.toMatchObject({
      code: 113,
      data: { reason: 'quiet', retry_at: 1_060 },
    })
    time = 1_060
    for (const request of ['r5', 'r6', 'r7']) await refuse(request)
    expect(await approvals.quietUntil(asker('').origin)).toBe(1_360)
  })
  it('refusals that are not within a minute silence nobody', async () => {
    for (const request of ['r1', 'r2', 'r3']) {
      await refuse(request)
      time += 31
    }
    await refuse('r4')
  })
  it('by the person: everything of the site is refused, and it is quiet for an hour', async () => {
    const first = await ask(TRANSACTION, asker('r1'))
    const second = await ask(TRANSACTION, asker('r2'))
    await approvals.decide(first.record.id, 1, approvals.digest(first.record), 'quiet')
    expect(await second.answer).toEqual({ code: 113, data: { reason: 'refused' } })
    expect(await approvals.quietUntil(asker('').origin)).toBe(1_000 + 3_600)
  })
})
