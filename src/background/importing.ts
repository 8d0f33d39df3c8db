/**
 * Accounts that come in: out of a phrase or a key that a person has, by address, or as the next one of the wallet's own phrase.
 * Everything can be seen before anything is stored (approval-ux.md 5.1): keys stay inside one call, and only addresses are
 * asked of a node, when the person presses for it.
 */
import { isOwn, STRK } from '../core/account.ts'
import { type Address, type ClassHash, type Felt, MAX_U128, type U256, u256 } from '../core/felt.ts'
import { clean } from '../core/policy/wire.ts'
import type { CandidateView, FoundView, ImportChoice, ImportedKey, ImportSource, Proof } from '../core/protocol/ui.ts'
import type { AccountRecord, NetworkId, OwnAccount, OwnerKey, PhraseScheme } from '../core/records.ts'
import type { UnixSeconds } from '../core/time.ts'
import { type Line, line, text } from '../core/words.ts'
import type { Database, Tx } from '../platform/database.ts'
import type { Nodes } from '../platform/node.ts'
import { isNodeError } from '../platform/node-error.ts'
import { bytesOf, wipe } from '../platform/secret-box.ts'
import { ARGENT_0_4_0, accountKind, accountVersion, READY_CLASSES } from '../starknet/accounts.ts'
import { type PrivateKey, privateKeyFrom, publicKey, randomKey } from '../starknet/curve.ts'
import { accountAddress } from '../starknet/deploy.ts'
import { selectorOf } from '../starknet/selector.ts'
import { readAddress, readOwner } from './account-state.ts'
import type { Cold } from './doors.ts'
import { ownerSecretId } from './keys/signer.ts'
import type { Tried, Vault } from './keys/vault.ts'
import { type NameWords, type NewAccount, newAccount } from './new-account.ts'
import type { Accounts } from './owners/accounts.ts'

export interface Importing {
  /** The keys of a source, by index. @throws ImportRefused */
  keys(source: ImportSource): Promise<readonly ImportedKey[]>
  /** Where a key may have accounts: nothing is asked of anybody. */
  candidates(ownerPublicKey: Felt): readonly CandidateView[]
  /** What a network has at these addresses; those where it has nothing are left out. @throws NodeError, ImportRefused */
  look(wanted: {
    readonly network: NetworkId
    readonly source: ImportSource
    readonly index: number
    readonly addresses: readonly Address[]
  }): Promise<readonly FoundView[]>
  /**
   * All of them or none. Another phrase than the wallet's is not kept, so a second key of it that stands on this network is
   * found now or never; a silent node leaves it at what was chosen.
   *
   * @throws ImportRefused with nothing stored
   */
  add(source: ImportSource, choices: readonly ImportChoice[], network?: NetworkId): Promise<readonly Address[]>
  /** The key of the source at an address that does not follow from it: the account itself must say whose it is. */
  addAt(source: ImportSource, network: NetworkId, address: Address): Promise<Address>
  /** One of this wallet's own keys, at such an address. */
  addOwnAt(password: Proof, network: NetworkId, address: Address): Promise<Address>
  /** By its address alone. */
  watch(address: Address): Promise<Address>
  /** The next unused account of the wallet's own phrase. */
  next(password: Proof, name: 'plain' | 'session'): Promise<Address>
}

/** Why nothing was imported, in a sentence. */
export type ImportRefused = Error & { readonly kind: 'import'; readonly line: Line }

export interface ImportNeeds {
  readonly db: Pick<Database, 'write'>
  readonly accounts: Accounts
  readonly vault: Pick<Vault, 'phrase' | 'openSecret' | 'sealSecret' | 'writeSecret'>
  readonly subkeys: () =>
    | { readonly owner: Uint8Array; readonly guardian: Uint8Array }
    /** Locked. */
    | undefined
  readonly nodes: Nodes
  /** Before there is a wallet no node may be reached but by this press. */
  readonly allowNodes: () => void
  readonly cold: Cold
  readonly words: NameWords
  readonly random: (length: number) => Uint8Array
  readonly now: () => UnixSeconds
  /** A tried password that was not right leaves here. */
  readonly opened: (tried: Tried<string>) => void
}

/** Indices that are looked at (argent-sessions.md 15). */
export const INDICES = 20
/** Generations of a second key that are tried (argent-sessions.md 8). */
const GENERATIONS = 64

export function createImporting(needs: ImportNeeds): Importing {
  const { accounts, vault, nodes, cold, words, now, random } = needs

  /** What a source can make, for as long as `use` runs. */
  const withKeys = async <T>(source: ImportSource, use: (keys: SourceKeys) => Promise<T> | T): Promise<T> => {
    if (source.from === 'key') {
      const key = readKey(source.key)
      const made: PrivateKey[] = []
      const copy = () => {
        const next = key.slice()
        made.push(next)
        return next
      }
      // Nothing else is known of it, so its second key is random and in this vault alone.
      const guardian = () => {
        const next = randomKey(random)
        made.push(next)
        return next
      }
      try {
        return await use({ count: 1, ownerOf: () => ({ from: 'key' }), owner: copy, guardian, derives: false })
      } finally {
        wipe(key, ...made)
      }
    }
    const { phrase, scheme } = await phraseOf(source)
    const tree = cold().openPhrase(phrase, scheme)
    const made: PrivateKey[] = []
    const kept = (key: PrivateKey) => {
      made.push(key)
      return key
    }
    try {
      return await use({
        count: INDICES,
        // Another phrase than the vault's is not kept: only the keys are.
        ownerOf: (index) => (source.from === 'own' ? { from: 'phrase', scheme, index } : { from: 'key' }),
        owner: (index) => kept(tree.owner(index)),
        guardian: (index, generation) => kept(tree.guardian(index, generation)),
        derives: true,
      })
    } finally {
      tree.wipe()
      wipe(...made)
    }
  }
  const phraseOf = async (
    source: Exclude<ImportSource, { from: 'key' }>,
  ): Promise<{ readonly phrase: string; readonly scheme: PhraseScheme }> => {
    if (source.from === 'own') return { phrase: await ownPhrase(source.password), scheme: source.scheme }
    const checked = cold().checkPhrase(source.phrase)
    if (!checked.ok) throw importRefused(line('err_badPhrase'))
    return { phrase: checked.phrase, scheme: source.scheme }
  }
  const ownPhrase = async (password: Proof): Promise<string> => {
    const tried = await vault.phrase(password)
    needs.opened(tried)
    if (!tried.ok) throw new Error('a wrong password went on')
    return tried.value
  }

  const balanceOf = async (network: NetworkId, account: Address): Promise<U256> => {
    const node = await nodes.of(network)
    const [low = '0x0', high = '0x0'] = await node.call({
      to: STRK,
      selector: selectorOf('balanceOf'),
      calldata: [account],
    })
    if (BigInt(low) > MAX_U128 || BigInt(high) > MAX_U128) throw new RangeError('not a u256')
    return u256((BigInt(high) << 128n) + BigInt(low))
  }

  /** Place and name in the list, after those that are there. */
  const placeAfter = (all: readonly AccountRecord[], at: number) => ({
    order: Math.max(-1, ...all.map(({ order }) => order)) + 1 + at,
    name: freeName(all, at, words),
    createdAt: now(),
  })

  const store = async (made: readonly NewAccount[]): Promise<readonly Address[]> => {
    const subkeys = needs.subkeys()
    if (subkeys === undefined) throw importRefused(line('err_locked'))
    const all = await accounts.all()
    for (const { account } of made) {
      const known = all.find(({ address }) => address === account.address)
      if (known !== undefined && isOwn(known)) throw importRefused(line('err_haveAccount', { name: text(known.name) }))
    }
    const sealed = await Promise.all(
      made
        .flatMap(({ secrets }) => secrets)
        .map((secret) => vault.sealSecret(secret, secret.kind === 'owner' ? subkeys.owner : subkeys.guardian)),
    )
    const rows = made.map(({ account }): OwnAccount => {
      // One that was only watched keeps its name and its place.
      const watched = all.find(({ address }) => address === account.address)
      return watched === undefined ? account : { ...account, name: watched.name, order: watched.order }
    })
    await accounts.add(rows, async (tx: Tx) => {
      for (const secret of sealed) await vault.writeSecret(tx, secret)
    })
    return rows.map(({ address }) => address)
  }

  /** Whose it says it is, and of which class; an account that nobody can ask is not taken in with a key. */
  const askAt = async (
    network: NetworkId,
    address: Address,
  ): Promise<{ readonly classHash: ClassHash; readonly owner: Felt; readonly guardian: Felt }> => {
    const node = await nodes.of(network)
    const { classHash, kind, guardian } = await readAddress(node, address)
    if (classHash === undefined) throw importRefused(line('err_nothingThere'))
    const owner = await readOwner(node, kind, address)
    if (owner === undefined) throw importRefused(line('err_noOwner'))
    return { classHash, owner, guardian }
  }

  return {
    keys: (source) =>
      withKeys(source, ({ count, owner }) =>
        Array.from({ length: count }, (_, index) => ({ index, publicKey: publicKey(owner(index)) })),
      ),
    candidates: (ownerPublicKey) =>
      READY_CLASSES.map(({ classHash, implementation, version }) => ({
        address: accountAddress({
          classHash,
          ownerPublicKey,
          ...(implementation === undefined ? {} : { implementation }),
        }),
        classHash,
        ...(implementation === undefined ? {} : { implementation }),
        title: line(implementation === undefined ? 'class_ready' : 'class_readyProxy', { version: text(version) }),
      })),
    look: async ({ network, source, index, addresses }) => {
      needs.allowNodes()
      const node = await nodes.of(network)
      const read = await Promise.all(
        addresses.map(async (address) => ({
          address,
          ...(await readAddress(node, address)),
          balance: await balanceOf(network, address),
        })),
      )
      const there = read.filter(({ classHash, balance }) => classHash !== undefined || balance !== u256(0n))
      const second = there.map(({ guardian }) => guardian).filter((it) => it !== '0x0')
      const generations = second.length === 0 ? NO_GENERATIONS : await generationsOf(source, index, second)
      return there.map(({ address, classHash, guardian, balance }): FoundView => {
        const generation = generations.get(guardian)
        return {
          address,
          network,
          ...(classHash === undefined ? {} : { deployed: classLine(classHash) }),
          secondKey: guardian === '0x0' ? 'none' : generation === undefined ? 'foreign' : 'ours',
          ...(generation === undefined ? {} : { generation }),
          balance,
        }
      })
    },
    add: async (source, chosen, network) => {
      const all = await accounts.all()
      const standing = source.from === 'phrase' && network !== undefined
      const choices = standing ? await Promise.all(chosen.map((it) => asItStands(source, it, network))) : chosen
      const made = (keys: SourceKeys) =>
        choices.map(({ index, generation, classHash, implementation }, at) =>
          newAccount({
            owner: keys.ownerOf(index),
            ownerKey: keys.owner(index),
            guardianKeys: secondKeys(keys, index, generation),
            classHash,
            ...(implementation === undefined ? {} : { implementation }),
            ...placeAfter(all, at),
          }),
        )
      return withKeys(source, (keys) => store(made(keys)))
    },
    addAt: async (source, network, address) => {
      const there = await askAt(network, address)
      const all = await accounts.all()
      return withKeys(source, async (keys) => {
        const index = Array.from({ length: keys.count }, (_, at) => at).find(
          (at) => publicKey(keys.owner(at)) === there.owner,
        )
        if (index === undefined) throw importRefused(notOwner(there.owner, publicKey(keys.owner(0))))
        return onlyOne(await store([takenAt(keys, index, address, there, all)]))
      })
    },
    addOwnAt: async (password, network, address) => {
      const there = await askAt(network, address)
      const all = await accounts.all()
      const phrase = await ownPhrase(password)
      for (const scheme of ['ready', 'standard'] as const) {
        const found = await withKeys({ from: 'phrase', phrase, scheme }, async (keys) => {
          const indices = Array.from({ length: keys.count }, (_, at) => at)
          const index = indices.find((at) => publicKey(keys.owner(at)) === there.owner)
          if (index === undefined) return undefined
          const own: SourceKeys = { ...keys, ownerOf: (at) => ({ from: 'phrase', scheme, index: at }) }
          return store([takenAt(own, index, address, there, all)])
        })
        if (found !== undefined) return onlyOne(found)
      }
      // A key that was brought in may have several accounts too.
      const same = all.filter(isOwn).find(({ ownerPublicKey }) => ownerPublicKey === there.owner)
      const subkeys = needs.subkeys()
      const bytes = same && subkeys && (await vault.openSecret('owner', ownerSecretId(same.address), subkeys.owner))
      if (bytes === undefined) throw importRefused(line('err_noneOfOurs', { theirs: text(there.owner) }))
      const made: PrivateKey[] = [bytes]
      try {
        const ownerKey = privateKeyFrom(bytes)
        if (ownerKey === undefined) throw new Error('a sealed key that is none')
        const guardianKey = randomKey(random)
        made.push(ownerKey, guardianKey)
        const row = newAccount({
          owner: { from: 'key' },
          ownerKey,
          guardianKeys: [guardianKey],
          classHash: there.classHash,
          address,
          ...placeAfter(all, 0),
        })
        return onlyOne(await store([row]))
      } finally {
        wipe(...made)
      }
    },
    watch: async (address) => {
      const all = await accounts.all()
      const known = all.find((it) => it.address === address)
      if (known !== undefined) throw importRefused(line('err_haveAccount', { name: text(known.name) }))
      await accounts.add([{ address, owner: { from: 'nowhere' }, ...placeAfter(all, 0) }])
      return address
    },
    next: async (password, name) => {
      const phrase = await ownPhrase(password)
      const all = await accounts.all()
      const used = all.flatMap(({ owner }) =>
        owner.from === 'phrase' && owner.scheme === 'ready' ? [owner.index] : [],
      )
      const index = Array.from({ length: used.length + 1 }, (_, at) => at).find((at) => !used.includes(at)) ?? 0
      return withKeys({ from: 'phrase', phrase, scheme: 'ready' }, async (keys) => {
        const row = newAccount({
          owner: { from: 'phrase', scheme: 'ready', index },
          ownerKey: keys.owner(index),
          guardianKeys: secondKeys(keys, index, 0),
          classHash: ARGENT_0_4_0,
          ...placeAfter(all, 0),
          ...(name === 'session' ? { name: freeSessionName(all, words) } : {}),
        })
        return onlyOne(await store([row]))
      })
    },
  }

  /** With the generation that the network has. */
  async function asItStands(source: ImportSource, choice: ImportChoice, network: NetworkId): Promise<ImportChoice> {
    const { index, classHash, implementation } = choice
    try {
      const ownerPublicKey = await withKeys(source, ({ owner }) => publicKey(owner(index)))
      const at = accountAddress({
        classHash,
        ownerPublicKey,
        ...(implementation === undefined ? {} : { implementation }),
      })
      const { guardian } = await readAddress(await nodes.of(network), at)
      const generation = guardian === '0x0' ? undefined : (await generationsOf(source, index, [guardian])).get(guardian)
      return generation === undefined || generation < choice.generation ? choice : { ...choice, generation }
    } catch (error) {
      if (isNodeError(error)) return choice
      throw error
    }
  }

  /** Which of a source's second keys these are. */
  async function generationsOf(
    source: ImportSource,
    index: number,
    wanted: readonly Felt[],
  ): Promise<ReadonlyMap<Felt, number>> {
    return withKeys(source, ({ derives, guardian }) => {
      const found = new Map<Felt, number>()
      if (!derives) return found
      for (let generation = 0; generation < GENERATIONS && found.size < new Set(wanted).size; generation += 1) {
        const key = publicKey(guardian(index, generation))
        if (wanted.includes(key)) found.set(key, generation)
      }
      return found
    })
  }

  function takenAt(
    keys: SourceKeys,
    index: number,
    address: Address,
    there: { readonly classHash: ClassHash; readonly guardian: Felt },
    all: readonly AccountRecord[],
  ): NewAccount {
    const generations = keys.derives && there.guardian !== '0x0' ? GENERATIONS : 1
    const generation = Array.from({ length: generations }, (_, at) => at).find(
      (at) => publicKey(keys.guardian(index, at)) === there.guardian,
    )
    return newAccount({
      owner: keys.ownerOf(index),
      ownerKey: keys.owner(index),
      guardianKeys: secondKeys(keys, index, generation ?? 0),
      classHash: there.classHash,
      address,
      ...placeAfter(all, 0),
    })
  }
}

/** Up to the one that the chain has. A random one is the first of its kind, whatever that is. */
function secondKeys({ derives, guardian }: SourceKeys, index: number, generation: number): readonly PrivateKey[] {
  return Array.from({ length: derives ? generation + 1 : 1 }, (_, n) => guardian(index, n))
}

interface SourceKeys {
  readonly count: number
  readonly ownerOf: (index: number) => OwnerKey
  readonly owner: (index: number) => PrivateKey
  readonly guardian: (index: number, generation: number) => PrivateKey
  /** Its second keys can be made again. */
  readonly derives: boolean
}

const NO_GENERATIONS: ReadonlyMap<Felt, number> = new Map()

/** A class as people know it. */
export function classLine(classHash: ClassHash): Line {
  const version = accountVersion(classHash)
  const kind = accountKind(classHash)
  if (kind === 'argent-0.2') return line('class_readyOld')
  if (version === undefined) return line('class_unknown')
  return line(kind === 'openzeppelin' ? 'class_openZeppelin' : 'class_ready', { version: text(version) })
}

/** A person's own name for something; `undefined`: nothing is left of it. */
export function cleanName(typed: string): string | undefined {
  const name = clean(typed.replaceAll(/\s+/g, ' '))
  return name === undefined || [...name].length > 40 ? undefined : name
}

export function isImportRefused(error: unknown): error is ImportRefused {
  return error instanceof Error && (error as Partial<ImportRefused>).kind === 'import'
}
function importRefused(said: Line): ImportRefused {
  return Object.assign(new Error('import refused'), { kind: 'import' as const, line: said })
}

/** Hex of any case, with or without 0x. Never decimal: what is nearly all digits would be read as another key. */
function readKey(typed: string): PrivateKey {
  const digits = /^(?:0x)?([0-9a-f]{1,64})$/i.exec(typed.trim())?.[1]
  const bytes = digits && bytesOf(digits.padStart(64, '0').toLowerCase())
  const key = bytes && privateKeyFrom(bytes)
  if (key === undefined || key === '') throw importRefused(line('err_badKey'))
  return key
}

/** "Account 3": the first number that no account has. */
function freeName(all: readonly AccountRecord[], at: number, words: NameWords): string {
  const names = new Set(all.map(({ name }) => name))
  const nameOf = (n: number) => words({ key: 'name_account', n })
  const free = Array.from({ length: all.length + at + 1 }, (_, n) => nameOf(n + 1)).filter((it) => !names.has(it))
  return free[at] ?? nameOf(all.length + at + 1)
}
function freeSessionName(all: readonly AccountRecord[], words: NameWords): string {
  const names = new Set(all.map(({ name }) => name))
  const first = words({ key: 'name_session' })
  const more = Array.from({ length: all.length + 1 }, (_, n) => words({ key: 'name_sessionMore', n: n + 2 }))
  return [first, ...more].find((it) => !names.has(it)) ?? first
}

function notOwner(theirs: Felt, ours: Felt): Line {
  return line('err_notOwner', { theirs: text(theirs), ours: text(ours) })
}

function onlyOne(added: readonly Address[]): Address {
  const [address] = added
  if (address === undefined) throw new Error('nothing was added')
  return address
}
