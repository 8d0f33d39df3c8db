import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import { messageRules } from '../../cold/message-rules.ts'
import { classify } from '../../cold/reserved.ts'
import { type Hashed, hashTypedData, readTypedData } from '../../cold/typed-data.ts'
import { type Felt, felt } from '../../core/felt.ts'
import { used } from '../../core/policy/book.ts'
import type { MessageRule, MeterId, RuleId, SessionId } from '../../core/policy/policy.ts'
import { publicKey, verify } from '../../starknet/curve.ts'
import { ACCOUNT, createWorld, GUARDIAN, NETWORK, ORIGIN, OWNER, sessionArea, type World } from './stub-world.ts'

const types = {
  StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
  Order: [
    { name: 'side', type: 'shortstring' },
    { name: 'amount', type: 'u128' },
  ],
}
const domain = { name: 'Bazaar', version: '1', chainId: 'SN_SEPOLIA', revision: '1' }
const order = (amount: number) => ({ types, domain, primaryType: 'Order', message: { side: 'buy', amount } })
const hashed = (data: unknown): Hashed => hashTypedData(readTypedData(data))
const scope = messageRules.scope({ types, domain, primary_type: 'Order' })
const rule: MessageRule = {
  id: 'm0' as RuleId,
  domainHash: scope?.domainHash ?? felt(0),
  typeHash: scope?.typeHash ?? felt(0),
  fields: [{ path: ['amount'], as: 'u128', op: 'lte', to: ['10'] }],
  caps: [{ window: { kind: 'session' }, max: 3 }],
  enabled: true,
  required: false,
}
const world = () => createWorld({ classify })

let asked = 0
function sign(it: World, typedData: unknown = order(1), of: unknown = typedData) {
  asked += 1
  const request = { origin: ORIGIN, request: `m${asked}`, network: NETWORK, account: ACCOUNT }
  return it.messages.inSession({ ...request, typedData, hashed: hashed(of) })
}
const countOf = async (it: World, id = 's1') => {
  const state = await it.ledger.state(id as SessionId)
  if (state === undefined) throw new Error('gone')
  return used(state.book, [], 'msg:m0' as MeterId, { kind: 'session' }, it.clock.now)
}

describe('messages in a session', () => {
  it('are signed only once the journal was compared with the chain: where that is further, they are asked', async () => {
    const it = await createWorld({ classify, area: sessionArea() })
    await it.accounts.look(ACCOUNT, NETWORK, felt(0))
    await it.start('s1', { messages: [rule] })
    it.node.state.nonce = 1n
    expect(await sign(it)).toMatchObject({ kind: 'ask', reasons: [{ code: 'paused' }] })
    expect(it.sessions.get('s1' as SessionId)?.pause).toBe('restored')
    expect(await countOf(it)).toBe(0n)
  })

  it('are signed by the owner and the second key, of exactly this hash, and counted', async () => {
    const it = await world()
    await it.start('s1', { messages: [rule] })
    const result = await sign(it)
    if (result.kind !== 'signed') throw new Error(JSON.stringify(result))
    const signature = result.signature as readonly Felt[]
    const hash = hashed(order(1)).hash(ACCOUNT)
    expect(signature).toHaveLength(9)
    expect(verify(hash, { r: signature[3]!, s: signature[4]! }, publicKey(OWNER))).toBe(true)
    expect(verify(hash, { r: signature[7]!, s: signature[8]! }, publicKey(GUARDIAN))).toBe(true)
    expect(await countOf(it)).toBe(1n)
    const { rows } = await it.history.list({ session: 's1' as SessionId, limit: 5 })
    expect(rows.map(({ event }) => event)).toEqual([
      { kind: 'message', by: 'session', about: 'Bazaar', type: 'Order', hash },
    ])
    expect(it.node.state.arrived).toEqual([])
    expect(it.errors).toEqual([])
  })

  it('are asked beyond their value, their kind, and their count; what is asked is not counted', async () => {
    const it = await world()
    await it.start('s1', { messages: [rule] })
    const codes = async (data: unknown) => {
      const result = await sign(it, data)
      return result.kind === 'signed' ? 'signed' : result.reasons.map(({ code }) => code)
    }
    expect(await codes(order(11))).toEqual(['messageField'])
    expect(await codes({ ...order(1), domain: { ...domain, version: '2' } })).toEqual(['messageScope'])
    expect(await countOf(it)).toBe(0n)
    expect([await codes(order(1)), await codes(order(1)), await codes(order(10))]).toEqual(Array(3).fill('signed'))
    expect(await codes(order(1))).toEqual(['messageCount'])
    expect(await countOf(it)).toBe(3n)
  })

  it('that are asked for all at once are signed as often as the rule says', async () => {
    const it = await world()
    await it.start('s1', { messages: [rule] })
    const all = await Promise.all(Array.from({ length: 12 }, (_, at) => sign(it, order(at % 5))))
    expect(all.filter(({ kind }) => kind === 'signed')).toHaveLength(3)
    expect(await countOf(it)).toBe(3n)
  })

  it('are not signed while locked, paused, past the end, by a rule that is off, or where there is none', async () => {
    const it = await world()
    const session = await it.start('s1', { messages: [rule] })
    const codes = async () => {
      const result = await sign(it)
      return result.kind === 'signed' ? 'signed' : result.reasons.map(({ code }) => code)
    }
    it.lock.unlocked = false
    expect(await codes()).toEqual(['locked'])
    it.lock.unlocked = true
    await it.sessions.pause(session.id, 'person')
    expect(await codes()).toEqual(['paused'])
    const off = await world()
    await off.start('s1', { messages: [{ ...rule, enabled: false }] })
    expect(await sign(off)).toMatchObject({ kind: 'ask', reasons: [{ code: 'messageScope' }] })
    const none = await world()
    await none.start('s1')
    expect(await sign(none)).toEqual({ kind: 'ask', reasons: [] })
    expect(await Promise.all([off, none].map((one) => countOf(one)))).toEqual([0n, 0n])
  })

  it('are hashed again where they are signed: what was judged and what is signed are one', async () => {
    const it = await world()
    await it.start('s1', { messages: [rule] })
    await expect(sign(it, order(9_999), order(1))).rejects.toThrow('nobody said yes to this')
    const reserved = { ...order(1), domain: { ...domain, name: 'SessionAccount.session' } }
    await expect(sign(it, reserved, order(1))).rejects.toThrow('nobody said yes to this')
  })

  it('another site, or another account, has none of them', async () => {
    const it = await world()
    await it.start('s1', { messages: [rule] })
    const typedData = order(1)
    const request = {
      origin: ORIGIN,
      request: 'x',
      network: NETWORK,
      account: ACCOUNT,
      typedData,
      hashed: hashed(typedData),
    }
    const other = 'https://other.example' as typeof ORIGIN
    expect(await it.messages.inSession({ ...request, origin: other })).toEqual({ kind: 'ask', reasons: [] })
  })
})

describe('messages by a yes', () => {
  it('only the hash that was allowed is signed', async () => {
    const it = await world()
    const hash = hashed(order(5)).hash(ACCOUNT)
    const yes = it.yes([{ kind: 'message', hash }])
    expect(await it.messages.byPerson(yes, order(5))).toHaveLength(9)
    await expect(it.messages.byPerson(yes, order(6))).rejects.toThrow('nobody said yes to this')
    await expect(it.messages.byPerson(it.yes([]), order(5))).rejects.toThrow('nobody said yes to this')
    it.lock.unlocked = false
    await expect(it.messages.byPerson(yes, order(5))).rejects.toMatchObject({ kind: 'notNow', why: 'locked' })
  })

  it('an account without a second key signs alone', async () => {
    const it = await world()
    it.node.state.guardian = felt(0)
    it.accounts.forget(ACCOUNT, NETWORK)
    const hash = hashed(order(5)).hash(ACCOUNT)
    expect(await it.messages.byPerson(it.yes([{ kind: 'message', hash }]), order(5))).toHaveLength(5)
  })
})
