import { type Address, type Felt, felt, P, shortString } from '../core/felt.ts'
import type { Call } from '../core/policy/policy.ts'
import type { UnixSeconds } from '../core/time.ts'
import { keep } from './kept.ts'
import { pedersenList } from './pedersen.ts'
import { poseidon } from './poseidon.ts'
import { selectorOf } from './selector.ts'

/**
 * An outside execution (SNIP-9): calls that an account signs and somebody else sends, once and inside a window. Version 1 is
 * hashed with Pedersen, version 2 with Poseidon; an account keeps one list of used nonces for both (argent-sessions.md 5).
 */
export interface Outside {
  readonly version: 1 | 2
  /** Who may send it; `ANY_CALLER`: anybody. */
  readonly caller: Felt
  /** None of the account's: any felt that it has not used yet. */
  readonly nonce: Felt
  /** The chain takes it strictly between the two. */
  readonly executeAfter: UnixSeconds
  readonly executeBefore: UnixSeconds
}
export interface OutsideOf extends Outside {
  readonly chainId: Felt
  readonly account: Address
  readonly calls: readonly Call[]
}

export const ANY_CALLER = shortString('ANY_CALLER')

/**
 * What the account signs: `typedData.getMessageHash` of the same.
 *
 * @throws RangeError for a time that is no whole number of seconds, or a part outside the field
 * @see outside.test.ts "differential: equals starknet.js"
 */
export function outsideHash(it: OutsideOf): Felt {
  return it.version === 1 ? pedersenHash(it) : poseidonHash(it)
}

/** The same as the typed data that a service or a dApp's library reads. */
export function outsideTypedData({ version, chainId, caller, nonce, executeAfter, executeBefore, calls }: OutsideOf) {
  return version === 1
    ? {
        types: TYPES_1,
        primaryType: 'OutsideExecution',
        domain: { name: NAME, version: '1', chainId },
        message: {
          caller,
          nonce,
          execute_after: hex(executeAfter),
          execute_before: hex(executeBefore),
          calls_len: hex(calls.length),
          calls: calls.map(({ to, selector, calldata }) => ({
            to,
            selector,
            calldata_len: hex(calldata.length),
            calldata: [...calldata],
          })),
        },
      }
    : {
        types: TYPES_2,
        primaryType: 'OutsideExecution',
        domain: { name: NAME, version: '2', chainId, revision: '1' },
        message: {
          Caller: caller,
          Nonce: nonce,
          'Execute After': hex(executeAfter),
          'Execute Before': hex(executeBefore),
          Calls: calls.map(({ to, selector, calldata }) => ({ To: to, Selector: selector, Calldata: [...calldata] })),
        },
      }
}

/** Whether the account has not used this nonce yet: `0x1`. */
export function isNonceFreeCall(account: Address, nonce: Felt): Call {
  return { to: account, selector: selectorOf('is_valid_outside_execution_nonce'), calldata: [nonce] }
}

const NAME = 'Account.execute_from_outside'
const MESSAGE = BigInt(shortString('StarkNet Message'))
const DOMAIN_NAME = BigInt(shortString(NAME))
/** Type hashes (argent-sessions.md 5); outside.test.ts recomputes each. */
const DOMAIN_1 = 0x1bfc207425a47a5dfa1a50a4f5241203f50624ca5fdf5e18755765416b8e288n
const OUTSIDE_1 = 0x11ff76fe3f640fa6f3d60bbd94a3b9d47141a2c96f87fdcfbeb2af1d03f7050n
const CALL_1 = 0xf00de1fccbb286f9a020ba8821ee936b1deea42a5c485c11ccdc82c8bebb3an
const DOMAIN_2 = 0x1ff2f602e42168014d405a94f75e8a93d640751d71d16311266e140d8b0a210n
const OUTSIDE_2 = 0x312b56c05a7965066ddbda31c016d8d05afc305071c0ca3cdc2192c3c2f1f0fn
const CALL_2 = 0x3635c7f2a7ba93844c0d064e18e487f35ab90f7c39d00f186a781fc3f0c2ca9n

const domains = keep<bigint>(4)

function poseidonHash({ chainId, account, caller, nonce, executeAfter, executeBefore, calls }: OutsideOf): Felt {
  const domain = domains(`2 ${chainId}`, () => poseidon([DOMAIN_2, DOMAIN_NAME, 2n, BigInt(chainId), 1n]))
  const hashed = calls.map(({ to, selector, calldata }) =>
    poseidon([CALL_2, BigInt(to), BigInt(selector), poseidon(calldata.map(inField))]),
  )
  const window = [seconds(executeAfter), seconds(executeBefore)]
  const struct = poseidon([OUTSIDE_2, inField(caller), inField(nonce), ...window, poseidon(hashed)])
  return felt(poseidon([MESSAGE, domain, BigInt(account), struct]))
}

function pedersenHash({ chainId, account, caller, nonce, executeAfter, executeBefore, calls }: OutsideOf): Felt {
  const domain = domains(`1 ${chainId}`, () => pedersenList([DOMAIN_1, DOMAIN_NAME, 1n, BigInt(chainId)]))
  const hashed = calls.map(({ to, selector, calldata }) =>
    pedersenList([
      CALL_1,
      BigInt(to),
      BigInt(selector),
      BigInt(calldata.length),
      pedersenList(calldata.map((it) => BigInt(it))),
    ]),
  )
  const struct = pedersenList([
    OUTSIDE_1,
    inField(caller),
    inField(nonce),
    seconds(executeAfter),
    seconds(executeBefore),
    BigInt(calls.length),
    pedersenList(hashed),
  ])
  return felt(pedersenList([MESSAGE, domain, BigInt(account), struct]))
}

function inField(value: Felt): bigint {
  const it = BigInt(value)
  if (it < 0n || it >= P) throw new RangeError('not a felt')
  return it
}

function seconds(time: UnixSeconds): bigint {
  if (!Number.isSafeInteger(time) || time < 0) throw new RangeError('not a time in whole seconds')
  return BigInt(time)
}

const hex = (value: number) => `0x${value.toString(16)}`
const member = (name: string, type: string) => ({ name, type })
const TYPES_1 = {
  StarkNetDomain: [member('name', 'felt'), member('version', 'felt'), member('chainId', 'felt')],
  OutsideExecution: [
    member('caller', 'felt'),
    member('nonce', 'felt'),
    member('execute_after', 'felt'),
    member('execute_before', 'felt'),
    member('calls_len', 'felt'),
    member('calls', 'OutsideCall*'),
  ],
  OutsideCall: [
    member('to', 'felt'),
    member('selector', 'felt'),
    member('calldata_len', 'felt'),
    member('calldata', 'felt*'),
  ],
}
const TYPES_2 = {
  StarknetDomain: [
    member('name', 'shortstring'),
    member('version', 'shortstring'),
    member('chainId', 'shortstring'),
    member('revision', 'shortstring'),
  ],
  OutsideExecution: [
    member('Caller', 'ContractAddress'),
    member('Nonce', 'felt'),
    member('Execute After', 'u128'),
    member('Execute Before', 'u128'),
    member('Calls', 'Call*'),
  ],
  Call: [member('To', 'ContractAddress'), member('Selector', 'selector'), member('Calldata', 'felt*')],
}
