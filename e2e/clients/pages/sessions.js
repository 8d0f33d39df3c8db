import { installCosignerFetch } from '../../../src/sdk/index.ts'
import { button, GAME, NODE } from './page.js'

const CHAIN = '0x534e5f5345504f4c4941'
const STRK = '0x04718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'

/**
 * A page of @argent/x-sessions, the same for its versions: the library's own steps in their order, and nothing of it changed.
 *
 * @param {typeof import('@argent/x-sessions')} library
 * @param {typeof import('starknet')} starknet
 * @param {object} node what the library has to be told of a node that is newer than it
 */
export function page(library, { ec, encode, RpcProvider, CallData }, node = {}) {
  const argentSessionServiceBaseUrl = installCosignerFetch()
  /** What the wallet said when it refused: the library keeps its word alone. */
  let told
  const answering = window.fetch
  window.fetch = async (...asked) => {
    const answer = await answering(...asked)
    if (!answer.ok) told = (await answer.clone().json()).error
    return answer
  }
  const provider = new RpcProvider({ nodeUrl: NODE, ...node })
  const privateKey = encode.addHexPrefix(encode.buf2hex(ec.starkCurve.utils.randomPrivateKey()))
  const sessionKey = { privateKey, publicKey: ec.starkCurve.getStarkKey(privateKey) }
  const wallet = window.starknet_latchkey
  let address
  let session
  let account

  const ended = async ({ transaction_hash }) =>
    (await provider.waitForTransaction(transaction_hash, { retryInterval: 300 })).execution_status
  const call = (contractAddress, entrypoint, ...calldata) => ({
    contractAddress,
    entrypoint,
    calldata: CallData.compile(calldata),
  })
  /** Versions of starknet.js have amounts as a bigint or as hex. */
  const typed = (amount, like) => (typeof like === 'bigint' ? BigInt(amount) : `0x${BigInt(amount).toString(16)}`)
  /** Of the co-signer's refusal: what the library throws, and its cause. */
  const refused = (error) => `${error.message} (${error.cause})`

  button('Connect', async () => {
    ;[address] = await wallet.request({ type: 'wallet_requestAccounts' })
    return address
  })
  button('Session', async () => {
    const sessionRequest = library.createSessionRequest({
      chainId: CHAIN,
      sessionParams: {
        sessionKey,
        allowedMethods: [
          { 'Contract Address': GAME, selector: 'move' },
          { 'Contract Address': GAME, selector: 'doAction' },
          { 'Contract Address': STRK, selector: 'transfer' },
        ],
        expiry: BigInt(Math.floor(Date.now() / 1000) + 3_600),
        metaData: { projectID: 'chess', txFees: [] },
      },
    })
    const authorisationSignature = await wallet.request({
      type: 'wallet_signTypedData',
      params: sessionRequest.sessionTypedData,
    })
    session = await library.createSession({ address, authorisationSignature, sessionRequest, chainId: CHAIN })
    account = await library.buildSessionAccount({ session, sessionKey, provider, argentSessionServiceBaseUrl })
    return `${authorisationSignature.length} felts, ${library.verifySession({ session, sessionKey })}`
  })
  let moves = 0
  button('Move', () => {
    moves += 1
    return account.execute([call(GAME, 'move', moves, moves + 1), call(GAME, 'doAction', moves)]).then(ended, refused)
  })
  /** One cheap call with the library's own bounds, which are too low for it (argent-sessions.md 16). */
  let cheap = 0
  const cheapCall = () => [call(GAME, 'doAction', ++cheap)]
  button('Cheap', async () => {
    const why = await account.execute(cheapCall()).then(ended, refused)
    return `${why} ${told?.code ?? ''} ${told?.data?.at ?? ''} ${told?.data?.why ?? ''}`.trim()
  })
  /** The same with the bound that the refusal named. */
  button('Enough', async () => {
    const calls = cheapCall()
    const [, least] = /at least (\d+) of l2_gas/.exec(told.data.why)
    const { resourceBounds } = await account.estimateInvokeFee(calls)
    const { max_price_per_unit } = resourceBounds.l2_gas
    const bounds = { ...resourceBounds, l2_gas: { max_amount: typed(least, max_price_per_unit), max_price_per_unit } }
    return account.execute(calls, { resourceBounds: bounds }).then(ended, refused)
  })
  button('Over', () => account.execute([call(STRK, 'transfer', '0xabc', 1, 0)]).then(ended, refused))
  /** Signed here and sent by whoever has it. */
  button('Outside', async () => {
    const { outsideExecutionTypedData: typed_data, signature } = await library
      .createOutsideExecutionTypedData({
        session,
        sessionKey,
        calls: [call(GAME, 'move', 70, 71)],
        argentSessionServiceUrl: argentSessionServiceBaseUrl,
        network: 'sepolia',
        // Its own default here is 1, with a domain that no account has.
        outsideExecutionParams: { version: '2' },
      })
      .catch((error) => Promise.reject(new Error(refused(error))))
    return { typed_data, signature }
  })
}
