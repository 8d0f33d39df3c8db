/**
 * What the chain says of contracts a person is asked about: class, entrypoints, kind of asset, allowances. Only while a
 * person waits; nothing of it is believed from the site (policy.md 3.4).
 */
import { type Address, type ClassHash, type Felt, felt, MAX_U128, type Selector, u256 } from '../core/felt.ts'
import type { Allowance, Pair } from '../core/policy/allowances.ts'
import type { Call } from '../core/policy/policy.ts'
import type { ClassFacts, ResolveFacts } from '../core/policy/resolve.ts'
import type { NetworkId } from '../core/records.ts'
import { MAX_BATCH, type Node, type Nodes, RPC } from '../platform/node.ts'
import { isNodeError } from '../platform/node-error.ts'
import { selectorOf } from '../starknet/selector.ts'
import type { Cold } from './doors.ts'
import { implementationOf } from './proxies.ts'

export interface Contracts {
  /** Absent members: nothing is deployed there. @throws NodeError */
  facts(network: NetworkId, contracts: readonly Address[]): Promise<Readonly<Record<Address, ClassFacts>>>
  /** What contracts in scope may take from the account now, of `tokens` and of the person's list. @throws NodeError */
  allowances(
    network: NetworkId,
    account: Address,
    tokens: readonly Address[],
    spenders: readonly Address[],
  ): Promise<Given>
  /** What each of these may take now; a pair for which the contract gives no answer is left out. @throws NodeError */
  allowancesOf(network: NetworkId, account: Address, pairs: readonly Pair[]): Promise<readonly Allowance[]>
  /** Which of them may take every item of a collection now. @throws NodeError */
  leavesOf(network: NetworkId, account: Address, pairs: readonly ItemPair[]): Promise<readonly ItemLeave[]>
  /** Names and arguments by the contract's own ABI. @throws NodeError */
  describe(network: NetworkId, call: Call): Promise<DescribedCall | undefined>
  /** A token was added to the person's list, or hidden. */
  listChanged(): void
  /** From memory: the name of an entrypoint that was seen in an ABI and hashes to the selector. */
  entrypointName(selector: Selector): string | undefined
}
export interface Given {
  readonly given: ResolveFacts['allowances']
  /** There are more pairs of token and contract than are asked for: of the others nobody knows. */
  readonly isWhole: boolean
}
/** Who may be allowed to take every item of a collection. */
export interface ItemPair {
  readonly collection: Address
  readonly operator: Address
}
export interface ItemLeave extends ItemPair {
  /** The entrypoint that takes the leave back, in the spelling that told of it. */
  readonly setter: Selector
}
export type DescribedCall = NonNullable<ReturnType<ReturnType<Cold>['describeCall']>>

/** SNIP-5 ids; older collections answer to the EVM's. Source: policy.md 3.4. */
const ERC721 = ['0x33eb2f84c309543403fd69f0d0f363781ef06ef6faeb0131ff16ea3175bd943', '0x80ac58cd'].map(felt)
const ERC1155 = ['0x6114a8f75559e1b39fcba08ce02961a1aa082d9256a158dd3e64964e4b1b52', '0xd9b67a26'].map(felt)
/** The two spellings of a leave for all items (policy.md 6.1). */
const LEAVES = [
  { view: 'is_approved_for_all', setter: 'set_approval_for_all' },
  { view: 'isApprovedForAll', setter: 'setApprovalForAll' },
].map(({ view, setter }) => ({ view: selectorOf(view), setter: selectorOf(setter) }))
const KEPT_CLASSES = 64
/** Three requests. */
const MAX_ASKED = 3 * MAX_BATCH

interface KnownClass {
  readonly abi: string
  readonly entrypoints: ClassFacts['entrypoints']
  /** What can be called, also where the class carries no ABI (devnet's own tokens do not). */
  readonly selectors: ReadonlySet<Selector>
}

export interface ContractNeeds {
  readonly nodes: Nodes
  readonly cold: Cold
  /** Every token that the person sees on a network, and those they hid. */
  readonly listed: (network: NetworkId) => Promise<readonly Address[]>
}

export function createContracts({ nodes, cold, listed }: ContractNeeds): Contracts {
  const classes = new Map<ClassHash, KnownClass>()
  const names = new Map<Selector, string>()
  const lists = new Map<NetworkId, Promise<readonly Address[]>>()

  /** Kept, because a call on its way waits for it. */
  const listOf = (network: NetworkId): Promise<readonly Address[]> => {
    const known = lists.get(network)
    if (known !== undefined) return known
    const list = listed(network)
    lists.set(network, list)
    list.catch(() => lists.delete(network))
    return list
  }

  const classOf = async (node: Node, contract: Address): Promise<(KnownClass & { hash: ClassHash }) | undefined> => {
    const hash = (await node.classHashAt(contract)) as ClassHash | undefined
    if (hash === undefined) return undefined
    const known = await learned(
      hash,
      () => node.classAt(contract),
      async () => (await node.selectorsAt(contract)) ?? [],
    )
    return known && { ...known, hash }
  }

  /** What a proxy stands for; a felt that names no class has none. */
  const behind = async (node: Node, impl: ClassHash | undefined): Promise<KnownClass | undefined> =>
    impl === undefined
      ? undefined
      : learned(
          impl,
          () => node.abiOf(impl),
          async () => [],
        )

  const learned = async (
    hash: ClassHash,
    read: () => Promise<string | undefined>,
    selectorsOf: () => Promise<readonly Selector[]>,
  ): Promise<KnownClass | undefined> => {
    const known = classes.get(hash)
    if (known !== undefined) return known
    const abi = await read()
    if (abi === undefined) return undefined
    const parameters = cold().parameters(abi)
    const entrypoints = cold()
      .entrypoints(abi)
      .map(({ name, selector, view }) => {
        const params = parameters.get(selector)
        const kind = view ? ('view' as const) : ('external' as const)
        return { name, selector, kind, ...(params === undefined ? {} : { params }) }
      })
    const bare = entrypoints.length === 0 ? await selectorsOf() : []
    const selectors = new Set([...entrypoints.map(({ selector }) => selector), ...bare])
    if (classes.size >= KEPT_CLASSES) classes.delete(classes.keys().next().value as ClassHash)
    classes.set(hash, { abi, entrypoints, selectors })
    for (const { name, selector } of entrypoints) if (selectorOf(name) === selector) names.set(selector, name)
    return { abi, entrypoints, selectors }
  }

  const assetOf = async (node: Node, contract: Address, known: KnownClass): Promise<ClassFacts['asset']> => {
    const has = (name: string) => known.selectors.has(selectorOf(name))
    const asks = ['supports_interface', 'supportsInterface'].find(has)
    if (asks !== undefined) {
      const supports = async (id: Felt) => {
        const [answer] = await node.call({ to: contract, selector: selectorOf(asks), calldata: [id] }).catch(viewFails)
        return answer === '0x1'
      }
      for (const id of ERC721) if (await supports(id)) return 'erc721'
      for (const id of ERC1155) if (await supports(id)) return 'erc1155'
    }
    return has('transfer') && (has('balance_of') || has('balanceOf')) ? 'erc20' : undefined
  }

  const allowancesOf: Contracts['allowancesOf'] = async (network, account, pairs) => {
    // Beside the node's check, which whoever signs waits for: a worker that was just started has one round less.
    const { node } = await nodes.open(network)
    const answers = await node.callEach(
      pairs.map(({ token, spender }) => ({
        to: token,
        selector: selectorOf('allowance'),
        calldata: [account, spender],
      })),
      isNo,
    )
    return pairs.flatMap(({ token, spender }, at) => {
      const [low, high = '0x0'] = answers[at] ?? []
      if (low === undefined) return []
      if (BigInt(low) > MAX_U128 || BigInt(high) > MAX_U128) throw new RangeError('not a u256')
      return [{ token, spender, amount: u256((BigInt(high) << 128n) + BigInt(low)) }]
    })
  }

  return {
    facts: async (network, contracts) => {
      const node = await nodes.of(network)
      const found: Record<Address, ClassFacts> = {}
      for (const contract of new Set(contracts)) {
        const [own, impl] = await Promise.all([classOf(node, contract), implementationOf(node, contract)])
        if (own === undefined) continue
        const known = joined(own, await behind(node, impl))
        const asset = await assetOf(node, contract, known)
        found[contract] = {
          classHash: own.hash,
          ...(impl === undefined ? {} : { impl }),
          entrypoints: known.entrypoints,
          ...(asset === undefined ? {} : { asset }),
        }
      }
      return found
    },
    allowances: async (network, account, tokens, spenders) => {
      // Those of its limits first: what is left out is what the session is least about.
      const known = new Set([...tokens, ...(await listOf(network))])
      const pairs = [...known].flatMap((token) =>
        [...new Set(spenders)].filter((spender) => spender !== token).map((spender) => ({ token, spender })),
      )
      const asked = pairs.slice(0, MAX_ASKED)
      const found = await allowancesOf(network, account, asked)
      return { given: found.filter(({ amount }) => amount !== '0'), isWhole: asked.length === pairs.length }
    },
    allowancesOf,
    leavesOf: async (network, account, pairs) => {
      const { node } = await nodes.open(network)
      const says = async (to: Address, selector: Selector, operator: Address): Promise<boolean> => {
        const [answer = '0x0'] = await node.call({ to, selector, calldata: [account, operator] }).catch(viewFails)
        return answer !== '0x0'
      }
      const found = await Promise.all(
        pairs.map(async (pair) => {
          const told = await Promise.all(LEAVES.map(({ view }) => says(pair.collection, view, pair.operator)))
          const spelling = LEAVES[told.indexOf(true)]
          return spelling && { ...pair, setter: spelling.setter }
        }),
      )
      return found.filter((it) => it !== undefined)
    },
    describe: async (network, call) => {
      const node = await nodes.of(network)
      const own = await classOf(node, call.to)
      if (own === undefined) return undefined
      if (own.entrypoints.some(({ selector }) => selector === call.selector)) return cold().describeCall(own.abi, call)
      const other = await behind(node, await implementationOf(node, call.to))
      return other && cold().describeCall(other.abi, call)
    },
    listChanged: () => lists.clear(),
    entrypointName: (selector) => names.get(selector),
  }
}

/** What can be called of a proxy: its own, and behind that what its implementation has. */
function joined(own: KnownClass, other: KnownClass | undefined): KnownClass {
  if (other === undefined) return own
  const entrypoints = [...own.entrypoints, ...other.entrypoints.filter(({ selector }) => !own.selectors.has(selector))]
  return { ...own, entrypoints, selectors: new Set([...own.selectors, ...other.selectors]) }
}

/** The contract says no, or has no such view: that is an answer. Silence is not. */
function viewFails(error: unknown): readonly Felt[] {
  if (isNodeError(error) && error.reason === 'rpc' && isNo(error.rpcCode)) return []
  throw error
}
function isNo(code: number | undefined): boolean {
  return code === RPC.contractError || code === RPC.contractNotFound || code === ENTRYPOINT_NOT_FOUND
}
const ENTRYPOINT_NOT_FOUND = 21
