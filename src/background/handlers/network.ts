import { API_VERSIONS, NODE_SPECS } from '../../core/protocol/dapp.ts'
import type { NetworkId, NetworkRecord } from '../../core/records.ts'
import type { Access } from '../access.ts'
import type { Handlers } from '../router.ts'

type Network = Pick<Handlers, 'wallet_requestChainId' | 'wallet_supportedSpecs' | 'wallet_supportedWalletApi'>

export interface NetworkNeeds {
  readonly access: Access
  readonly network: (id: NetworkId) => Promise<NetworkRecord>
  readonly selected: () => Promise<NetworkId>
}

/** Each site has its own network; without a grant it is the wallet's selected one (provider.md 2.2, 4). */
export function networkHandlers({ access, network, selected }: NetworkNeeds): Network {
  return {
    wallet_requestChainId: async ({ origin }) => {
      const grant = await access.seen(origin)
      return (await network(grant?.network ?? (await selected()))).chainId
    },
    wallet_supportedSpecs: async () => NODE_SPECS,
    wallet_supportedWalletApi: async () => API_VERSIONS,
  }
}
