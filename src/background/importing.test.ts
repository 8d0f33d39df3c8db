import 'fake-indexeddb/auto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as coldPart from '../cold/index.ts'
import { STRK } from '../core/account.ts'
import { type Address, address, type ClassHash, type Felt, felt } from '../core/felt.ts'
import type { ImportSource } from '../core/protocol/ui.ts'
import type { OwnAccount } from '../core/records.ts'
import { createGuard, type Database, type Guard, openDatabase } from '../platform/database.ts'
import type { Node, Nodes } from '../platform/node.ts'
import { nodeError } from '../platform/node-error.ts'
import { hexOf, randomBytes } from '../platform/secret-box.ts'
import {
  ARGENT_0_3_1,
  ARGENT_0_4_0,
  ARGENT_0_5_0,
  ARGENT_PROXY,
  OPENZEPPELIN_1_0_0,
  SELECTORS,
} from '../starknet/accounts.ts'
import { publicKey } from '../starknet/curve.ts'
import { selectorOf } from '../starknet/selector.ts'
import { cleanName, createImporting, type Importing, isImportRefused } from './importing.ts'
import { createVault, type Opened, type Vault } from './keys/vault.ts'
import { type Accounts, createAccounts } from './owners/accounts.ts'

const TEST = 'test test test test test test test test test test test junk'
const OTHER = coldPart.newPhrase(new Uint8Array(16).fill(7))
const PASSWORD = 'a long enough password'
const AT_0_4_0 = address('0x42a676b6b29db00fdd59342c671340d42d6f64e11afff6c841a55dc02541a4d')
const PUB_0 = felt('0x2b4201ec5ba569ff110cb1b4bc615a44c09e30dd9d5ed28b64be7721bb6fc0b')
const READY: ImportSource = { from: 'phrase', phrase: TEST, scheme: 'ready' }
const KEY_HEX = '0xeb2609ea42924e99d0d5aa50ef056210a985a69bc53b50e48cfa3ae954ffc0'
const FIRST = { index: 0, generation: 0, classHash: ARGENT_0_4_0 } as const
const SOMEWHERE = address('0x5afe')

/** What a chain has: a contract says whose it is under one name. */
interface There {
  readonly classHash?: ClassHash
  readonly owner?: { readonly says: Felt; readonly value: Felt }
  readonly guardian?: Felt
  readonly balance?: bigint
}
const chain = new Map<Address, There>()
let asked: string[]
let silent: boolean
const node = {
  classHashAt: async (at: Address) => {
    asked.push(`class ${at}`)
    if (silent) throw nodeError('silent', [])
    return chain.get(at)?.classHash
  },
  call: async ({ to, selector, calldata }: Parameters<Node['call']>[0]) => {
    asked.push(`call ${to}`)
    if (silent) throw nodeError('silent', [])
    if (to === STRK) return [felt(chain.get(calldata[0] as Address)?.balance ?? 0n), felt(0)]
    const there = chain.get(to)
    if (selector === SELECTORS.get_guardian) return [there?.guardian ?? felt(0)]
    if (there?.owner?.says === selector) return [there.owner.value]
    throw nodeError('rpc', ['no such entrypoint'], { rpcCode: 21 })
  },
}

let worlds = 0
let db: Database
let vault: Vault
let opened: Opened
let guard: Guard
let accounts: Accounts
let importing: Importing
let locked: boolean
let wrong: number

/** Its vault is made once for all: the key derivation takes a second. */
let rowsOfVault: readonly unknown[]
beforeAll(async () => {
  const made = openDatabase({ now: () => 1, name: 'importing' })
  const first = createVault({ db: made, now: () => 1, random: randomBytes, ticks: () => 0 })
  const created = await first.create({ password: PASSWORD, phrase: OTHER, secrets: [] })
  if (!created.ok) throw new Error('no vault')
  opened = created.value
  rowsOfVault = await made.read(['vault'], (tx) => tx.rows('vault'))
}, 60_000)

beforeEach(async () => {
  worlds += 1
  chain.clear()
  asked = []
  silent = false
  locked = false
  wrong = 0
  db = openDatabase({ now: () => 1, name: `importing-${worlds}` })
  await db.write(['vault'], 'strict', async (tx) => {
    for (const row of rowsOfVault) await tx.putRow('vault', row as never)
  })
  vault = createVault({ db, now: () => 1, random: randomBytes, ticks: () => 0 })
  guard = createGuard({ vaultId: opened.vaultId, macKey: opened.keys.state })
  accounts = createAccounts({
    db,
    guard: () => guard,
    now: () => 1,
    read: async () => ({ kind: 'unknown', guardian: felt(0) }),
  })
  importing = createImporting({
    db,
    accounts,
    vault,
    subkeys: () => (locked ? undefined : opened.keys),
    nodes: { of: async () => node } as unknown as Nodes,
    words: ({ key, n }) => (key === 'name_account' ? `Account ${n}` : ['Session account', n].join(' ').trim()),
    allowNodes: () => {
      asked.push('allowed')
    },
    cold: () => coldPart,
    random: randomBytes,
    now: () => 5,
    opened: (tried) => {
      if (tried.ok) return
      wrong += 1
      throw new Error('wrong password')
    },
  })
})

const names = async () => (await accounts.all()).map(({ name }) => name)
const own = async (at: Address) => (await accounts.own(at)) as OwnAccount
const keyIn = (kind: 'owner' | 'guardian', id: string) => vault.openSecret(kind, id, opened.keys[kind])
const refused = async (work: Promise<unknown>): Promise<string> => {
  const error: unknown = await work.then(
    () => 'nothing was refused',
    (it: unknown) => it,
  )
  return isImportRefused(error) ? error.line.key : String(error)
}

describe('before anything is stored', () => {
  it('the test phrase leads to the known address, and nobody is asked', async () => {
    const keys = await importing.keys(READY)
    expect(keys).toHaveLength(20)
    expect(keys[0]).toEqual({ index: 0, publicKey: PUB_0 })
    const rows = importing.candidates(PUB_0)
    expect(rows.map(({ title }) => title.args?.version)).toEqual(
      ['0.5.0', '0.4.0', '0.3.1', '0.3.0', '0.2.3.1', '0.2.3', '0.2.2', '0.2.1'].map((it) => ({
        kind: 'text',
        text: it,
      })),
    )
    expect(rows[1]?.address).toBe(AT_0_4_0)
    expect(rows[2]?.address).toBe('0x4895575646caa0a72fd9d1d3b458c9c9f4aad1475501ad0fc1ca37ce40ccb86')
    expect(asked).toEqual([])
    expect(await accounts.all()).toEqual([])
  })

  it('the two schemes lead to other keys, and so does the phrase of this wallet', async () => {
    const first = async (source: ImportSource) => (await importing.keys(source))[0]?.publicKey
    const sources: ImportSource[] = [
      READY,
      { ...READY, scheme: 'standard' },
      { from: 'own', password: PASSWORD, scheme: 'ready' },
      { from: 'own', password: PASSWORD, scheme: 'standard' },
    ]
    const found = await Promise.all(sources.map(first))
    expect(new Set(found).size).toBe(4)
    expect(found[1]).toBe('0x7f0ecd1ec6159e6a7c70084aaa7d693d9113149b80ab72618602a185e2c1f2b')
  })

  it('a press asks a network: what is there wins over what was derived, and an address with money counts', async () => {
    const keys = coldPart.openPhrase(TEST)
    const third = publicKey(keys.guardian(0, 2))
    const [at050, at040, at031, at030] = importing.candidates(PUB_0).map((it) => it.address) as [
      Address,
      Address,
      Address,
      Address,
    ]
    chain.set(at040, { classHash: ARGENT_0_5_0, guardian: third, balance: 7n })
    chain.set(at031, { classHash: ARGENT_0_3_1, guardian: felt(0xf0e) })
    chain.set(at030, { balance: 3n })
    const found = await importing.look({
      network: 'devnet',
      source: READY,
      index: 0,
      addresses: [at050, at040, at031, at030],
    })
    expect(asked[0]).toBe('allowed')
    expect(found).toEqual([
      {
        address: at040,
        network: 'devnet',
        deployed: { key: 'class_ready', args: { version: { kind: 'text', text: '0.5.0' } } },
        secondKey: 'ours',
        generation: 2,
        balance: '7',
      },
      {
        address: at031,
        network: 'devnet',
        deployed: { key: 'class_ready', args: { version: { kind: 'text', text: '0.3.1' } } },
        secondKey: 'foreign',
        balance: '0',
      },
      { address: at030, network: 'devnet', secondKey: 'none', balance: '3' },
    ])
    expect(await accounts.all()).toEqual([])
  })

  it('a node that is silent says nothing, and that is told', async () => {
    silent = true
    const work = importing.look({ network: 'devnet', source: READY, index: 0, addresses: [AT_0_4_0] })
    await expect(work).rejects.toMatchObject({ kind: 'node', reason: 'silent' })
  })
})

describe('from a phrase', () => {
  it('the chosen accounts come with their keys; of another phrase only the keys are kept', async () => {
    const old = { ...FIRST, index: 1, classHash: ARGENT_0_3_1 }
    const [first, second] = (await importing.add(READY, [FIRST, old])) as [Address, Address]
    expect(first).toBe(AT_0_4_0)
    expect(second).toBe('0x6b236a6db04920bb44c88b680d17de14f8f55f822c78f98270d014eb413b387')
    expect(await names()).toEqual(['Account 1', 'Account 2'])
    expect(await own(first)).toMatchObject({
      owner: { from: 'key' },
      ownerPublicKey: PUB_0,
      order: 0,
      classHash: ARGENT_0_4_0,
    })
    expect(hexOf((await keyIn('owner', first)) as Uint8Array)).toBe(KEY_HEX.slice(2).padStart(64, '0'))
    expect(publicKey((await keyIn('guardian', `${second} 0`)) as Uint8Array)).toBe(
      (await own(second)).guardian.publicKey,
    )
  })

  it("the wallet's own phrase brings its accounts back by index", async () => {
    const source: ImportSource = { from: 'own', password: PASSWORD, scheme: 'standard' }
    const [at] = (await importing.add(source, [{ ...FIRST, index: 4 }])) as [Address]
    expect((await own(at)).owner).toEqual({ from: 'phrase', scheme: 'standard', index: 4 })
    expect(publicKey((await keyIn('owner', at)) as Uint8Array)).toBe(
      publicKey(coldPart.openPhrase(OTHER, 'standard').owner(4)),
    )
  })

  it('a second key that was replaced comes with those before it: one may still stand on another network', async () => {
    const [at] = (await importing.add(READY, [{ ...FIRST, generation: 2 }])) as [Address]
    const keys = coldPart.openPhrase(TEST)
    const { guardian, retired } = await own(at)
    expect(guardian).toEqual({ publicKey: publicKey(keys.guardian(0, 2)), generation: 2 })
    expect(retired).toEqual([0, 1].map((n) => ({ publicKey: publicKey(keys.guardian(0, n)), generation: n })))
    for (const n of [0, 1, 2])
      expect(publicKey((await keyIn('guardian', `${at} ${n}`)) as Uint8Array)).toBe(publicKey(keys.guardian(0, n)))
  })

  it('T39 a second key that stands is found without a look: this phrase is not kept', async () => {
    const keys = coldPart.openPhrase(TEST)
    chain.set(AT_0_4_0, { classHash: ARGENT_0_4_0, guardian: publicKey(keys.guardian(0, 3)) })
    const [at] = (await importing.add(READY, [FIRST], 'sepolia')) as [Address]
    expect((await own(at)).guardian).toEqual({ publicKey: publicKey(keys.guardian(0, 3)), generation: 3 })
    expect((await own(at)).retired?.map(({ generation }) => generation)).toEqual([0, 1, 2])
    expect(asked).toEqual([`class ${AT_0_4_0}`, `call ${AT_0_4_0}`])
  })

  it('comes in also where the node is silent', async () => {
    silent = true
    const [at] = (await importing.add(READY, [FIRST], 'sepolia')) as [Address]
    expect((await own(at)).guardian.generation).toBe(0)
  })

  it('all of them or none: one that is here already stops all', async () => {
    await importing.add(READY, [FIRST])
    expect(await refused(importing.add(READY, [{ ...FIRST, index: 1 }, FIRST]))).toBe('err_haveAccount')
    expect(await names()).toEqual(['Account 1'])
  })

  it.each([TEST.replace('junk', 'test'), TEST.replace('junk', 'jumk'), '', '🔑 '.repeat(12)])(
    'refuses: %j is no phrase',
    async (phrase) => {
      expect(await refused(importing.add({ ...READY, phrase }, [FIRST]))).toBe('err_badPhrase')
      expect(await accounts.all()).toEqual([])
    },
  )

  it('refuses: locked, with nothing stored', async () => {
    locked = true
    expect(await refused(importing.add(READY, [FIRST]))).toBe('err_locked')
    expect(await accounts.all()).toEqual([])
  })
})

describe('from a private key', () => {
  it('is read as hex of any case, with or without 0x and zeros in front', async () => {
    const spellings = [KEY_HEX, KEY_HEX.slice(2).toUpperCase(), ` 0x${KEY_HEX.slice(2).padStart(64, '0')}\n`]
    for (const key of spellings)
      expect(await importing.keys({ from: 'key', key })).toEqual([{ index: 0, publicKey: PUB_0 }])
  })

  it('has a random second key, which this vault alone holds', async () => {
    const source: ImportSource = { from: 'key', key: KEY_HEX }
    const [at] = (await importing.add(source, [{ ...FIRST, generation: 9 }])) as [Address]
    expect(at).toBe(AT_0_4_0)
    const { guardian, owner, retired } = await own(at)
    expect([owner, guardian.generation, retired]).toEqual([{ from: 'key' }, 0, undefined])
    expect(publicKey((await keyIn('guardian', `${at} 0`)) as Uint8Array)).toBe(guardian.publicKey)
    expect(guardian.publicKey).not.toBe(publicKey(coldPart.openPhrase(TEST).guardian(0, 0)))
  })

  it.each([
    ['nothing', ''],
    ['zero', '0x0'],
    ['the order of the curve', '0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2f'],
    ['an Ethereum key above it', `0x${'f'.repeat(64)}`],
    ['65 digits', `0x1${'0'.repeat(64)}`],
    ['decimal digits behind a sign', '-12'],
    ['words', TEST],
    ['emoji', '🔑'],
    ['digits of another script', '١٢٣'],
  ])('refuses: %s', async (_what, key) => {
    expect(await refused(importing.keys({ from: 'key', key }))).toBe('err_badKey')
    expect(await refused(importing.add({ from: 'key', key }, [FIRST]))).toBe('err_badKey')
    expect(await accounts.all()).toEqual([])
  })
})

describe('at an address that does not follow from the key', () => {
  const source: ImportSource = { from: 'key', key: KEY_HEX }
  it.each([
    ['OpenZeppelin', OPENZEPPELIN_1_0_0, 'get_public_key'],
    ['Ready', ARGENT_0_4_0, 'get_owner'],
    ['Cairo 0 behind its proxy', ARGENT_PROXY, 'getSigner'],
    ['a class nobody knows', felt(0xb4aa705) as ClassHash, 'getPublicKey'],
  ])('%s says whose it is, and comes in', async (_what, classHash, name) => {
    chain.set(SOMEWHERE, { classHash, owner: { says: selectorOf(name), value: PUB_0 } })
    expect(await importing.addAt(source, 'devnet', SOMEWHERE)).toBe(SOMEWHERE)
    expect(await own(SOMEWHERE)).toMatchObject({ address: SOMEWHERE, classHash, ownerPublicKey: PUB_0 })
    expect(publicKey((await keyIn('owner', SOMEWHERE)) as Uint8Array)).toBe(PUB_0)
  })

  it('refuses: another owner, with both keys in the sentence', async () => {
    chain.set(SOMEWHERE, {
      classHash: OPENZEPPELIN_1_0_0,
      owner: { says: SELECTORS.get_public_key, value: felt(0xbad) },
    })
    const error = await importing.addAt(source, 'devnet', SOMEWHERE).catch((it: unknown) => it)
    expect(isImportRefused(error) && error.line).toEqual({
      key: 'err_notOwner',
      args: { theirs: { kind: 'text', text: '0xbad' }, ours: { kind: 'text', text: PUB_0 } },
    })
    expect(await accounts.all()).toEqual([])
  })

  it('refuses: nothing is there, nobody answers, a node that is silent', async () => {
    expect(await refused(importing.addAt(source, 'devnet', SOMEWHERE))).toBe('err_nothingThere')
    chain.set(SOMEWHERE, { classHash: felt(0xe20) as ClassHash })
    expect(await refused(importing.addAt(source, 'devnet', SOMEWHERE))).toBe('err_noOwner')
    silent = true
    await expect(importing.addAt(source, 'devnet', SOMEWHERE)).rejects.toMatchObject({ kind: 'node' })
    expect(await accounts.all()).toEqual([])
  })

  it("a smart account of Ready is found among the keys of the wallet's own phrase", async () => {
    const key = coldPart.openPhrase(OTHER).owner(2)
    chain.set(SOMEWHERE, {
      classHash: ARGENT_0_4_0,
      owner: { says: SELECTORS.get_owner, value: publicKey(key) },
      guardian: felt(0xa4),
    })
    await importing.addOwnAt(PASSWORD, 'devnet', SOMEWHERE)
    expect((await own(SOMEWHERE)).owner).toEqual({ from: 'phrase', scheme: 'ready', index: 2 })
  })

  it('so is another account of a key that was brought in', async () => {
    await importing.add(source, [FIRST])
    chain.set(SOMEWHERE, { classHash: OPENZEPPELIN_1_0_0, owner: { says: SELECTORS.get_public_key, value: PUB_0 } })
    await importing.addOwnAt(PASSWORD, 'devnet', SOMEWHERE)
    expect(publicKey((await keyIn('owner', SOMEWHERE)) as Uint8Array)).toBe(PUB_0)
    expect((await own(SOMEWHERE)).guardian.publicKey).not.toBe((await own(AT_0_4_0)).guardian.publicKey)
  })

  it('refuses: a key that is not here; a wrong password looks for none', async () => {
    chain.set(SOMEWHERE, { classHash: ARGENT_0_4_0, owner: { says: SELECTORS.get_owner, value: felt(0xbad) } })
    expect(await refused(importing.addOwnAt(PASSWORD, 'devnet', SOMEWHERE))).toBe('err_noneOfOurs')
    await expect(importing.addOwnAt('not the password', 'devnet', SOMEWHERE)).rejects.toThrow('wrong password')
    expect([wrong, await accounts.all()]).toEqual([1, []])
  })
})

describe('by address alone', () => {
  it('is watched: nothing of it is in the vault, and nobody is asked', async () => {
    await importing.watch(SOMEWHERE)
    expect(await accounts.all()).toEqual([
      { address: SOMEWHERE, name: 'Account 1', order: 0, createdAt: 5, owner: { from: 'nowhere' } },
    ])
    expect(await accounts.own(SOMEWHERE)).toBeUndefined()
    expect(asked).toEqual([])
    expect(await refused(importing.watch(SOMEWHERE))).toBe('err_haveAccount')
  })

  it('becomes one of its own when its key comes, under its name and at its place', async () => {
    await importing.watch(AT_0_4_0)
    await importing.watch(SOMEWHERE)
    await accounts.change(AT_0_4_0, (it) => ({ ...it, name: 'Old friend' }))
    await importing.add(READY, [FIRST])
    expect(await names()).toEqual(['Old friend', 'Account 2'])
    expect(await own(AT_0_4_0)).toMatchObject({ owner: { from: 'key' }, order: 0 })
  })
})

describe("the next of the wallet's own phrase", () => {
  it('has the first index that is not in use, and a session account has its name', async () => {
    const at = [await importing.next(PASSWORD, 'plain'), await importing.next(PASSWORD, 'session')]
    expect((await Promise.all(at.map(own))).map(({ owner }) => owner)).toEqual([
      { from: 'phrase', scheme: 'ready', index: 0 },
      { from: 'phrase', scheme: 'ready', index: 1 },
    ])
    expect(await names()).toEqual(['Account 1', 'Session account'])
    await importing.next(PASSWORD, 'session')
    expect(await names()).toEqual(['Account 1', 'Session account', 'Session account 2'])
  })

  it('comes by a passkey as well, and by no other', async () => {
    const passkey = { credentialId: 'aabbcc', prf: 'd1'.repeat(32) }
    expect(await vault.addPasskey(PASSWORD, { ...passkey, prfSalt: '5a'.repeat(32) })).toMatchObject({ ok: true })
    const at = await importing.next(passkey, 'plain')
    expect((await own(at)).address).toBe(at)
    await expect(importing.next({ ...passkey, prf: 'd2'.repeat(32) }, 'plain')).rejects.toThrow('wrong password')
    expect(await names()).toHaveLength(1)
  })
  it('refuses: a wrong password', async () => {
    await expect(importing.next('not the password', 'plain')).rejects.toThrow('wrong password')
    expect(await accounts.all()).toEqual([])
  })
})

describe('a name', () => {
  it('keeps what can be read, and nothing that changes how the rest is read', () => {
    expect(cleanName('  Rent  and\tfood ')).toBe('Rent and food')
    expect(cleanName('a\u202egpj.exe\u200b')).toBe('agpj.exe')
    expect(cleanName('🦊'.repeat(40))).toBe('🦊'.repeat(40))
  })
  it.each(['', '   ', '\u200b\u202e', '🦊'.repeat(41), 'x'.repeat(1_000_000)])(
    'refuses: one that is nothing, or too long',
    (name) => {
      expect(cleanName(name)).toBeUndefined()
    },
  )
})
