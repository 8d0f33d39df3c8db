import { createStore, isStarknetWallet } from '@starknet-io/get-starknet-core'
import { StarknetInjectedWallet } from '@starknet-io/get-starknet-wallet-standard'
import { StarknetInjectedWallet as StarknetInjectedWallet6 } from 'get-starknet-wallet-standard-6'
import {
  isStarknetWallet as isStarknetWallet6,
  RequiredStarknetFeatures,
} from 'get-starknet-wallet-standard-6/features'
import { DECLARE } from '../class.js'
import { button, GAME, LOGIN, MAINNET, move, note, position, SESSION, said, settled, state, VARIANT } from '../page.js'

const stores = Array.from({ length: 10 }, () => createStore())
const ours = ({ name }) => name === 'Latchkey'
const wrapped = { injected5: StarknetInjectedWallet, injected6: StarknetInjectedWallet6 }[VARIANT]
const wallet = wrapped ? new wrapped(window.starknet_latchkey) : stores[0].getWallets().find(ours)
const { connect } = wallet.features['standard:connect']
const { request } = wallet.features['starknet:walletApi']
const ask = (type, params) => request(params === undefined ? { type } : { type, params })

const show = () => {
  const [account] = wallet.accounts
  state(account ? { account: account.address, chain: account.chains[0].slice('starknet:'.length) } : {})
}
wallet.features['standard:events'].on('change', (change) => {
  note('change', said(Object.keys(change)))
  show()
})
const raw = ({ entrypoint, calldata }) => ({ contract_address: GAME, entry_point: entrypoint, calldata })

button('Listed', () => stores.map((store) => store.getWallets().filter(ours).length))
button('Features', () => ({
  is: [isStarknetWallet(wallet), isStarknetWallet6(wallet)],
  required: RequiredStarknetFeatures.filter((name) => name in wallet.features).length,
  sessions: wallet.features['latchkey:sessions'],
  chains: wallet.chains,
}))
button('Silent', async () => (await connect({ silent: true })).accounts.length)
button('Connect', async () => (await connect({})).accounts[0].address)
button('Move', async () => {
  const sent = await ask('wallet_addInvokeTransaction', { calls: [raw(move())] })
  return `${await settled(sent)} at ${await position(wallet.accounts[0].address)}`
})
button('Session', async () => (await ask('wallet_requestSession', SESSION)).status)
button('Sign', async () => `${(await ask('wallet_signTypedData', LOGIN)).length} felts`)
button('Declare', async () => settled(await ask('wallet_addDeclareTransaction', DECLARE)))
button('Switch', () => ask('wallet_switchStarknetChain', { chainId: MAINNET }))
button('Permissions', () => ask('wallet_getPermissions'))
button('Disconnect', async () => {
  await wallet.features['standard:disconnect'].disconnect()
  return true
})
button('End', () => ask('wallet_disconnect'))

await connect({ silent: true })
show()
