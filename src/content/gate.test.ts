import { describe, expect, it } from 'vitest'
import {
  MAX_DEPTH,
  MAX_LONG_TEXT,
  MAX_NODES,
  MAX_PROOF_TEXT,
  MAX_TEXT,
  type RequestFrame,
  TO_BRIDGE,
} from '../core/protocol/frame.ts'
import { BURST, createGate, EVERY_MS, MAX_UNANSWERED } from './gate.ts'

const ORIGIN = 'https://a.example'
const WINDOW = { own: true }
const INVOKE = 'wallet_addInvokeTransaction'

function bridge(options: { readonly gesture?: boolean } = {}) {
  const clock = { ms: 1_000_000 }
  const open = new Map<string, RequestFrame>()
  const gate = createGate({
    window: WINDOW,
    origin: ORIGIN,
    now: () => clock.ms,
    gesture: () => options.gesture === true,
    unanswered: () => open,
  })
  let ids = 0
  const id = () => (++ids).toString(16).padStart(32, '0')
  const hear = (frame: unknown, more: object = {}) =>
    gate({ isTrusted: true, source: WINDOW, origin: ORIGIN, data: { to: TO_BRIDGE, frame }, ...more })
  const request = (params: string, type = 'wallet_getSessions', more: object = {}) =>
    hear({ v: 1, kind: 'request', id: id(), type, params, ...more })
  return { clock, open, gate, id, hear, request }
}
const refused = (code: number, data: object) => ({ kind: 'answer', ok: false, error: { code, data } })
const bad = (why: string | RegExp, at = '') =>
  refused(114, { at, why: typeof why === 'string' ? why : expect.stringMatching(why) })
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const sized = (length: number) => JSON.stringify('x'.repeat(length - 2))
const proof = (length: number) => `{"proof":"${'x'.repeat(length - 12)}"}`

describe('the gate', () => {
  it('lets a well-formed request of the own window through, as it was and with its own gesture stamp', () => {
    for (const gesture of [true, false]) {
      const { request } = bridge({ gesture })
      const frame = request('{"a":1}', 'wallet_getSessions', { gesture: !gesture, origin: 'https://b.example', tab: 7 })
      expect(frame).toEqual({
        v: 1,
        kind: 'request',
        id: '1'.padStart(32, '0'),
        type: 'wallet_getSessions',
        params: '{"a":1}',
        gesture,
      })
    }
  })

  it('T2: drops what a child frame, another origin or a script’s own event says', () => {
    const { hear, id } = bridge()
    const frame = { v: 1, kind: 'request', id: id(), type: 'wallet_getPermissions', params: '{}' }
    for (const more of [
      { source: {} },
      { source: null },
      { origin: 'https://b.example' },
      { origin: 'null' },
      { origin: 'https://a.example:8443' },
      { isTrusted: false },
      { data: { to: 'latchkey:page', frame } },
      { data: { frame } },
      { data: null },
      { data: 'latchkey:bridge' },
      { data: [TO_BRIDGE, frame] },
    ])
      expect(hear(frame, more)).toBeUndefined()
    expect(hear(frame)).toMatchObject({ kind: 'request' })
  })

  it('T17: what is not ours is not even read, however large it is', () => {
    const { gate } = bridge()
    for (const more of [{ source: {} }, { origin: 'null' }, { isTrusted: false }])
      gate({
        isTrusted: true,
        source: WINDOW,
        origin: ORIGIN,
        ...more,
        get data() {
          throw new Error('read')
        },
      })
  })

  it.each([
    ['no frame', undefined],
    ['another version', { v: 2 }],
    ['another kind', { kind: 'answer' }],
    ['a short id', { id: 'ab' }],
    ['an id in capitals', { id: 'A'.repeat(32) }],
    ['a number as id', { id: 1.5 }],
    ['a list as id', { id: ['a'.repeat(32)] }],
    ['no type', { type: undefined }],
    ['a type of 65', { type: 'a'.repeat(65) }],
    ['a type with a space', { type: 'wallet getSessions' }],
    ['params that are no text', { params: { a: 1 } }],
  ])('drops: %s', (_, more) => {
    const { hear, id } = bridge()
    const frame = { v: 1, kind: 'request', id: id(), type: 'a', params: '{}' }
    expect(hear(more === undefined ? undefined : { ...frame, ...more })).toBeUndefined()
  })

  it('hello is answered with hello, listen is passed on, nothing of the page’s is carried along', () => {
    const { hear } = bridge()
    expect(hear({ v: 1, kind: 'hello', more: 1 })).toEqual({ v: 1, kind: 'hello' })
    expect(hear({ v: 1, kind: 'listen', more: 1 })).toEqual({ v: 1, kind: 'listen' })
    expect(hear({ v: 1, kind: 'ping' })).toBeUndefined()
  })

  it('drops: a request that waits for its answer already', () => {
    const { hear, open, id } = bridge()
    const frame: RequestFrame = { v: 1, kind: 'request', id: id(), type: 'a', params: '{}' }
    open.set(frame.id, frame)
    expect(hear(frame)).toBeUndefined()
    open.clear()
    expect(hear(frame)).toMatchObject({ kind: 'request', id: frame.id })
  })
})

describe('T17: limits, at one less, exactly, and one more', () => {
  it.each([
    ['wallet_getSessions', MAX_TEXT],
    ['wallet_nobody', MAX_TEXT],
    [INVOKE, MAX_LONG_TEXT],
    ['starknet_addInvokeTransaction', MAX_LONG_TEXT],
    ['wallet_checkSession', MAX_LONG_TEXT],
    ['wallet_requestSession', MAX_LONG_TEXT],
  ])('text of %s: %d characters', (type, max) => {
    const { request } = bridge()
    expect(request(sized(max - 1), type)).toMatchObject({ kind: 'request' })
    expect(request(sized(max), type)).toMatchObject({ kind: 'request' })
    expect(request(sized(max + 1), type)).toMatchObject(bad(`at most ${max} characters`))
  })

  it('a class may be 5 Mi long and have 200,000 values', () => {
    const { request } = bridge()
    const list = (n: number) => JSON.stringify({ a: Array(n - 2).fill('0x1') })
    const declare = 'wallet_addDeclareTransaction'
    expect(request(sized(MAX_PROOF_TEXT), declare)).toMatchObject({ kind: 'request' })
    expect(request(sized(MAX_PROOF_TEXT + 1), declare)).toMatchObject(bad(`at most ${MAX_PROOF_TEXT} characters`))
    expect(request(list(200_000), declare)).toMatchObject({ kind: 'request' })
    expect(request(list(200_001), declare)).toMatchObject(bad('at most 200000 values'))
  })

  it('a transaction with a proof may be 5 Mi long, one at a time', () => {
    const { request, open } = bridge()
    expect(request(proof(MAX_PROOF_TEXT + 1), INVOKE)).toMatchObject(bad(`at most ${MAX_PROOF_TEXT} characters`))
    expect(request(proof(MAX_PROOF_TEXT), 'wallet_checkSession')).toMatchObject(bad(/at most 524288/))
    const first = request(proof(MAX_PROOF_TEXT), INVOKE) as RequestFrame
    expect(first.kind).toBe('request')
    open.set(first.id, first)
    expect(request(proof(MAX_LONG_TEXT + 1), INVOKE)).toMatchObject(bad('one at a time'))
    expect(request(proof(MAX_LONG_TEXT), INVOKE)).toMatchObject({ kind: 'request' })
  })

  it('depth', () => {
    const { request } = bridge()
    expect(request(nested(MAX_DEPTH - 1))).toMatchObject({ kind: 'request' })
    expect(request(nested(MAX_DEPTH))).toMatchObject({ kind: 'request' })
    expect(request(nested(MAX_DEPTH + 1))).toMatchObject(bad('at most 16 levels', '/0'.repeat(MAX_DEPTH)))
    expect(request(nested(200_000), INVOKE)).toMatchObject({ kind: 'answer', error: { code: 114 } })
  })

  it('values', () => {
    const { request } = bridge()
    // The list is one, its items are the rest.
    const items = (count: number) => JSON.stringify(Array(count).fill(1))
    expect(request(items(MAX_NODES - 2), INVOKE)).toMatchObject({ kind: 'request' })
    expect(request(items(MAX_NODES - 1), INVOKE)).toMatchObject({ kind: 'request' })
    expect(request(items(MAX_NODES), INVOKE)).toMatchObject(bad('at most 50000 values'))
    const spread = JSON.stringify(Array(MAX_NODES / 10).fill(Array(10).fill(1)))
    expect(request(spread, INVOKE)).toMatchObject(bad('at most 50000 values'))
  })

  it.each(['__proto__', 'constructor', 'prototype', 'toJSON'])('refuses: the own key %s, at any depth', (key) => {
    const { request } = bridge()
    expect(request(`{"${key}":1}`)).toMatchObject(bad('forbidden key'))
    expect(request(`{"a":[{"b":{"${key}":1}}]}`)).toMatchObject(bad('forbidden key', '/a/0/b'))
  })

  it('refuses: text that is no JSON, without quoting it', () => {
    const { request } = bridge()
    for (const text of ['', '{', 'undefined', '{"a":1n}', "{'a':1}", '{"secret"'])
      expect(request(text)).toMatchObject(bad('expected JSON'))
  })

  it('frames: 1,000 at once, then 500 a second; beyond that busy, and the ones that are no requests go unheard', () => {
    const { request, clock, hear } = bridge()
    const passed = (count: number) =>
      Array.from({ length: count }, () => request('{}')).filter((it) => it?.kind === 'request').length
    expect(passed(BURST - 1)).toBe(BURST - 1)
    expect(hear({ v: 1, kind: 'listen' })).toEqual({ v: 1, kind: 'listen' })
    expect(request('{}')).toMatchObject(refused(163, { reason: 'busy', retry_at: 1_001 }))
    expect(hear({ v: 1, kind: 'listen' })).toBeUndefined()
    clock.ms += 1_000
    expect(passed(600)).toBe(500)
    clock.ms += EVERY_MS - 1
    expect(passed(1)).toBe(0)
    clock.ms += 60_000
    expect(passed(2_000)).toBe(BURST)
  })

  it('a clock that is set back an hour silences nobody', () => {
    const { request, clock } = bridge()
    for (let count = 0; count < BURST; count++) request('{}')
    clock.ms -= 3_600_000
    expect(request('{}')).toMatchObject({ kind: 'request' })
  })

  it('unanswered requests: 1,024', () => {
    const { request, open, clock } = bridge()
    for (let count = 0; count < MAX_UNANSWERED; count++) {
      clock.ms += EVERY_MS
      const frame = request('{}') as RequestFrame
      open.set(frame.id, frame)
    }
    expect(request('{}')).toMatchObject(refused(163, { reason: 'busy' }))
    open.delete([...open.keys()][0]!)
    expect(request('{}')).toMatchObject({ kind: 'request' })
  })
})
