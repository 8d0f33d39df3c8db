import { shortText } from '../../core/felt.ts'
import type { NetworkView } from '../../core/protocol/ui.ts'
import type { NetworkRecord } from '../../core/records.ts'
import { BUILT_IN, isBuiltIn, isLoopback, isMainnet, networkName, OTHER_NODES } from '../owners/networks.ts'

/** `open`: a node's whole address may hold a key of its owner's, and is for the person alone. */
export function networkView(row: NetworkRecord, open: boolean): NetworkView {
  const { id, chainId, node, spec, lastBlockAt, chosen } = row
  return {
    id,
    name: networkName(row),
    host: new URL(node).host,
    test: !isMainnet(row),
    local: isLoopback(node),
    ...(open
      ? {
          more: {
            node,
            chain: shortText(chainId) ?? chainId,
            builtIn: isBuiltIn(id),
            chosen: chosen === true,
            ...(spec === undefined ? {} : { spec }),
            ...(lastBlockAt === undefined ? {} : { lastBlockAt }),
            others: othersOf(row),
          },
        }
      : {}),
  }
}

/** The wallet's own nodes for a network, without the one it has. */
function othersOf({ id, node }: NetworkRecord): readonly string[] {
  const own = BUILT_IN.find((it) => it.id === id)?.node
  return [own, OTHER_NODES[id]].filter((it) => it !== undefined && it !== node).map(String)
}
