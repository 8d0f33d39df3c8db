import { type AccountKind, hasSessions, isOwn } from '../core/account.ts'
import { type Address, type ClassHash, type Felt, felt } from '../core/felt.ts'
import type { AccountRecord, OwnAccount } from '../core/records.ts'
import { type Node, RPC } from '../platform/node.ts'
import { isNodeError } from '../platform/node-error.ts'
import { accountKind, getGuardianCall, ownerCalls } from '../starknet/accounts.ts'
import { accountAddress } from '../starknet/deploy.ts'

export interface AccountRead {
  readonly classHash?: ClassHash
  readonly kind: AccountKind
  readonly guardian: Felt
  readonly undeployable?: true
}

/**
 * Class and second key of an account, as its chain has them now. Only classes that are known to have a second key are asked
 * for it.
 *
 * @throws NodeError
 */
export async function readAccount(
  node: Pick<Node, 'classHashAt' | 'call'>,
  account: AccountRecord,
): Promise<AccountRead> {
  const read = await readAddress(node, account.address)
  // It is not there yet: the class it would be deployed with.
  if (read.classHash !== undefined || !isOwn(account)) return read
  return { ...read, kind: accountKind(account.classHash), ...(canDeploy(account) ? {} : { undeployable: true }) }
}

/** What a deployment would make is this account. */
const deployable = new WeakMap<OwnAccount, boolean>()
function canDeploy(account: OwnAccount): boolean {
  const known = deployable.get(account)
  if (known !== undefined) return known
  let can = false
  try {
    can = accountAddress(account) === account.address
  } catch (error) {
    // No constructor of this class is known.
    if (!(error instanceof RangeError)) throw error
  }
  deployable.set(account, can)
  return can
}

/** The same for an address alone. @throws NodeError */
export async function readAddress(node: Pick<Node, 'classHashAt' | 'call'>, address: Address): Promise<AccountRead> {
  const classHash = await node.classHashAt(address)
  if (classHash === undefined) return { kind: 'unknown', guardian: NONE }
  const kind = accountKind(classHash)
  // A class hash as the chain answers it.
  const read = { classHash: classHash as ClassHash, kind }
  if (!hasSessions(kind) && kind !== 'argent-0.3') return { ...read, guardian: NONE }
  try {
    const [guardian = NONE] = await node.call(getGuardianCall(address))
    return { ...read, guardian }
  } catch (error) {
    // `argent/multiple-guardians`: this wallet never sets several, so they are another's.
    if (kind === 'argent-0.5.0' && isNodeError(error) && error.rpcCode === RPC.contractError)
      return { ...read, guardian: SEVERAL }
    throw error
  }
}

/**
 * Whose it is by its own answer; `undefined`: nobody answers, so nothing is known.
 *
 * @throws NodeError
 */
export async function readOwner(
  node: Pick<Node, 'call'>,
  kind: AccountKind,
  address: Address,
): Promise<Felt | undefined> {
  for (const call of ownerCalls(kind, address)) {
    try {
      const [owner] = await node.call(call)
      if (owner !== undefined && owner !== NONE) return owner
    } catch (error) {
      // No such entrypoint, or several owners.
      if (!isNodeError(error) || error.reason !== 'rpc') throw error
    }
  }
  return undefined
}

const NONE = felt(0)
/** No public key: 5 is the x of no point of the curve. */
const SEVERAL = felt(5)
