import { describe, expect, it, vi } from 'vitest'
import { address, felt } from '../core/felt.ts'
import { createNode, createNodes, failureWords, invokeAttempt, type NetworkRows, type Post, REPEATS } from './node.ts'
import { isNodeError } from './node-error.ts'

const A = address('0xa')
type Answer = { status?: number; text?: string; retryAfter?: string; result?: unknown; error?: unknown } | 'silent'

/** Gives the answers in order, the last one for ever. */
function nodeAnswering(...answers: Answer[]) {
  const waits: number[] = []
  const sent: string[] = []
  const post: Post = async (_url, text) => {
    sent.push(text)
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    if (answer === 'silent') throw new Error('cut')
    const { id } = JSON.parse(text) as { id: number }
    const { status = 200, text: raw, retryAfter, ...members } = answer
    const body = raw ?? JSON.stringify({ jsonrpc: '2.0', id, ...members })
    return { status, text: body, ...(retryAfter === undefined ? {} : { retryAfter }) }
  }
  const wait = async (ms: number) => {
    waits.push(ms)
  }
  return { node: createNode({ url: 'https://node.example', post, wait }), waits, sent, post, wait }
}

describe('what a contract has emitted', () => {
  const event = (from: string, key: string, hash?: string) => ({
    from_address: from,
    keys: [key],
    data: [],
    ...(hash === undefined ? {} : { transaction_hash: hash }),
  })

  it('is read page after page, also over an empty one, and each transaction is named once', async () => {
    const { node, sent } = nodeAnswering(
      { result: { events: [event(A, '0x1', '0x21'), event(A, '0x1', '0x21')], continuation_token: '1' } },
      { result: { events: [], continuation_token: '2' } },
      { result: { events: [event(A, '0x1', '0x22')], continuation_token: null } },
    )
    expect(await node.emittedBy(A, felt(1), 7, 3)).toEqual(['0x21', '0x22'])
    const filters = sent.map((text) => (JSON.parse(text) as { params: { filter: object } }).params.filter)
    expect(filters[0]).toEqual({
      from_block: { block_number: 7 },
      to_block: 'latest',
      address: A,
      keys: [['0x1']],
      chunk_size: 100,
    })
    expect(filters[2]).toMatchObject({ continuation_token: '2' })
  })

  it('is an error beyond the pages that may be asked for: a part is not the whole', async () => {
    const { node, sent } = nodeAnswering({ result: { events: [event(A, '0x1', '0x21')], continuation_token: '1' } })
    await expect(node.emittedBy(A, felt(1), 0, 2)).rejects.toMatchObject({ reason: 'garbage' })
    expect(sent).toHaveLength(2)
  })

  it('is by this contract, with this key and in a transaction, whatever the node takes a filter for', async () => {
    const { node } = nodeAnswering({
      result: { events: [event('0xb', '0x1', '0x21'), event(A, '0x2', '0x22'), event(A, '0x1')] },
    })
    expect(await node.emittedBy(A, felt(1), 0, 2)).toEqual([])
  })
})

describe('a transaction by its hash', () => {
  const bound = { max_amount: '0x1', max_price_per_unit: '0x2' }
  const sentInvoke = {
    type: 'INVOKE',
    version: '0x3',
    sender_address: A,
    nonce: '0x5',
    calldata: ['0x0'],
    signature: ['0x1', '0x2'],
    tip: '0x3',
    resource_bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: bound },
    paymaster_data: [],
    account_deployment_data: [],
    nonce_data_availability_mode: 'L1',
    fee_data_availability_mode: 'L1',
    transaction_hash: '0x21',
  }

  it('is read as it was sent', async () => {
    const { node } = nodeAnswering({ result: { ...sentInvoke, proof_facts: [] } })
    const each = { maxAmount: 1n, maxPrice: 2n }
    expect(await node.invoke(felt(0x21))).toEqual({
      sender: A,
      nonce: '0x5',
      calldata: ['0x0'],
      signature: ['0x1', '0x2'],
      tip: 3n,
      bounds: { l1_gas: each, l2_gas: each, l1_data_gas: each },
    })
  })

  it.each<[string, object]>([
    ['of another kind', { type: 'DECLARE' }],
    ['of another version', { version: '0x1' }],
    ['with paymaster data', { paymaster_data: ['0x1'] }],
    ['with deployment data', { account_deployment_data: ['0x1'] }],
    ['in another mode', { fee_data_availability_mode: 'L2' }],
    ['with a tip of more than 64 bits', { tip: '0x10000000000000000' }],
    [
      'with an amount of more than 64 bits',
      {
        resource_bounds: {
          ...sentInvoke.resource_bounds,
          l2_gas: { max_amount: '0x10000000000000000', max_price_per_unit: '0x1' },
        },
      },
    ],
    ['without a part of its bounds', { resource_bounds: { l1_gas: bound, l2_gas: bound } }],
  ])('%s is none that is read here, and is not asked for again', async (_, other) => {
    const { node, sent } = nodeAnswering({ result: { ...sentInvoke, ...other } })
    expect(await node.invoke(felt(0x21))).toBeUndefined()
    expect(sent).toHaveLength(1)
  })

  it('is unknown where the node does not know it', async () => {
    const { node } = nodeAnswering({ error: { code: 29, message: 'Transaction hash not found' } })
    expect(await node.invoke(felt(0x21))).toBeUndefined()
  })
})

describe('reads', () => {
  it('are asked again after silence, 429 and 5xx, with the node’s own patience', async () => {
    const { node, waits, sent } = nodeAnswering(
      'silent',
      { status: 503, text: 'busy' },
      { status: 429, text: '', retryAfter: '3' },
      { result: '0x534e' },
    )
    expect(await node.chainId()).toBe('0x534e')
    expect(waits).toEqual([500, 1000, 3000])
    expect(new Set(sent).size).toBe(1)
  })

  it('end with a typed error after the last wait', async () => {
    const { node, waits } = nodeAnswering('silent')
    await expect(node.chainId()).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
    expect(waits).toEqual(REPEATS)
  })

  it('do not wait for a node that asks for minutes', async () => {
    const { node, waits } = nodeAnswering({ status: 429, text: '', retryAfter: '120' })
    await expect(node.chainId()).rejects.toMatchObject({ reason: 'http', retryAfter: 120 })
    expect(waits).toEqual([])
  })

  it('do not repeat the node’s own no', async () => {
    const { node, sent } = nodeAnswering({ error: { code: -32601, message: 'no such method' } })
    await expect(node.chainId()).rejects.toMatchObject({ reason: 'rpc', rpcCode: -32601, words: ['no such method'] })
    expect(sent).toHaveLength(1)
  })

  it.each<[string, Answer]>([
    ['HTML', { text: '<html>' }],
    ['nothing', { text: '' }],
    ['another id', { text: JSON.stringify({ jsonrpc: '2.0', id: -1, result: '0x1' }) }],
    ['a list', { text: '[]' }],
    ['no result', {}],
    ['not a felt', { result: '12' }],
    ['a felt above P', { result: `0x${'f'.repeat(64)}` }],
    ['an object', { result: { chain: 1 } }],
  ])('refuses: %s for an answer', async (_name, answer) => {
    const { node } = nodeAnswering(answer)
    await expect(node.chainId()).rejects.toMatchObject({ reason: 'garbage' })
  })

  it('know "there is none" from an error', async () => {
    const none = nodeAnswering({ error: { code: 20, message: 'Contract not found' } })
    expect(await none.node.nonce(A)).toBeUndefined()
    expect(await none.node.classHashAt(A)).toBeUndefined()
    expect(await none.node.storageAt(A, felt(1))).toBeUndefined()
    const undeclared = nodeAnswering({ error: { code: 28, message: 'Class hash not found' } })
    expect(await undeclared.node.abiOf(felt(1) as never)).toBeUndefined()
    const unknown = nodeAnswering({ error: { code: 29, message: 'Transaction hash not found' } })
    expect(await unknown.node.status(felt(1))).toBeUndefined()
    expect(await unknown.node.receipt(felt(1))).toBeUndefined()
    await expect(unknown.node.nonce(A)).rejects.toMatchObject({ rpcCode: 29 })
  })

  it('refuses: a receipt of another transaction', async () => {
    const receipt = {
      transaction_hash: '0x2',
      finality_status: 'ACCEPTED_ON_L2',
      execution_status: 'SUCCEEDED',
      actual_fee: { amount: '0x5', unit: 'FRI' },
      block_number: 4,
      events: [],
      some_member_of_a_later_version: true,
    }
    const { node } = nodeAnswering({ result: receipt })
    await expect(node.receipt(felt(1))).rejects.toMatchObject({ reason: 'garbage' })
    expect(await node.receipt(felt(2))).toMatchObject({ fee: { amount: 5n }, block: 4, execution: 'SUCCEEDED' })
  })

  it('read padded felts as the felts they are', async () => {
    const { node } = nodeAnswering({ result: `0x${'0'.repeat(60)}AbC1` })
    expect(await node.nonce(A)).toBe('0xabc1')
  })
})

describe('sending', () => {
  it('is one try, and the same attempt is the same bytes', async () => {
    const { node, sent, waits } = nodeAnswering('silent', { result: { transaction_hash: '0x7' } })
    const attempt = invokeAttempt({ type: 'INVOKE' })
    await expect(node.addInvoke(attempt)).rejects.toMatchObject({ reason: 'silent' })
    expect(await node.addInvoke(attempt)).toBe('0x7')
    expect(sent[0]).toBe(sent[1])
    expect(waits).toEqual([])
  })
})

describe('simulate', () => {
  const frame = (more: object) => ({ contract_address: '0xa', events: [], calls: [], is_reverted: false, ...more })
  const event = (order: number) => ({ order, keys: [felt(order)], data: [] })
  const estimate = {
    l1_gas_consumed: '0x0',
    l1_gas_price: '0x1',
    l2_gas_consumed: '0x2',
    l2_gas_price: '0x3',
    l1_data_gas_consumed: '0x4',
    l1_data_gas_price: '0x5',
    overall_fee: '0x6',
    unit: 'FRI',
  }
  const simulated = (run: unknown) => ({
    result: [{ fee_estimation: estimate, transaction_trace: { type: 'INVOKE', execute_invocation: run } }],
  })

  it('gives events in their order, by the contract of their frame, without what was rolled back', async () => {
    const { node } = nodeAnswering(
      simulated(
        frame({
          events: [event(2)],
          calls: [
            frame({ contract_address: '0xb', events: [event(1)] }),
            frame({
              contract_address: '0xc',
              events: [event(0)],
              is_reverted: true,
              calls: [frame({ events: [event(3)] })],
            }),
          ],
        }),
      ),
    )
    const { events, estimate: read } = await node.simulate({})
    expect(events.map(({ from, keys }) => [from, keys[0]])).toEqual([
      ['0xb', '0x1'],
      ['0xa', '0x2'],
    ])
    expect(read).toMatchObject({ l2_gas: { amount: 2n, price: 3n }, fee: 6n })
  })

  it('a failing execution is a result with its words', async () => {
    const { node } = nodeAnswering(simulated({ revert_reason: "Error: ('game/over')" }))
    expect(await node.simulate({})).toMatchObject({ reverted: ['game/over'], events: [] })
  })

  it('refuses: half a trace', async () => {
    const { node } = nodeAnswering(simulated(frame({ calls: [{ contract_address: '0xb' }] })))
    await expect(node.simulate({})).rejects.toMatchObject({ reason: 'garbage' })
  })
})

describe('failureWords', () => {
  const nested = (error: unknown) => ({ contract_address: '0x1', class_hash: '0x2', selector: '0x3', error })

  it.each<[string, unknown, readonly string[]]>([
    ['validation, text', "… 0x73657373696f6e2f7265766f6b6564 ('session/revoked').", ['session/revoked']],
    [
      'a call, nested, innermost JSON felts',
      { revert_error: nested(nested('["0x67616d652f6f766572", "0x454e545259504f494e545f4641494c4544"]')) },
      ['game/over', 'ENTRYPOINT_FAILED'],
    ],
    [
      'an estimate, text',
      { transaction_index: 0, execution_error: 'Invalid transaction nonce' },
      ['Invalid transaction nonce'],
    ],
    ['an estimate, nested', { execution_error: nested("0x1 ('session/expired')") }, ['session/expired']],
    [
      'a receipt',
      "Execution failed. Failure reason:\n(0x1 ('argent/multicall-failed'), 0x0, 0x2 ('u256_sub Overflow'))",
      ['argent/multicall-failed', 'u256_sub Overflow'],
    ],
    [
      'a receipt with a ByteArray',
      `Execution failed. Failure reason:\n(0x1 ('argent/multicall-failed'), 0x0, "game: fails as asked", 0x2 ('ENTRYPOINT_FAILED')).`,
      ['argent/multicall-failed', 'game: fails as asked', 'ENTRYPOINT_FAILED'],
    ],
    ['a ByteArray alone', '"game: fails as asked".', ['game: fails as asked']],
    [
      'gas',
      'Insufficient max L2Gas: max amount: 1, actual used: 2',
      ['Insufficient max L2Gas: max amount: 1, actual used: 2'],
    ],
    ['nothing', undefined, []],
  ])('%s', (_name, failure, words) => {
    expect(failureWords(failure)).toEqual(words)
  })

  it('stays small whatever a node sends', () => {
    const deep = Array.from({ length: 500 }).reduce<unknown>((inner) => nested(inner), 'x')
    expect(failureWords(deep)).toEqual([])
    expect(failureWords('y'.repeat(100_000))[0]).toHaveLength(300)
    expect(failureWords(Array.from({ length: 1000 }, (_, at) => `('w${at}')`)).length).toBeLessThanOrEqual(16)
  })
})

describe('createNodes', () => {
  const row = { id: 'sepolia', chainId: felt('0x534e'), node: 'https://node.example' } as const
  const world = (given: {
    chainId?: string
    spec?: string
    at?: number
    genesis?: { hash: ReturnType<typeof felt>; at: number }
  }) => {
    const seen: string[] = []
    const clock = { now: 1_000 }
    const block = { price_in_fri: '0x1' }
    const post: Post = async (_url, text) => {
      const { id, method } = JSON.parse(text) as { id: number; method: string }
      seen.push(method)
      const results: Record<string, unknown> = {
        starknet_chainId: given.chainId ?? '0x534e',
        starknet_specVersion: given.spec ?? '0.10.0',
        starknet_getBlockWithTxHashes: {
          block_hash: '0xb0',
          block_number: 0,
          timestamp: given.at ?? 5,
          sequencer_address: '0x0',
          l1_gas_price: block,
          l2_gas_price: block,
          l1_data_gas_price: block,
        },
      }
      return { status: 200, text: JSON.stringify({ jsonrpc: '2.0', id, result: results[method] }) }
    }
    const told: unknown[] = []
    const networks: NetworkRows = {
      row: async () => (given.genesis === undefined ? row : { ...row, genesis: given.genesis }),
      remember: async (...it) => {
        told.push(['remember', ...it])
      },
      restarted: async (...it) => {
        told.push(['restarted', ...it])
      },
    }
    return { nodes: createNodes({ networks, post, now: () => clock.now }), seen, told, clock }
  }

  it('asks who a node is before its first use, once for many, and waits for it again after an hour', async () => {
    const { nodes, seen, told, clock } = world({})
    await Promise.all([nodes.of('sepolia'), nodes.of('sepolia')])
    expect([...seen].sort()).toEqual(['starknet_chainId', 'starknet_getBlockWithTxHashes', 'starknet_specVersion'])
    expect(told).toEqual([['remember', 'sepolia', { hash: '0xb0', at: 5 }]])
    clock.now += 1_799
    await nodes.of('sepolia')
    expect(seen).toHaveLength(3)
    clock.now += 1_801
    await nodes.of('sepolia')
    expect(seen).toHaveLength(6)
  })

  it('past half an hour it is asked beside what goes on, once, and the hour begins anew', async () => {
    const { nodes, seen, clock } = world({})
    const first = await nodes.of('sepolia')
    clock.now += 1_800
    expect(await Promise.all([nodes.of('sepolia'), nodes.of('sepolia')])).toEqual([first, first])
    await vi.waitUntil(() => seen.length === 6, { timeout: 30_000 })
    clock.now += 1_799
    await nodes.of('sepolia')
    expect(seen).toHaveLength(6)
  })

  it('another network that is met beside what goes on ends the check at once; silence leaves it', async () => {
    const given: { spec?: string } = {}
    const { nodes, clock } = world(given)
    await nodes.of('sepolia')
    clock.now += 1_800
    given.spec = '0.7.1'
    await nodes.of('sepolia')
    await vi.waitUntil(() => nodes.of('sepolia').then(() => false, isNodeError), { timeout: 30_000 })
  })

  it('a node can be asked beside its check, which says so when it fails', async () => {
    const { nodes, seen } = world({ chainId: '0x1' })
    const { node, checked } = await nodes.open('sepolia')
    expect(await node.specVersion()).toBe('0.10.0')
    await expect(checked).rejects.toMatchObject({ reason: 'wrongNetwork' })
    expect(seen.length).toBeGreaterThan(3)
  })

  it.each([
    ['another chain', { chainId: '0x1' }, 'chain'],
    ['an old version', { spec: '0.7.1' }, 'version'],
    ['another block 0', { genesis: { hash: felt('0xb1'), at: 5 } }, 'genesis'],
    ['the same block 0 at another time', { genesis: { hash: felt('0xb0'), at: 4 } }, 'genesis'],
  ])('refuses: %s', async (_name, given, word) => {
    const { nodes, told } = world(given)
    await expect(nodes.of('sepolia')).rejects.toMatchObject({ reason: 'wrongNetwork', words: [word] })
    await expect(nodes.of('sepolia')).rejects.toMatchObject({ reason: 'wrongNetwork' })
    expect(told.every((it) => (it as string[])[0] === 'restarted')).toBe(true)
  })
})

describe('many calls in one request', () => {
  const view = (n: number) => ({ to: address(BigInt(n)), selector: '0x1' as never, calldata: [] })
  type Asked = { readonly id: number; readonly params: { readonly request: { readonly contract_address: string } } }
  /** Answers lists as a node does, in another order; each contract tells its own address, 0xbad says no. */
  const nodeOf = (lists: 'taken' | 'refused' | 'notUnderstood', silences = 0) => {
    const sent: string[] = []
    const one = ({ id, params }: Asked) =>
      params.request.contract_address === '0xbad'
        ? { jsonrpc: '2.0', id, error: { code: 40, message: 'Contract error' } }
        : { jsonrpc: '2.0', id, result: [params.request.contract_address] }
    let silent = silences
    const post: Post = async (_url, text) => {
      sent.push(text)
      if (silent > 0) {
        silent -= 1
        throw new Error('cut')
      }
      const body = JSON.parse(text) as Asked | Asked[]
      if (!Array.isArray(body)) return { status: 200, text: JSON.stringify(one(body)) }
      if (lists === 'notUnderstood') return { status: 400, text: 'what?' }
      if (lists === 'refused')
        return {
          status: 200,
          text: JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32600, message: 'no' } }),
        }
      return { status: 200, text: JSON.stringify(body.map(one).reverse()) }
    }
    return { node: createNode({ url: 'https://node.example', post, wait: async () => undefined }), sent }
  }

  it('twenty are one request, answered in the order they were asked, whatever the node makes of it', async () => {
    const { node, sent } = nodeOf('taken')
    const asked = Array.from({ length: 20 }, (_, at) => view(at + 1))
    expect(await node.callEach(asked)).toEqual(asked.map(({ to }) => [to]))
    expect(sent).toHaveLength(1)
  })
  it('a contract that gives no answer takes none from the others', async () => {
    const { node } = nodeOf('taken')
    expect(await node.callEach([view(1), view(0xbad), view(2)])).toEqual([['0x1'], undefined, ['0x2']])
  })
  it.each(['refused', 'notUnderstood'] as const)(
    'a list that is %s is asked one by one, and not tried again',
    async (lists) => {
      const { node, sent } = nodeOf(lists)
      expect(await node.callEach([view(1), view(0xbad)])).toEqual([['0x1'], undefined])
      expect(await node.callEach([view(3), view(4)])).toEqual([['0x3'], ['0x4']])
      expect(sent).toHaveLength(1 + 2 + 2)
    },
  )
  it('after silence the same list is asked again', async () => {
    const { node, sent } = nodeOf('taken', 2)
    expect(await node.callEach([view(1), view(2)])).toEqual([['0x1'], ['0x2']])
    expect(sent).toHaveLength(3)
    expect(new Set(sent).size).toBe(1)
  })
  it('more than fifty are asked in several', async () => {
    const { node, sent } = nodeOf('taken')
    const asked = Array.from({ length: 120 }, (_, at) => view(at + 1))
    expect(await node.callEach(asked)).toEqual(asked.map(({ to }) => [to]))
    expect(sent).toHaveLength(3)
  })
  it('refuses: a list that leaves one out', async () => {
    const post: Post = async (_url, text) => {
      const [first] = JSON.parse(text) as Asked[]
      return { status: 200, text: JSON.stringify([{ jsonrpc: '2.0', id: first!.id, result: ['0x1'] }]) }
    }
    const node = createNode({ url: 'https://node.example', post, wait: async () => undefined })
    await expect(node.callEach([view(1), view(2)])).rejects.toMatchObject({ reason: 'garbage' })
  })
})
