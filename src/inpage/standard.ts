/**
 * The same wallet as the wallet standard lists it (provider.md 1.3). It asks and hears through the wallet object, and wakes
 * nobody by being there: events are listened to from the first `connect` or `on`.
 */
import type { Wallet } from './provider.ts'
import { Bytes, freeze } from './taken.ts'

/** The name of its one event among the wallet's, which no page can say. */
const CHANGE = {}
const API = 'starknet:walletApi'

export interface StandardAccount {
  readonly address: string
  readonly publicKey: Uint8Array
  readonly chains: readonly string[]
  readonly features: readonly string[]
}

export interface StandardWallet {
  readonly version: '1.0.0'
  readonly name: string
  readonly icon: string
  readonly chains: readonly string[]
  readonly accounts: readonly StandardAccount[]
  readonly features: {
    readonly 'standard:connect': {
      readonly version: '1.0.0'
      readonly connect: (how?: {
        readonly silent?: boolean
      }) => Promise<{ readonly accounts: readonly StandardAccount[] }>
    }
    readonly 'standard:disconnect': { readonly version: '1.0.0'; readonly disconnect: () => Promise<void> }
    readonly 'standard:events': {
      readonly version: '1.0.0'
      readonly on: (event: string, listener: (changed: object) => void) => () => void
    }
    readonly 'starknet:walletApi': {
      readonly version: '1.0.0'
      readonly id: string
      readonly walletVersion: string
      readonly request: Wallet['request']
    }
    readonly 'latchkey:sessions': { readonly version: '0.1.0' }
  }
}

export function createStandard(
  wallet: Wallet,
  fire: (name: unknown, args: readonly unknown[]) => void,
): StandardWallet {
  let chains: readonly string[] = freeze(['starknet:0x534e5f4d41494e', 'starknet:0x534e5f5345504f4c4941'])
  let accounts: readonly StandardAccount[] = freeze([])
  /** The page said `disconnect`: its accounts are gone, its grant is not. */
  let isAway = false

  /** What the wallet object was told since becomes this one's accounts. */
  const look = async (isNew: boolean) => {
    // The first account, or one that came back: its network may be another one than that of the last.
    if (wallet.isConnected && (isNew || !(isAway || accounts[0])))
      await wallet.request({ type: 'wallet_requestChainId' })
    const address = isAway ? undefined : wallet.selectedAddress
    const chain = `starknet:${wallet.chainId}`
    const known = accounts[0]
    if (known?.address === address && (known === undefined || known.chains[0] === chain)) return
    if (address === undefined) accounts = freeze([])
    else {
      if (!chains.includes(chain)) {
        chains = freeze([...chains, chain])
        fire(CHANGE, [{ chains }])
      }
      accounts = freeze([freeze({ address, publicKey: new Bytes(), chains: freeze([chain]), features: freeze([API]) })])
    }
    fire(CHANGE, [{ accounts }])
  }
  // A network that cannot be asked for now is asked for at the next event.
  const heard = () => void look(false).catch(() => undefined)
  const listen = () => {
    wallet.on('accountsChanged', heard)
    wallet.on('networkChanged', heard)
  }

  const version = '1.0.0'
  return freeze<StandardWallet>({
    version,
    name: wallet.name,
    icon: wallet.icon,
    get chains() {
      return chains
    },
    get accounts() {
      return accounts
    },
    features: freeze<StandardWallet['features']>({
      'standard:connect': freeze({
        version,
        connect: async (how) => {
          listen()
          const params = { silent_mode: how?.silent === true }
          await wallet.request({ type: 'wallet_requestAccounts', params })
          isAway = false
          await look(true)
          return { accounts }
        },
      }),
      'standard:disconnect': freeze({
        version,
        disconnect: () => {
          isAway = true
          return look(false)
        },
      }),
      'standard:events': freeze({
        version,
        on: (event, listener) => {
          if (event === 'change') {
            listen()
            wallet.on(CHANGE, listener)
          }
          return () => wallet.off(CHANGE, listener)
        },
      }),
      [API]: freeze({ version, id: wallet.id, walletVersion: wallet.version, request: wallet.request }),
      'latchkey:sessions': freeze({ version: '0.1.0' }),
    }),
  })
}
