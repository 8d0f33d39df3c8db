// The code of docs/for-dapps.md, run by a story. What stands between two markers stands there word for word.
import { GAME, type Session, TOKEN } from './page.ts'

const said = document.querySelector('#said')
const show = (text: string) => said?.append(Object.assign(document.createElement('li'), { textContent: text }))
const button = (name: string, act: () => Promise<void>) => {
  const it = Object.assign(document.createElement('button'), { textContent: name })
  it.addEventListener('click', () => act().catch((error: Error) => show(`${name}: ${error.message}`)))
  document.querySelector('#buttons')?.append(it)
}
interface Refusal {
  readonly code: number
  readonly data?: { readonly retry_at?: number; readonly reason?: string }
}

/* snippet: find */
const wallet = window.starknet_latchkey
if (wallet === undefined) throw new Error('This page needs the Latchkey extension.')
/* end */

let session: Session

async function connect() {
  /* snippet: connect */
  const [account] = await wallet!.request<string[]>({ type: 'wallet_requestAccounts' })
  show(`connected as ${account}`)
  /* end */
}

async function ask() {
  /* snippet: session */
  session = await wallet!.request<Session>({
    type: 'wallet_requestSession',
    params: {
      duration: 3600,
      reason: 'Play rounds without popups',
      calls: [{ contract_address: GAME, entry_point: ['move', 'buy'], required: true }],
      spend_limits: [{ token: TOKEN, total: '5000000000000000000' }],
    },
  })
  show(`session ${session.status}`)
  /* end */
}

async function move() {
  /* snippet: move */
  const call = { contract_address: GAME, entry_point: 'move', calldata: ['0x1', '0x2'] }
  const { transaction_hash } = await wallet!.request<{ transaction_hash: string }>({
    type: 'wallet_addInvokeTransaction',
    params: { calls: [call], session: { mode: 'only', id: session.id } },
  })
  show(`moved: ${transaction_hash}`)
  /* end */
}

async function tooMuch() {
  /* snippet: refused */
  const call = { contract_address: TOKEN, entry_point: 'transfer', calldata: [GAME, '0x1', '0x0'] }
  try {
    await wallet!.request({
      type: 'wallet_addInvokeTransaction',
      params: { calls: [call], session: { mode: 'only', id: session.id } },
    })
  } catch (error) {
    const { code, data } = error as Refusal
    if (code === 213) show('outside the session: ask wider, or send without a mode')
    else if (code === 214) show(`a limit is reached, again at ${data?.retry_at}`)
    else if (code === 216) show('the wallet is locked')
    else throw error
  }
  /* end */
}

async function end() {
  /* snippet: end */
  await wallet!.request({ type: 'wallet_revokeSession', params: { id: session.id } })
  /* end */
}

/* snippet: events */
wallet.on('accountsChanged', (accounts) => show(accounts === undefined ? 'disconnected' : `account ${accounts[0]}`))
wallet.on('sessionsChanged', (sessions) => {
  for (const { status, meters } of sessions ?? []) show(`${status}, ${meters[0]?.left} left`)
})
/* end */

button('Connect', connect)
button('Ask', ask)
button('Move', move)
button('Too much', tooMuch)
button('End', end)
