// What every page of a client has: its buttons, what came of them, and this run's chain and contracts in its own URL.
const given = new URL(location.href).searchParams
export const NODE = `${given.get('node')}/rpc`
export const [TOKEN, GAME] = ['token', 'game'].map((name) => given.get(name))
/** Which of several ways in one library this run is about. */
export const VARIANT = given.get('variant')

document.title = 'Client'
document.body.innerHTML =
  '<h1>Client</h1><p id="state"></p><div id="buttons"></div><ul id="results" aria-label="Results"></ul>'

/** How many acts have not ended. */
window.running = 0

/** @param {string} name @param {() => unknown} act what it answers becomes a line of results, an error too */
export function button(name, act) {
  const element = document.createElement('button')
  element.textContent = name
  element.addEventListener('click', async () => {
    window.running += 1
    let line
    try {
      line = said(await act())
    } catch (error) {
      line = failure(error)
    }
    note(name, line)
    window.running -= 1
  })
  document.getElementById('buttons').append(element)
}

/** A line of results, beside those of buttons. */
export function note(name, line) {
  const element = document.createElement('li')
  element.textContent = `${name}: ${line}`
  document.getElementById('results').append(element)
}

/** What the page knows now. */
export function state(it) {
  document.getElementById('state').textContent = said(it)
}

/** As JSON, where a bigint is hex and nothing is null. */
export function said(it) {
  if (typeof it === 'string') return it
  return JSON.stringify(it ?? null, (_, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value))
}

/** As clients print it: the code where there is one, else the message alone. */
export function failure(error) {
  return `failed ${error?.code ?? ''} ${error?.message ?? error}`.replace('  ', ' ')
}

/** The same acts for every client: a move of the game, a sign-in, a session that may move. */
let steps = 0
export const move = () => ({ contractAddress: GAME, entrypoint: 'move', calldata: ['0x7', ++steps] })
export const SESSION = { duration: 3600, calls: [{ contract_address: GAME, entry_point: ['move'] }] }
export const LOGIN = {
  types: {
    StarknetDomain: ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' })),
    Login: [{ name: 'text', type: 'string' }],
  },
  primaryType: 'Login',
  domain: { name: 'Client', version: '1', chainId: 'SN_SEPOLIA', revision: '1' },
  message: { text: 'Sign in. It costs nothing.' },
}
export const MAINNET = '0x534e5f4d41494e'

async function node(method, params) {
  const answer = await fetch(NODE, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
  return (await answer.json()).result
}

/** SUCCEEDED, or why not: by the chain, not by what the wallet said. */
export async function settled({ transaction_hash }) {
  for (;;) {
    const receipt = await node('starknet_getTransactionReceipt', { transaction_hash })
    if (receipt) return receipt.revert_reason ?? receipt.execution_status
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** What a view of the game answers. */
export const view = (entry_point_selector, ...calldata) =>
  node('starknet_call', { request: { contract_address: GAME, entry_point_selector, calldata }, block_id: 'latest' })

/** Where a player stands. */
export const position = async (player) =>
  (await view('0x334f8ce3b01e25d0b6fe82d0fdb6eb534f3183d7dc5a6bb44d8eb9f676f650c', player)).map(Number).join(',')
