import { describe, expect, it } from 'vitest'
import type { AnswerFrame, EventFrame, FromWorker, RequestFrame, ToWorker } from '../core/protocol/frame.ts'
import { createLink, LOST_MS, PING_MS } from './link.ts'

interface FakePort {
  readonly frames: ToWorker[]
  dead: boolean
  closed: boolean
  say(frame: FromWorker): void
  hello(): void
  die(): void
}

/** A page and its browser: time only moves by `pass`. */
function browser(options: { readonly greets?: boolean } = {}) {
  const state = { ms: 0, held: false, invalidated: false, greets: options.greets !== false }
  const ports: FakePort[] = []
  const told: (AnswerFrame | EventFrame)[] = []
  let timers: { at: number; run: () => void }[] = []
  const link = createLink({
    connect: () => {
      if (state.invalidated) throw new Error('Extension context invalidated.')
      const hear: ((frame: FromWorker) => void)[] = []
      const gone: (() => void)[] = []
      const port: FakePort = {
        frames: [],
        dead: false,
        closed: false,
        say: (frame) => hear.forEach((it) => void it(frame)),
        hello: () => port.say({ v: 1, kind: 'hello' }),
        die: () => {
          port.dead = true
          gone.forEach((it) => void it())
        },
      }
      ports.push(port)
      if (state.greets) timers.push({ at: state.ms + 1, run: () => !port.dead && !port.closed && port.hello() })
      return {
        postMessage: (frame) => {
          if (port.dead || port.closed) throw new Error('Attempting to use a disconnected port object')
          port.frames.push(frame)
        },
        onMessage: { addListener: (it) => void hear.push(it) },
        onDisconnect: { addListener: (it) => void gone.push(it) },
        disconnect: () => {
          port.closed = true
        },
      }
    },
    toPage: (frame) => void told.push(frame),
    held: () => state.held,
    ticks: () => state.ms,
    after: (ms, run) => {
      const timer = { at: state.ms + ms, run }
      timers.push(timer)
      return () => {
        timers = timers.filter((it) => it !== timer)
      }
    },
  })
  const pass = (ms: number) => {
    const end = state.ms + ms
    for (;;) {
      const next = timers.filter((it) => it.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      timers = timers.filter((it) => it !== next)
      state.ms = next.at
      next.run()
    }
    state.ms = end
  }
  let ids = 0
  const ask = (type = 'wallet_getPermissions'): RequestFrame => {
    const frame: RequestFrame = {
      v: 1,
      kind: 'request',
      id: (++ids).toString(16).padStart(32, '0'),
      type,
      params: '{}',
      gesture: true,
    }
    link.send(frame)
    return frame
  }
  const answer = (frame: RequestFrame, ok = true) =>
    ports
      .at(-1)!
      .say(
        ok
          ? { v: 1, kind: 'answer', id: frame.id, ok, result: 1 }
          : { v: 1, kind: 'answer', id: frame.id, ok, error: { code: 113, message: '' } },
      )
  const sent = (port = ports.at(-1)!) => port.frames.filter((it) => it.kind !== 'ping')
  const pings = () => ports.flatMap((it) => it.frames).filter((it) => it.kind === 'ping').length
  return { state, ports, told, link, pass, ask, answer, sent, pings, timers: () => timers }
}

describe('the port', () => {
  it('is not opened before the first frame, and carries all that follow', () => {
    const { ports, pass, ask, answer, told, sent } = browser()
    pass(60_000)
    expect(ports).toHaveLength(0)
    const [first, second] = [ask(), ask()]
    expect(ports).toHaveLength(1)
    expect(sent()).toEqual([first, second])
    answer(second)
    answer(first)
    answer(first)
    expect(told.map((it) => it.kind === 'answer' && it.id)).toEqual([second.id, first.id])
  })

  it('is opened by listen, which is said once on each port', () => {
    const { ports, link, sent, ask, pass } = browser()
    link.listen()
    link.listen()
    expect(sent()).toEqual([{ v: 1, kind: 'listen' }])
    const frame = ask()
    ports[0]!.die()
    pass(100)
    expect(sent()).toEqual([{ v: 1, kind: 'listen' }, frame])
  })

  it('events go to the page', () => {
    const { ports, link, told } = browser()
    link.listen()
    const event: EventFrame = { v: 1, kind: 'event', name: 'accountsChanged', args: [] }
    ports[0]!.say(event)
    expect(told).toEqual([event])
  })

  it('recovers: a dead worker gets the unanswered frames again, under their ids, and the answered ones not', () => {
    const { ports, pass, ask, answer, sent, told } = browser()
    const [first, second] = [ask(), ask('wallet_requestAccounts')]
    pass(10)
    answer(first)
    ports[0]!.die()
    expect(ports).toHaveLength(1)
    pass(50)
    expect(sent()).toEqual([second])
    answer(second)
    expect(told).toHaveLength(2)
  })

  it('recovers: a port that is closed without saying so', () => {
    const { ports, pass, ask, sent } = browser()
    ask()
    ports[0]!.dead = true
    const second = ask()
    pass(50)
    expect(ports).toHaveLength(2)
    expect(sent()).toContainEqual(second)
    // Its event comes late and closes nobody else's port.
    ports[0]!.die()
    pass(5_000)
    expect(ports).toHaveLength(2)
  })

  it('frames that come while it waits go out together, with a delay that grows', () => {
    const { state, ports, pass, ask, sent } = browser({ greets: false })
    const opened: number[] = []
    const first = ask()
    for (let death = 0; death < 6; death++) {
      ports.at(-1)!.die()
      const from = state.ms
      const count = ports.length
      while (ports.length === count) pass(1)
      opened.push(state.ms - from)
    }
    expect(opened).toEqual([50, 100, 200, 400, 800, 1_600])
    const second = ask()
    expect(sent()).toEqual([first, second])
  })

  it('a page that only listens wakes no dead worker until the person looks at it', () => {
    const { ports, link, pass, sent } = browser()
    link.listen()
    pass(10)
    ports[0]!.die()
    pass(3_600_000)
    expect(ports).toHaveLength(1)
    link.rejoin(false)
    link.rejoin(false)
    expect(ports).toHaveLength(2)
    expect(sent()).toEqual([{ v: 1, kind: 'listen' }])
  })

  it('a page that never asked opens nothing when the person looks at it or comes back to it', () => {
    const { ports, link } = browser()
    link.rejoin(false)
    link.rejoin(true)
    expect(ports).toHaveLength(0)
  })

  it('a document back from the back/forward cache drops its old port and asks again on a new one', () => {
    const { ports, link, pass, ask, sent, answer, told } = browser()
    const frame = ask()
    pass(10)
    link.rejoin(true)
    expect(ports.map((it) => it.closed)).toEqual([true, false])
    expect(sent()).toEqual([frame])
    answer(frame)
    pass(60_000)
    expect(told).toHaveLength(1)
  })

  it('a prerendered document asks nothing until it is shown', () => {
    const { state, ports, link, pass, ask, told, sent } = browser()
    state.held = true
    const frame = ask()
    link.listen()
    pass(60_000)
    expect([ports.length, told.length]).toEqual([0, 0])
    state.held = false
    link.rejoin(false)
    expect(sent()).toEqual([{ v: 1, kind: 'listen' }, frame])
  })
})

describe('no worker', () => {
  it('every unanswered frame is lost after 10 s, with its id', () => {
    const { ports, pass, ask, told } = browser({ greets: false })
    const [first, second] = [ask(), ask()]
    pass(LOST_MS - 1)
    expect(told).toEqual([])
    pass(1)
    expect(told).toEqual(
      [first, second].map(({ id }) => ({
        v: 1,
        kind: 'answer',
        id,
        ok: false,
        error: { code: 163, message: 'An error occurred (UNKNOWN_ERROR)', data: { reason: 'lost', id } },
      })),
    )
    expect(ports.at(-1)!.closed).toBe(true)
  })

  it('a worker that dies at each start is no worker: lost after 10 s, and nothing goes on for ever', () => {
    const { ports, pass, ask, told, timers } = browser()
    ask()
    for (let step = 0; step < LOST_MS; step += 5) {
      pass(5)
      const port = ports.at(-1)!
      if (!port.dead && !port.closed) port.die()
    }
    expect(told).toMatchObject([{ error: { data: { reason: 'lost' } } }])
    const { length } = ports
    pass(600_000)
    expect(ports).toHaveLength(length)
    expect(timers()).toEqual([])
  })

  it('a worker that is back keeps its frames, also an approval of ten minutes', () => {
    const { ports, pass, ask, answer, told } = browser()
    const frame = ask()
    for (let life = 0; life < 20; life++) {
      pass(30_000)
      ports.at(-1)!.die()
    }
    pass(1_000)
    expect(told).toEqual([])
    answer(frame)
    expect(told).toHaveLength(1)
  })

  it('two deaths 9.6 s apart are two absences, not one of 10 s', () => {
    const { ports, pass, ask, told } = browser()
    ask()
    pass(100)
    ports[0]!.die()
    pass(9_600)
    ports[1]!.die()
    pass(1_000)
    expect(told).toEqual([])
  })

  it('the next frame after a loss starts anew', () => {
    const { state, ports, pass, ask, answer, told } = browser({ greets: false })
    ask()
    pass(LOST_MS)
    state.greets = true
    const next = ask()
    expect(ports).toHaveLength(2)
    pass(LOST_MS)
    answer(next)
    expect(told.map((it) => it.kind === 'answer' && it.ok)).toEqual([false, true])
  })

  it('after an update of the extension every frame is told to reload, now and later', () => {
    const { state, ports, pass, ask, told, link, timers } = browser()
    ask()
    pass(10)
    state.invalidated = true
    ports[0]!.die()
    pass(50)
    ask()
    link.listen()
    link.rejoin(true)
    expect(told.map((it) => it.kind === 'answer' && !it.ok && it.error.data)).toEqual([
      { reason: 'reload' },
      { reason: 'reload' },
    ])
    pass(600_000)
    expect([ports.length, timers().length]).toEqual([1, 0])
  })
})

describe('keep-alive', () => {
  it('pings each 20 s while a frame is unanswered, and stops then', () => {
    const { pass, ask, answer, pings, timers } = browser()
    const frame = ask()
    pass(3 * PING_MS)
    expect(pings()).toBe(3)
    answer(frame)
    pass(600_000)
    expect(pings()).toBe(3)
    expect(timers()).toEqual([])
  })

  it.each([
    ['wallet_addInvokeTransaction', true, 5],
    ['starknet_addInvokeTransaction', true, 5],
    ['wallet_addInvokeTransaction', false, 0],
    ['wallet_getSessions', true, 0],
  ])('goes on for 2 min after an answered transaction: %s, answered %s → %d pings', (type, ok, count) => {
    const { pass, ask, answer, pings } = browser()
    const frame = ask(type)
    answer(frame, ok)
    pass(600_000)
    expect(pings()).toBe(count)
  })
})
