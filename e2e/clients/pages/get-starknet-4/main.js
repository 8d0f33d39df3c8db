import { connect, disconnect } from '@starknet-io/get-starknet'
import { getStarknet } from '@starknet-io/get-starknet-core'
import { DECLARE } from '../class.js'
import { button, GAME, LOGIN, MAINNET, move, position, SESSION, settled, state } from '../page.js'

let wallet
const ask = (type, params) => wallet.request(params === undefined ? { type } : { type, params })
const show = async () => {
  const [account] = wallet ? await ask('wallet_requestAccounts', { silent_mode: true }) : []
  state(account ? { account, chain: await ask('wallet_requestChainId') } : {})
}
const follow = (it) => {
  wallet = it ?? undefined
  wallet?.on('accountsChanged', show)
  wallet?.on('networkChanged', show)
  return show()
}
const raw = ({ entrypoint, calldata }) => ({ contract_address: GAME, entry_point: entrypoint, calldata })

// The library's own modal: the person picks the wallet there. What it does not show is told.
button('Connect', async () => {
  const picked = await connect({ modalMode: 'alwaysAsk' })
  if (!picked) return 'none'
  await follow(picked)
  const [account] = await ask('wallet_requestAccounts', { silent_mode: true })
  return account ?? 'not connected'
})
button('Listed', async () => (await getStarknet().getAvailableWallets()).map(({ id }) => id))
button('Authorized', async () => (await getStarknet().getAuthorizedWallets()).map(({ id }) => id))
button('Last', async () => (await getStarknet().getLastConnectedWallet())?.id ?? 'none')
button('Move', async () => {
  const sent = await ask('wallet_addInvokeTransaction', { calls: [raw(move())] })
  const [me] = await ask('wallet_requestAccounts', { silent_mode: true })
  return `${await settled(sent)} at ${await position(me)}`
})
button('Session', async () => (await ask('wallet_requestSession', SESSION)).status)
button('Sign', async () => `${(await ask('wallet_signTypedData', LOGIN)).length} felts`)
button('Declare', async () => settled(await ask('wallet_addDeclareTransaction', DECLARE)))
button('Switch', () => ask('wallet_switchStarknetChain', { chainId: MAINNET }))
button('Disconnect', async () => {
  await ask('wallet_disconnect')
  await disconnect({ clearLastWallet: true })
  return true
})

// As a page that was connected before begins: nothing is asked.
await follow(await connect({ modalMode: 'neverAsk' }))
