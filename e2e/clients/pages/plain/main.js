import { button, GAME, note, said } from '../page.js'

const wallet = window.starknet_latchkey
const ask = (type, params) => wallet.request(params === undefined ? { type } : { type, params })

for (const name of ['accountsChanged', 'networkChanged', 'sessionsChanged', 'nothing'])
  wallet.on(name, (...args) => note(name, said(args)))

button('First', () => window.first)
button('Connect', () => ask('wallet_requestAccounts'))
button('Silent', () => ask('wallet_requestAccounts', { silent_mode: true }))
button('Chain', () => ask('wallet_requestChainId'))
button('Permissions', () => ask('wallet_getPermissions'))
button('Switch', () => ask('wallet_switchStarknetChain', { chainId: '0x534e5f4d41494e' }))
button('Session', () =>
  ask('wallet_requestSession', { duration: 3600, calls: [{ contract_address: GAME, entry_point: 'move' }] }),
)
button('Move', () =>
  ask('wallet_addInvokeTransaction', {
    calls: [{ contract_address: GAME, entry_point: 'move', calldata: [1, 2] }],
    session: { mode: 'only' },
  }),
)
button('Disconnect', () => ask('wallet_disconnect'))
