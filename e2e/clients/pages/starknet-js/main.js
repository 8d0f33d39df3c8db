import {
  CairoUint256,
  CallData,
  Contract,
  RpcProvider,
  WalletAccount,
  WalletAccountV5,
  WalletAccountV6,
} from 'starknet'
import { compiledClassHash, contract } from '../class.js'
import { button, GAME, LOGIN, MAINNET, move, NODE, position, SESSION, settled, state, VARIANT } from '../page.js'

const Account = { WalletAccount, WalletAccountV5, WalletAccountV6 }[VARIANT]
const provider = new RpcProvider({ nodeUrl: NODE })
const wallet = VARIANT === 'WalletAccount' ? window.starknet_latchkey : registered()
const api = wallet.features?.['starknet:walletApi'] ?? wallet
let account

/** What the wallet standard lists, by its own events alone. */
function registered() {
  const found = []
  const detail = Object.freeze({ register: (it) => found.push(it) })
  window.dispatchEvent(new CustomEvent('wallet-standard:app-ready', { detail }))
  return found.find(({ name }) => name === 'Latchkey')
}

const show = async () => state(account ? { account: account.address, chain: await provider.getChainId() } : {})
const follow = (it) => {
  account = it
  if (VARIANT === 'WalletAccount') {
    account.onAccountChange((accounts) => {
      if (!accounts) account = undefined
      show()
    })
    account.onNetworkChanged(() => show())
  } else
    account.onChange(({ accounts }) => {
      if (accounts?.length === 0) account = undefined
      show()
    })
  return show()
}

button('Connect', async () => {
  await follow(await Account.connect(provider, wallet))
  return account.address
})
button('Move', async () => `${await settled(await account.execute(move()))} at ${await position(account.address)}`)
button('Every form', async () => {
  const { abi } = await provider.getClassAt(GAME)
  const game = new Contract({ abi, address: GAME, providerOrAccount: provider })
  const long = 'A text that is longer than one felt can be: two words and a rest.'
  const call = (entrypoint, calldata) => ({ contractAddress: GAME, entrypoint, calldata })
  const sent = await account.execute([
    { contractAddress: BigInt(GAME), entrypoint: 'reset' },
    call('move', ['0x0A', '12']),
    call('move', { x: 5n, y: true }),
    call('doAction', ['jump']),
    call('say', [long]),
    call('place', [[{ kind: 'sword', x: 1, y: 2n, weight: new CairoUint256(3n) }]]),
    call('place', CallData.compile([[{ kind: 1, x: 2, y: 3, weight: { low: 4, high: 0 } }]])),
    game.populate('move', { x: 21n, y: 22 }),
  ])
  const [outcome, me] = [await settled(sent), account.address]
  const item = await game.item(me, 0)
  return [
    outcome,
    await position(me),
    await game.said(me),
    await game.placed(me),
    item.weight,
    long === (await game.said(me)),
  ]
    .map(String)
    .join(' | ')
})
button('Sign', async () => {
  const signature = await account.signMessage(LOGIN)
  return `${signature.length} felts, ${await provider.verifyMessageInStarknet(LOGIN, signature, account.address)}`
})
button('Session', async () => (await api.request({ type: 'wallet_requestSession', params: SESSION })).status)
button('Deploy', async () => {
  const classHash = await provider.getClassHashAt(GAME)
  const made = await account.deploy({ classHash, constructorCalldata: [], salt: '0x77', unique: true })
  const outcome = await settled(made)
  return `${outcome}, ${BigInt(await provider.getClassHashAt(made.contract_address[0])) === BigInt(classHash)}`
})
button('Declare', async () => settled(await account.declare({ contract, compiledClassHash })))
button('Proof', () => account.executeWithProof(move(), { data: 'AAAA', output: [], proof_facts: ['0x1', '0x2'] }))
button('Switch', () => account.switchStarknetChain(MAINNET))
button('Permissions', () => api.request({ type: 'wallet_getPermissions' }))
button('Disconnect', () =>
  VARIANT === 'WalletAccount'
    ? api.request({ type: 'wallet_disconnect' })
    : wallet.features['standard:disconnect'].disconnect().then(() => true),
)
button('End', () => api.request({ type: 'wallet_disconnect' }))

// As a page does that was connected before: what it is allowed without asking.
if ((await api.request({ type: 'wallet_getPermissions' })).includes('accounts'))
  await follow(await Account.connectSilent(provider, wallet))
else await show()
