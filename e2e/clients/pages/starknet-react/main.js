import { devnet, mainnet } from '@starknet-react/chains'
import {
  InjectedConnector,
  jsonRpcProvider,
  StarknetConfig,
  useAccount,
  useConnect,
  useDeclareContract,
  useDisconnect,
  useInjectedConnectors,
  useNetwork,
  useProvider,
  useSendTransaction,
  useSignTypedData,
  useSwitchChain,
  useWalletRequest,
} from '@starknet-react/core'
import { createElement, useEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { DECLARE } from '../class.js'
import { button, LOGIN, MAINNET, move, NODE, position, SESSION, settled, state, VARIANT } from '../page.js'

const latchkey = new InjectedConnector({ options: { id: 'latchkey' } })
/** What the hooks answered at the last drawing. */
let now = {}
/** What `useInjectedConnectors` found at its first look, which is its only one. */
let listed

function Page() {
  const found = useInjectedConnectors({ recommended: [] }).connectors
  const account = useAccount()
  const { chain } = useNetwork()
  now = {
    account,
    ...useConnect(),
    ...useDisconnect(),
    ...useProvider(),
    send: useSendTransaction({}).sendAsync,
    sign: useSignTypedData({}).signTypedDataAsync,
    switchTo: useSwitchChain({}).switchChainAsync,
    declare: useDeclareContract({}).declareAsync,
    request: useWalletRequest({}).requestAsync,
  }
  useEffect(() => {
    if (found.length > 0) listed ??= found.map(({ id }) => id)
  })
  useEffect(() => {
    state(account.address ? { account: account.address, chain: `0x${chain.id.toString(16)}` } : {})
  })
  return null
}

button('Listed', () => listed)
button('Connect', () => now.connectAsync({ connector: latchkey }))
button('Ready', () => latchkey.ready())
button('Move', async () => `${await settled(await now.send([move()]))} at ${await position(now.account.address)}`)
button('Session', async () => (await now.request({ type: 'wallet_requestSession', params: SESSION })).status)
button('Sign', async () => {
  const signature = await now.sign(LOGIN)
  return `${signature.length} felts, ${await now.provider.verifyMessageInStarknet(LOGIN, signature, now.account.address)}`
})
button('Declare', async () => settled(await now.declare(DECLARE)))
button('Switch', () => now.switchTo({ chainId: MAINNET }))
button('Leave', async () => {
  await now.disconnectAsync()
  return true
})
button('End', () => latchkey.request({ type: 'wallet_disconnect' }))

const root = document.body.appendChild(document.createElement('div'))
createRoot(root).render(
  createElement(
    StarknetConfig,
    {
      // The first one is the dApp's own, to which the library switches by itself when it connects.
      chains: VARIANT === 'mainnet' ? [mainnet, devnet] : [devnet, mainnet],
      provider: jsonRpcProvider({ rpc: () => ({ nodeUrl: NODE }) }),
      connectors: [latchkey],
      autoConnect: true,
    },
    createElement(Page),
  ),
)
