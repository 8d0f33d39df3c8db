import { Account, type AccountOptions, type AllowArray, type Call, CallData, type SignerInterface } from 'starknet'
import { malformed, refusal } from './refusal.ts'
import type { Wallet } from './wallet.ts'
import type { SessionInfo } from './wire.ts'

export interface SessionWalletAccountParts extends Pick<AccountOptions, 'provider'> {
  readonly wallet: Wallet
  /** Of the wallet, which holds its key. */
  readonly session: SessionInfo
}

type Details = NonNullable<Parameters<Account['execute']>[1]>
/** What the wallet decides, writes and holds by itself: it would not be what was asked for. */
const THE_WALLETS: readonly (keyof Details)[] = [
  ...(['nonce', 'tip', 'resourceBounds', 'version', 'paymasterData', 'accountDeploymentData'] as const),
  ...(['nonceDataAvailabilityMode', 'feeDataAvailabilityMode', 'proof', 'proofFacts'] as const),
]

/**
 * A starknet.js account that acts inside a session whose key the wallet holds. It opens no window: what does not fit is an
 * error 210 to 217, never a question.
 *
 * @example
 * const account = new SessionWalletAccount({ provider, wallet, session })
 * const { transaction_hash } = await account.execute({ contractAddress: game, entrypoint: 'move', calldata: [1, 2] })
 */
export class SessionWalletAccount extends Account {
  readonly #wallet: Wallet
  readonly #id: string

  /** @throws RangeError for a session whose key is not the wallet's */
  constructor({ provider, wallet, session }: SessionWalletAccountParts) {
    if (session.key.held_by !== 'wallet') throw new RangeError('expected a session whose key the wallet holds')
    super({ provider, address: session.account, signer: CALLS_ONLY, cairoVersion: '1' })
    this.#wallet = wallet
    this.#id = session.id
  }

  /**
   * Signed and sent by the wallet, which chooses nonce, tip and bounds: they cannot be given.
   *
   * @throws 210 to 217: it does not fit the session, or that one does not act now; 114 for such a detail
   * @see account.test.ts "never opens a window: every call names its session, and that session only"
   */
  override async execute(calls: AllowArray<Call>, details: Details = {}): Promise<{ transaction_hash: string }> {
    const given = THE_WALLETS.find((name) => details[name] !== undefined)
    if (given !== undefined) throw malformed(`/details/${given}`, 'expected none: the wallet chooses it')
    const params = { calls: [calls].flat().map(written), session: { mode: 'only', id: this.#id } }
    const answer = await this.#wallet.request({ type: 'wallet_addInvokeTransaction', params })
    return answer as { transaction_hash: string }
  }
}

/** Compiled as `Account` would. */
function written({ contractAddress, entrypoint, calldata = [] }: Call) {
  return { contract_address: contractAddress, entry_point: entrypoint, calldata: compiled(calldata) }
}

function compiled(calldata: NonNullable<Call['calldata']>): readonly string[] {
  const isCompiled = Array.isArray(calldata) && '__compiled__' in calldata
  return isCompiled ? (calldata as string[]) : CallData.compile(calldata)
}

const unable = (feature: string) => async (): Promise<never> => {
  throw refusal(210, 'SESSION_UNSUPPORTED', { feature })
}
/** The wallet signs by itself, what it is asked for and nothing else. */
const CALLS_ONLY: SignerInterface = {
  getPubKey: unable('getPubKey'),
  signMessage: unable('signMessage'),
  signTransaction: unable('signTransaction'),
  signDeployAccountTransaction: unable('signDeployAccountTransaction'),
  signDeclareTransaction: unable('signDeclareTransaction'),
}
