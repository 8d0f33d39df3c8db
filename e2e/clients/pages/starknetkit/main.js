import { RpcProvider } from 'starknet'
import { connect, disconnect } from 'starknetkit'
import { InjectedConnector } from 'starknetkit/injected'
import { compiledClassHash, contract } from '../class.js'
import { button, failure, LOGIN, move, NODE, note, position, SESSION, settled, state } from '../page.js'

const provider = new RpcProvider({ nodeUrl: NODE })
const latchkey = new InjectedConnector({ options: { id: 'latchkey' } })
// With one connector alone its modal offers no choice and connects at once (dist/Modal-897c4ec2.js:4054).
const connectors = [latchkey, new InjectedConnector({ options: { id: 'argentX' } })]
/** What its events told. */
let now = {}

function follow(it) {
  now = it
  state(it.account ? { account: it.account, chain: `0x${it.chainId.toString(16)}` } : {})
}
latchkey.on('connect', follow)
latchkey.on('change', ({ account = now.account, chainId = now.chainId }) => follow({ account, chainId }))
latchkey.on('disconnect', () => follow({}))

button('Ready', () => latchkey.ready())
/** Nothing waits for it: after a refusal it settles only if its own modal is asked to retry (dist/starknetkit.js:122). */
button('Open', () => {
  connect({ connectors, modalMode: 'alwaysAsk', dappName: 'Client' }).then(
    ({ connector }) => note('Connect', connector.id),
    (error) => note('Connect', failure(error)),
  )
  return true
})
button('Move', async () => {
  const account = await latchkey.account(provider)
  return `${await settled(await account.execute([move()]))} at ${await position(account.address)}`
})
button('Session', async () => (await latchkey.request({ type: 'wallet_requestSession', params: SESSION })).status)
button('Sessions', async () =>
  (await window.starknet_latchkey.request({ type: 'wallet_getSessions' })).map(({ status, paused_by }) => ({
    status,
    paused_by,
  })),
)
button('Sign', async () => {
  const account = await latchkey.account(provider)
  const signature = await account.signMessage(LOGIN)
  return `${signature.length} felts, ${await provider.verifyMessageInStarknet(LOGIN, signature, account.address)}`
})
button('Declare', async () => {
  const account = await latchkey.account(provider)
  return settled(await account.declare({ contract, compiledClassHash }))
})
button('End', async () => {
  await disconnect()
  return true
})
button('Leave', async () => {
  await latchkey.disconnect()
  return true
})

// As its documentation has it for a page that is opened again.
connect({ connectors, modalMode: 'neverAsk' }).catch((error) => note('Again', failure(error)))
