import { readFileSync } from 'node:fs'
import { type TypedData as StarknetJsTypedData, typedData } from 'starknet'
import { describe, expect, test } from 'vitest'
import { address, felt, shortString } from '../core/felt.ts'
import { selectorOf } from '../starknet/selector.ts'
import { classify } from './reserved.ts'
import { OUTSIDE_TYPES, offchainSession, pluginSession } from './samples.ts'

const vectors = JSON.parse(readFileSync(new URL('../starknet/vectors/session-token.json', import.meta.url), 'utf8'))
const CHAIN = shortString('SN_SEPOLIA')
const ACCOUNT = address(vectors.addr_owner_guardian)
const STRK = '0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
const at = { account: ACCOUNT, chainId: CHAIN }

type Data = Readonly<Record<'types' | 'domain' | 'message', Readonly<Record<string, unknown>>>> & {
  readonly primaryType: string
}
const session: Data = vectors.td
const DOMAIN_1 = session.types.StarknetDomain
const outside2: Data = {
  types: {
    StarknetDomain: DOMAIN_1,
    ...OUTSIDE_TYPES,
  },
  primaryType: 'OutsideExecution',
  domain: { name: 'Account.execute_from_outside', version: '2', chainId: 'SN_SEPOLIA', revision: '1' },
  message: {
    Caller: shortString('ANY_CALLER'),
    Nonce: '0x2a',
    'Execute After': 1,
    'Execute Before': 1893456000,
    Calls: [{ To: STRK, Selector: 'transfer', Calldata: ['0xabc', '0x64', '0x0'] }],
  },
}
const outside1: Data = {
  types: {
    StarkNetDomain: ['name', 'version', 'chainId'].map((name) => ({ name, type: 'felt' })),
    OutsideExecution: [
      ...['caller', 'nonce', 'execute_after', 'execute_before', 'calls_len'].map((name) => ({ name, type: 'felt' })),
      { name: 'calls', type: 'OutsideCall*' },
    ],
    OutsideCall: [
      ...['to', 'selector', 'calldata_len'].map((name) => ({ name, type: 'felt' })),
      { name: 'calldata', type: 'felt*' },
    ],
  },
  primaryType: 'OutsideExecution',
  domain: { name: 'Account.execute_from_outside', version: '1', chainId: 'SN_SEPOLIA' },
  message: {
    caller: shortString('ANY_CALLER'),
    nonce: '0x2a',
    execute_after: 1,
    execute_before: 1893456000,
    calls_len: 1,
    calls: [
      {
        to: STRK,
        selector: '0x83afd3f4caedc6eebf44246fe54e38c95e3179a5ec9ea81740eca5b482d12e',
        calldata_len: 1,
        calldata: ['0xabc'],
      },
    ],
  },
}
const plugin = pluginSession({ expires: 1893456000, policies: [{ contractAddress: STRK, selector: 'transfer' }] })
const leaves = { name: 'root', type: 'merkletree', contains: 'felt' }
const offchain = offchainSession({
  account: ACCOUNT,
  expires: 1893456000,
  token: STRK,
  methods: [{ contractAddress: STRK, method: 'transfer' }],
})
const mail: Data = {
  types: { StarknetDomain: DOMAIN_1, Mail: [{ name: 'text', type: 'string' }] },
  primaryType: 'Mail',
  domain: { name: 'Arena', version: '1', chainId: 'SN_SEPOLIA', revision: '1' },
  message: { text: 'Sign in to Arena' },
}
const theirs = (data: Data) => felt(typedData.getMessageHash(data as unknown as StarknetJsTypedData, ACCOUNT))
const kindOf = (data: unknown) => {
  const found = classify(data, at)
  return found.kind === 'refused' ? `refused${found.hidden ? ', hidden' : ''}` : found.kind
}
const named = (data: Data, name: unknown): Data => ({ ...data, domain: { ...data.domain, name } })

describe('what is written exactly is what it is', () => {
  test('a session: its hash is the one the account accepted', () => {
    const found = classify(session, at)
    if (found.kind !== 'session') throw new Error(found.kind)
    expect(found.hash).toBe(theirs(session))
    expect(found.metadata).toBe(session.message.Metadata)
    expect(found.methods).toHaveLength((session.message['Allowed Methods'] as unknown[]).length)
    expect(found.expiresAt).toBe(BigInt(vectors.session_in.expires))
  })

  test('an outside execution of both versions, with its calls', () => {
    for (const [data, version] of [
      [outside1, 1],
      [outside2, 2],
    ] as const) {
      const found = classify(data, at)
      if (found.kind !== 'outside') throw new Error(JSON.stringify(found))
      expect(found.hash).toBe(theirs(data))
      expect([found.version, found.nonce, found.executeBefore]).toEqual([version, '0x2a', 1893456000n])
      expect(found.calls[0]).toMatchObject({ to: felt(STRK), calldata: expect.arrayContaining(['0xabc']) })
    }
  })

  test('a session of either older form, by the felts that those libraries hashed', () => {
    const spelled = { ...plugin, domain: { chainId: CHAIN }, message: { ...plugin.message, expires: '0x70dbd880' } }
    const methods = [{ contract: felt(STRK), method: selectorOf('transfer') }]
    for (const data of [plugin, spelled])
      expect(classify(data, at)).toEqual({ kind: 'older', expires: 1893456000n, methods })
    expect(classify(offchain, at)).toEqual({
      kind: 'older',
      expires: 1893456000n,
      methods: [{ contract: felt(STRK), method: shortString('transfer') }],
      account: ACCOUNT,
      pageKey: '0x3003',
      fees: { token: felt(STRK), low: 5n, high: 1n },
    })
    expect(typedData.getTypeHash(plugin.types, 'Session')).toBe(
      '0x1aa0e1c56b45cf06a54534fa1707c54e520b842feb21d03b7deddb6f1e340c',
    )
  })

  test('values may be spelled in any way that is one felt', () => {
    const message = { ...outside2.message, Nonce: '42', 'Execute After': '0x01', Caller: '0X414E595F43414C4C4552' }
    const domain = { ...outside2.domain, chainId: CHAIN, version: '0x2' }
    const found = classify({ ...outside2, message, domain }, at)
    expect(found).toMatchObject({ kind: 'outside', hash: theirs(outside2) })
  })

  test('anything else is a message', () => {
    expect(kindOf(mail)).toBe('message')
    for (const name of ['SessionAccount', 'session', 'Account', 'Sessions', 'Ekubo', '', 'Account.execute'])
      expect(kindOf(named(mail, name))).toBe('message')
  })
})

describe('what is reserved and written otherwise is refused and noted', () => {
  test.each([
    ['a member less', { ...session, message: { ...session.message, 'Session Key': undefined } }],
    ['a key more', { ...session, message: { ...session.message, Purpose: 'login' } }],
    ['a key more in the domain', { ...session, domain: { ...session.domain, purpose: 'login' } }],
    ['a type that nobody uses', { ...session, types: { ...session.types, Note: [{ name: 'a', type: 'felt' }] } }],
    ['a revision 0 domain beside', { ...session, types: { ...session.types, StarkNetDomain: [] } }],
    ['another version', { ...session, domain: { ...session.domain, version: '1' } }],
    ['another primary type', { ...session, types: { ...session.types, Login: [] }, primaryType: 'Login', message: {} }],
    [
      'leaves that are hashes already',
      {
        ...session,
        types: {
          ...session.types,
          Session: (session.types.Session as { name: string }[]).map((member) =>
            member.name === 'Allowed Methods' ? { ...member, contains: 'felt' } : member,
          ),
        },
        message: { ...session.message, 'Allowed Methods': [vectors.root] },
      },
    ],
    ['the type of a session under another name', named(session, 'Arena')],
    ['the type of an outside execution under another name', named(outside2, 'Arena')],
    ['the type of the old outside execution under another name', named(outside1, 'Arena')],
    ["another account's sessions", named(mail, 'Account.execute_session')],
    ['the older form', named(mail, 'ArgentSession')],
    [
      'a sponsored session of another account',
      {
        ...mail,
        types: { ...mail.types, GasSponsoredSessionExecution: [] },
        primaryType: 'GasSponsoredSessionExecution',
        message: {},
      },
    ],
    ['outside calls of another length', { ...outside1, message: { ...outside1.message, calls_len: 2 } }],
    ['an outside execution of version 1 in revision 1', { ...outside2, domain: { ...outside2.domain, version: '1' } }],
  ])('%s', (_, data) => expect(kindOf(data)).toBe('refused, hidden'))

  test.each([
    ['a name in its domain', { ...plugin, domain: { ...plugin.domain, name: 'game' } }],
    [
      'a domain with a name',
      {
        ...plugin,
        types: { ...plugin.types, StarkNetDomain: outside1.types.StarkNetDomain },
        domain: { ...outside1.domain, name: 'game' },
      },
    ],
    ['leaves in another order', { ...plugin, types: { ...plugin.types, Policy: [...plugin.types.Policy].reverse() } }],
    [
      'a root that is there already',
      {
        ...plugin,
        types: { ...plugin.types, Session: [...plugin.types.Session.slice(0, 2), leaves] },
        message: { ...plugin.message, root: ['0x7'] },
      },
    ],
    ['a key more', { ...plugin, message: { ...plugin.message, purpose: 'login' } }],
    ['another chain', { ...plugin, domain: { chainId: 'SN_MAIN' } }],
    ['a disguise in its chain', { ...plugin, domain: { chainId: 'ArgentSession' } }],
    ['its name as a felt', { ...offchain, domain: { ...offchain.domain, name: shortString('ArgentSession') } }],
    ['its name in lower case', { ...offchain, domain: { ...offchain.domain, name: 'argentsession' } }],
    ['another version', { ...offchain, domain: { ...offchain.domain, version: '2' } }],
    ['a key more in the offchain form', { ...offchain, message: { ...offchain.message, purpose: 'login' } }],
    [
      'members in another order',
      { ...offchain, types: { ...offchain.types, u256: [...offchain.types.u256].reverse() } },
    ],
  ])('an older form, but with %s', (_, data) => expect(kindOf(data)).toBe('refused, hidden'))

  test('another chain: refused, and noted where it is reserved', () => {
    for (const chainId of ['SN_MAIN', shortString('SN_MAIN'), 1]) {
      expect(kindOf({ ...mail, domain: { ...mail.domain, chainId } })).toBe('refused')
      expect(kindOf({ ...session, domain: { ...session.domain, chainId } })).toBe('refused, hidden')
    }
  })

  test('without a chain it is taken as on the one that it names', () => {
    const { chainId: _none, ...anywhere } = at
    for (const chainId of ['SN_SEPOLIA', 'SN_MAIN', shortString('OWN_CHAIN')]) {
      expect(classify({ ...mail, domain: { ...mail.domain, chainId } }, anywhere).kind).toBe('message')
      expect(classify({ ...session, domain: { ...session.domain, chainId } }, anywhere).kind).toBe('session')
      expect(classify({ ...outside2, domain: { ...outside2.domain, chainId } }, anywhere).kind).toBe('outside')
    }
  })

  test('a chain that is named and not hashed is looked at too', () => {
    const StarknetDomain = (DOMAIN_1 as { name: string }[]).filter(({ name }) => name !== 'chainId')
    const without = { ...mail, types: { ...mail.types, StarknetDomain } }
    expect(kindOf(without)).toBe('message')
    expect(kindOf({ ...without, domain: { ...mail.domain, chainId: 'SN_MAIN' } })).toBe('refused')
  })

  // security.md F7: 10,000 spellings of the reserved names; the seed is fixed.
  test('reserved messages however spelled', { timeout: 240_000 }, () => {
    let state = 0x1234
    const below = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return (state >>> 8) % n
    }
    const signed: string[] = []
    const bases = [session, outside2, mail]
    for (let n = 0; n < 10_000; n++) {
      const name = below(2) === 0 ? 'SessionAccount.session' : 'Account.execute_from_outside'
      const spelled = spelling(name, below)
      const base = bases[below(3)] as Data
      const members = [...(base.types.StarknetDomain as { name: string; type: string }[])]
      // The name may be of any type that takes it, and stand under another key.
      const type = ['shortstring', 'felt', 'string', 'ContractAddress', 'u128'][below(5)] as string
      const key = below(4) === 0 ? 'Name' : 'name'
      members[0] = { name: key, type }
      const types = below(2) === 0 ? base.types : { ...base.types, StarknetDomain: members }
      const domain = { ...base.domain, name: below(8) === 0 ? 'Arena' : spelled, [key]: spelled }
      const found = kindOf({ ...base, types, domain })
      if (found !== 'refused, hidden') signed.push(`${found} ${JSON.stringify(spelled)}`)
    }
    expect(signed.filter((it) => !it.startsWith('session ') && !it.startsWith('outside '))).toEqual([])
  })

  test('1,000 of 1,000 benign names are messages', () => {
    let state = 77
    const below = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return (state >>> 8) % n
    }
    const words = ['Arena', 'Swap', 'Account', 'Session', 'execute', 'Ekubo', 'login', 'order', 'v2', 'sessions']
    for (let n = 0; n < 1_000; n++) {
      const name = `${words[below(10)]}${['', '.', ' ', '_'][below(4)]}${words[below(10)]}${below(100)}`
      expect([name, kindOf(named(mail, name.slice(0, 31)))]).toEqual([name, 'message'])
    }
  })
})

/** One of the ways to write a name that encodes to its felt, or reads like it. */
function spelling(name: string, below: (n: number) => number): unknown {
  const value = BigInt(shortString(name))
  const hex = value.toString(16)
  const look: Readonly<Record<string, string>> = { a: 'а', c: 'с', e: 'е', o: '0', s: 'ѕ', i: 'і', n: 'ո', u: 'υ' }
  const odd = ['\u200b', '\u202e', '\u00ad', '\u0301', ' ', '\t', '\u2060', '\ufeff']
  const at = below(name.length)
  const ways: readonly (() => unknown)[] = [
    () => `0x${hex}`,
    () => `0X${hex.toUpperCase()}`,
    () => `0x${'0'.repeat(1 + below(8))}${hex}`,
    () => value.toString(),
    () => `${'0'.repeat(1 + below(5))}${value}`,
    () => `${' '.repeat(below(3))}${value}${['\n', ' ', '\t'][below(3)]}`,
    () => `0o${value.toString(8)}`,
    () => `0b${value.toString(2)}`,
    () => [value.toString()],
    () => [name],
    () => name.toLowerCase(),
    () => name.toUpperCase(),
    () => [...name].map((char) => (below(2) === 0 ? char.toUpperCase() : char.toLowerCase())).join(''),
    () => `${name.slice(0, at)}${odd[below(odd.length)]}${name.slice(at)}`,
    () => [...name].map((char) => (below(2) === 0 ? (look[char] ?? char) : char)).join(''),
    () =>
      [...name]
        .map((char) => (/[a-z]/i.test(char) ? String.fromCodePoint(char.charCodeAt(0) + 0xfee0) : char))
        .join(''),
    () => ` ${name}`,
    () => `${name} `,
  ]
  const spelled = (ways[below(ways.length)] as () => unknown)()
  // Nothing was changed by chance: that is no other spelling.
  return spelled === name ? `${name} ` : spelled
}
