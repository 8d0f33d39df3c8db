import { Account, type Call, hash, RpcProvider } from 'starknet'
import { beforeEach, describe, expect, test } from 'vitest'
import { dapp } from '../core/protocol/dapp.ts'
import { decode } from '../core/schema.ts'
import { publicKey, sign } from '../starknet/curve.ts'
import { selectorOf } from '../starknet/selector.ts'
import vectors from '../starknet/vectors/session-token.json' with { type: 'json' }
import { type Cosigner, generateSessionKey, type SessionInfo } from './index.ts'
import { SessionSigner } from './signer.ts'

/** Session, transaction and token of argent-sessions.md 17, which an account of class 0.4.0 took. */
const [STRK, , ETH] = vectors.session_in.methods.map((method) => method['Contract Address']) as [string, string, string]
const ACCOUNT = vectors.addr_owner_guardian
const SEPOLIA = '0x534e5f5345504f4c4941'
const MAIN = '0x534e5f4d41494e'
const HASH = '0x34af1696feba31db9c8891479124e5ec71140072be6973844f4d92aa7bbbada'
const SESSION: SessionInfo = {
  id: 's1',
  status: 'active',
  chain_id: SEPOLIA,
  account: `0x${ACCOUNT.slice(2).padStart(64, '0')}`,
  key: { held_by: 'dapp', public_key: vectors.pub.session },
  created_at: 1,
  policy: {
    calls: [],
    valid_after: 1,
    valid_until: vectors.session_in.expires + 1,
  } as unknown as SessionInfo['policy'],
  narrowed: [],
  meters: [],
  runs_while_locked: true,
  backing: 'chain',
  chain: {
    session_hash: HASH,
    expires_at: vectors.session_in.expires,
    allowed_methods: vectors.session_in.methods.map((method) => ({
      contract_address: method['Contract Address'],
      selector: selectorOf(method.selector),
    })),
    allowed_methods_root: vectors.root,
    metadata: vectors.session_in.metadata,
    session_key_guid: vectors.guid.session,
    authorization: vectors.auth,
  },
}
const CALLS: Call[] = vectors.tx.calls
const bound = ({ max_amount, max_price_per_unit }: { max_amount: string; max_price_per_unit: string }) => ({
  max_amount: BigInt(max_amount),
  max_price_per_unit: BigInt(max_price_per_unit),
})
const { l1_gas, l2_gas, l1_data_gas } = vectors.tx.rb
const BOUNDS = { l1_gas: bound(l1_gas), l2_gas: bound(l2_gas), l1_data_gas: bound(l1_data_gas) }
const DETAILS = { nonce: BigInt(vectors.tx.nonce), tip: 0n, resourceBounds: BOUNDS }
/** Two calls with proofs of two felts each. */
const VALIDATION = 520_000n + 2n * 40_000n + 4n * 9_000n

const keyOf = (hex: string) => Uint8Array.from(Buffer.from(hex.slice(2).padStart(64, '0'), 'hex'))
const GUARDIAN = keyOf(vectors.keys.guardian)
type Asked = Parameters<Cosigner['cosign']>[0]
let asked: Asked[]
let cosigned: () => readonly [string, string, string]
const cosigner: Cosigner = {
  cosign: async (params) => {
    asked.push(params)
    return cosigned()
  },
}
interface Request {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}
/** What reached the node, and what it answers. */
let requests: Request[]
let estimate: { l2_gas: bigint; l1_data_gas: bigint } | { error: object }
const provider = new RpcProvider({
  nodeUrl: 'http://node.invalid',
  baseFetch: async (_url, init) => {
    const request = JSON.parse(String(init?.body)) as Request
    requests.push(request)
    return new Response(JSON.stringify(answerTo(request.method)))
  },
})
function answerTo(method: string): object {
  if (method === 'starknet_chainId') return { result: SEPOLIA }
  if (method === 'starknet_getNonce') return { result: '0x7' }
  if (method === 'starknet_addInvokeTransaction') return { result: { transaction_hash: vectors.tx.txHash } }
  if (method !== 'starknet_estimateFee') throw new Error(`not asked for: ${method}`)
  if ('error' in estimate) return estimate
  const hex = (value: bigint) => `0x${value.toString(16)}`
  const consumed = {
    l1_gas_consumed: '0x0',
    l2_gas_consumed: hex(estimate.l2_gas),
    l1_data_gas_consumed: hex(estimate.l1_data_gas),
  }
  return { result: [{ ...consumed, l1_gas_price: '0x9', l2_gas_price: '0x5', l1_data_gas_price: '0x3' }] }
}
const signerOf = (more: Partial<SessionInfo> = {}, privateKey = vectors.keys.session) =>
  new SessionSigner({ session: { ...SESSION, ...more }, privateKey, cosigner, node: provider })
const accountOf = (signer = signerOf()) =>
  new Account({ provider, address: SESSION.account, signer, cairoVersion: '1' })
const sent = () => requests.filter(({ method }) => method === 'starknet_addInvokeTransaction')

beforeEach(() => {
  asked = []
  requests = []
  estimate = { l2_gas: 2_000_000n, l1_data_gas: 128n }
  cosigned = () => {
    const { r, s } = sign(vectors.msg_cache0 as Parameters<typeof sign>[0], GUARDIAN)
    return [vectors.pub.guardian, r, s]
  }
})

describe('a session signer', () => {
  test('signs what an account of starknet.js sends: the token of the vectors, felt by felt', async () => {
    const { transaction_hash } = await accountOf().execute(CALLS, DETAILS)
    expect(transaction_hash).toBe(vectors.tx.txHash)
    expect(sent()).toHaveLength(1)
    const sentOut = sent()[0]?.params.invoke_transaction as { calldata: string[]; signature: string[] }
    expect(sentOut.signature).toEqual(vectors.token_cache0)
    expect(sentOut.calldata).toEqual(vectors.tx.calldata)
  })

  test('asks the co-signer with the parts of exactly this transaction, in the words of the wallet', async () => {
    await accountOf().execute(CALLS, DETAILS)
    const own = sign(vectors.msg_cache0 as Parameters<typeof sign>[0], keyOf(vectors.keys.session))
    expect(asked).toEqual([
      {
        id: 's1',
        session_signature: [own.r, own.s],
        transaction: {
          type: 'INVOKE',
          version: '0x3',
          sender_address: ACCOUNT,
          calldata: vectors.tx.calldata,
          nonce: '0x1',
          tip: '0x0',
          resource_bounds: vectors.tx.rb,
          paymaster_data: [],
          account_deployment_data: [],
          nonce_data_availability_mode: 'L1',
          fee_data_availability_mode: 'L1',
        },
      },
    ])
    expect(decode(dapp.wallet_cosignSession.params, asked[0]).ok).toBe(true)
    const shown = JSON.stringify([asked, requests])
    expect(shown).not.toContain(`"${vectors.keys.session}"`)
    expect(shown).not.toContain(vectors.keys.session.slice(2).padStart(64, '0'))
  })

  test('compiles arguments as the account does: what is signed is what is sent', async () => {
    const tip = 3n
    let signed = ''
    const watched: Cosigner = {
      cosign: async (params) => {
        const { calldata } = (params as { transaction: { calldata: readonly string[] } }).transaction
        signed = hash.calculateInvokeTransactionHash({
          senderAddress: ACCOUNT,
          version: '0x3',
          compiledCalldata: [...calldata],
          chainId: SEPOLIA,
          nonce: 4,
          accountDeploymentData: [],
          nonceDataAvailabilityMode: 0,
          feeDataAvailabilityMode: 0,
          resourceBounds: BOUNDS,
          tip,
          paymasterData: [],
        })
        const message = hash.computePoseidonHashOnElements([signed, HASH, 0]) as Parameters<typeof sign>[0]
        const { r, s } = sign(message, GUARDIAN)
        return [vectors.pub.guardian, r, s]
      },
    }
    const signer = new SessionSigner({
      session: SESSION,
      privateKey: vectors.keys.session,
      cosigner: watched,
      node: provider,
    })
    const calldata = { recipient: '0xabc', amount: { low: 100, high: 0n } }
    await accountOf(signer).execute(
      { contractAddress: STRK, entrypoint: 'transfer', calldata },
      { ...DETAILS, nonce: 4, tip },
    )
    const transaction = sent()[0]?.params.invoke_transaction as { calldata: string[] }
    expect(transaction.calldata).toEqual([
      '0x1',
      vectors.tx.calldata[1],
      selectorOf('transfer'),
      '0x3',
      '0xabc',
      '0x64',
      '0x0',
    ])
    expect(signed).not.toBe('')
  })

  test.each([
    ['another contract', [CALLS[0]!, { ...CALLS[1]!, contractAddress: '0x123' }], 213, 1],
    ['another entrypoint', [{ ...CALLS[0]!, entrypoint: 'transfer_from' }], 213, 0],
    [
      'an entrypoint that another contract may',
      [{ ...CALLS[0]!, contractAddress: ETH, entrypoint: 'approve' }],
      213,
      0,
    ],
  ])('a call outside the session is refused before anybody is asked: %s', async (_name, calls, code, call) => {
    const refused = { code, data: { call, reasons: [{ code: 'noRule', call }] } }
    await expect(accountOf().execute(calls, DETAILS)).rejects.toMatchObject(refused)
    await expect(signerOf().prepare(calls)).rejects.toMatchObject(refused)
    expect(asked).toEqual([])
    expect(requests.filter(({ method }) => method !== 'starknet_chainId')).toEqual([])
  })

  test('the own account is never called, whatever the tree says', async () => {
    const call = { contractAddress: SESSION.account, entrypoint: 'transfer', calldata: [] }
    await expect(accountOf().execute(call, DETAILS)).rejects.toMatchObject({ code: 215, data: { at: '/calls/0' } })
    expect(asked).toEqual([])
  })

  test('no call at all is refused: it would only burn its fee', async () => {
    await expect(accountOf().execute([], DETAILS)).rejects.toMatchObject({
      code: 114,
      data: { at: '/transaction/calldata' },
    })
    expect(asked).toEqual([])
  })

  test.each([
    ['facts of a proof', { proofFacts: ['0x1'] }, '/transaction/proof_facts'],
    ['paymaster data', { paymasterData: [1] }, '/transaction/paymaster_data'],
    ['deployment data', { accountDeploymentData: [1] }, '/transaction/account_deployment_data'],
  ])('with %s it is refused: no account takes it from a session', async (_name, more, at) => {
    await expect(accountOf().execute(CALLS, { ...DETAILS, ...more })).rejects.toMatchObject({ code: 114, data: { at } })
    expect(asked).toEqual([])
  })

  test('another account, chain, version or data mode is refused', async () => {
    const details = {
      ...DETAILS,
      version: '0x3',
      walletAddress: SESSION.account,
      chainId: SEPOLIA,
      cairoVersion: '1',
      paymasterData: [],
      accountDeploymentData: [],
      nonceDataAvailabilityMode: 'L1',
      feeDataAvailabilityMode: 'L1',
    } as unknown as Parameters<SessionSigner['signTransaction']>[1]
    const sign = (more: object) => signerOf().signTransaction(CALLS, { ...details, ...more })
    expect(await sign({})).toEqual(vectors.token_cache0)
    asked = []
    const wrong = [
      { version: '0x100000000000000000000000000000003' },
      { walletAddress: '0x1' },
      { chainId: MAIN },
      { cairoVersion: '0' },
      { nonceDataAvailabilityMode: 'L2' },
      { feeDataAvailabilityMode: 'L2' },
    ]
    for (const more of wrong) await expect(sign(more)).rejects.toMatchObject({ code: 114 })
    expect(asked).toEqual([])
  })

  test('bounds that cannot work are refused before anything is signed, with the least that can', async () => {
    const withGas = (l2: bigint, data: bigint) => ({
      ...DETAILS,
      resourceBounds: {
        ...BOUNDS,
        l2_gas: { ...BOUNDS.l2_gas, max_amount: l2 },
        l1_data_gas: { ...BOUNDS.l1_data_gas, max_amount: data },
      },
    })
    const l2 = 2_000_000n + VALIDATION
    const refused = (why: string) => ({ code: 114, data: { at: '/transaction/resource_bounds', why } })
    await expect(accountOf().execute(CALLS, withGas(l2 - 60_001n, 128n))).rejects.toMatchObject(
      refused(`expected at least ${l2} of l2_gas: with less it fails and is paid`),
    )
    await expect(accountOf().execute(CALLS, withGas(l2, 127n))).rejects.toMatchObject(
      refused('expected at least 128 of l1_data_gas: with less it fails and is paid'),
    )
    expect(asked).toEqual([])
    // The margin of the formula: these reach the co-signer, whose answer is for another transaction.
    await expect(accountOf().execute(CALLS, withGas(l2 - 60_000n, 128n))).rejects.toMatchObject({ code: 163 })
    expect(asked).toHaveLength(1)
  })

  test('what an account of starknet.js would commit by itself for two cheap calls reaches nobody', async () => {
    const empty = 1_000_000n // What its own estimate says, with an empty signature.
    const resourceBounds = { ...BOUNDS, l2_gas: { ...BOUNDS.l2_gas, max_amount: (empty * 3n) / 2n } }
    estimate = { l2_gas: empty + 31n * 5_120n, l1_data_gas: 128n }
    await expect(accountOf().execute(CALLS, { ...DETAILS, resourceBounds })).rejects.toMatchObject({ code: 114 })
    expect(asked).toEqual([])
  })

  test('prepare gives the next nonce, no tip, and half as much again as it takes; the estimate has the token’s length', async () => {
    const { nonce, tip, resourceBounds } = await signerOf().prepare(CALLS)
    expect({ nonce, tip }).toEqual({ nonce: 7n, tip: 0n })
    expect(resourceBounds).toEqual({
      l1_gas: { max_amount: 0n, max_price_per_unit: 14n },
      l2_gas: { max_amount: ((2_000_000n + VALIDATION) * 3n) / 2n, max_price_per_unit: 8n },
      l1_data_gas: { max_amount: 192n, max_price_per_unit: 5n },
    })
    const { params } = requests.find(({ method }) => method === 'starknet_estimateFee')!
    expect(params).toMatchObject({ simulation_flags: ['SKIP_VALIDATE'], block_id: 'pre_confirmed' })
    const [body] = params.request as [{ signature: string[]; nonce: string }]
    expect(body.signature).toHaveLength(vectors.token_cache0.length)
    expect(body.signature.slice(0, 2)).toEqual(vectors.token_cache0.slice(0, 2))
    expect(new Set(body.signature.slice(2))).toEqual(new Set(['0x0']))
    expect(body.nonce).toBe('0x7')
    expect(asked).toEqual([])
  })

  test('calls that fail at the node are told as 217, any other answer of it as 163; nothing is signed', async () => {
    estimate = { error: { code: 41, message: 'Transaction execution error', data: {} } }
    await expect(accountOf().execute(CALLS, DETAILS)).rejects.toMatchObject({ code: 217, cause: { code: 41 } })
    estimate = { error: { code: 55, message: 'x' } }
    await expect(accountOf().execute(CALLS, DETAILS)).rejects.toMatchObject({ code: 163, data: { reason: 'node' } })
    expect(asked).toEqual([])
  })

  test("another key than the session's second one is noticed, and a signature over something else", async () => {
    const own = sign(vectors.msg_cache0 as Parameters<typeof sign>[0], keyOf(vectors.keys.owner))
    cosigned = () => [publicKey(keyOf(vectors.keys.owner)), own.r, own.s]
    const refused = { code: 163, data: { reason: 'cosigner' } }
    await expect(accountOf().execute(CALLS, DETAILS)).rejects.toMatchObject(refused)
    cosigned = () => [vectors.pub.guardian, own.r, own.s]
    await expect(accountOf().execute(CALLS, DETAILS)).rejects.toMatchObject(refused)
    const other = sign(HASH as Parameters<typeof sign>[0], GUARDIAN)
    cosigned = () => [vectors.pub.guardian, other.r, other.s]
    await expect(accountOf().execute(CALLS, DETAILS)).rejects.toMatchObject(refused)
    expect(sent()).toEqual([])
  })

  test.each([
    ['nothing', undefined],
    ['two felts', ['0x1', '0x2']],
    ['what is no felt', ['0x1', '0x2', 'x']],
    ['another shape', { r: '0x1', s: '0x2' }],
  ])('an answer of the co-signer that is none is refused: %s', async (_name, answer) => {
    cosigned = () => answer as never
    await expect(accountOf().execute(CALLS, DETAILS)).rejects.toMatchObject({ code: 163, data: { reason: 'cosigner' } })
    expect(sent()).toEqual([])
  })

  test('the refusal of the co-signer arrives as it is', async () => {
    const error = Object.assign(new Error('An error occurred (SESSION_LIMIT_REACHED)'), { code: 214, data: {} })
    cosigned = () => {
      throw error
    }
    await expect(accountOf().execute(CALLS, DETAILS)).rejects.toBe(error)
    expect(sent()).toEqual([])
  })

  test('messages, deployments and declarations are not for a session', async () => {
    const signer = signerOf()
    for (const act of [signer.signMessage, signer.signDeployAccountTransaction, signer.signDeclareTransaction])
      await expect(act()).rejects.toMatchObject({ code: 210 })
    expect(await signer.getPubKey()).toBe(vectors.pub.session)
  })

  test('shows its key to nobody who looks at it', () => {
    const signer = signerOf()
    expect(Object.keys(signer)).toEqual([])
    expect(JSON.stringify(signer)).toBe('{}')
  })
})

describe('a session signer is not made', () => {
  const { authorization: _none, ...noAuthorization } = SESSION.chain!
  test.each([
    ['of a session that only the wallet enforces', { chain: null }],
    ['of a session whose key the wallet holds', { chain: noAuthorization }],
    ['when the text that was signed differs', { chain: { ...SESSION.chain!, metadata: '{}' } }],
    ['when the end differs', { chain: { ...SESSION.chain!, expires_at: SESSION.chain!.expires_at + 1 } }],
    ['for another account', { account: '0x1' }],
    ['for another chain', { chain_id: MAIN }],
    [
      'with another order of methods',
      { chain: { ...SESSION.chain!, allowed_methods: [...SESSION.chain!.allowed_methods].reverse() } },
    ],
    ['with an authorization of another form', { chain: { ...SESSION.chain!, authorization: ['0x1', '0x2'] } }],
  ])('%s', (_name, more) => {
    expect(() => signerOf(more as Partial<SessionInfo>)).toThrow(RangeError)
  })

  test('with another key, or what is none', () => {
    expect(() => signerOf({}, generateSessionKey().privateKey)).toThrow(RangeError)
    expect(() => signerOf({}, vectors.keys.owner)).toThrow(RangeError)
    for (const none of ['0x0', '', '3003', `0x${'f'.repeat(64)}`]) expect(() => signerOf({}, none)).toThrow(RangeError)
  })
})
