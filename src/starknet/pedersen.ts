import { P } from '../core/felt.ts'
import { combine, point } from './curve.ts'

// Source: docs.starknet.io, "Pedersen hash"; the same points as in starkware-libs/crypto-cpp.
const SHIFT = point(
  0x49ee3eba8c1600700ee1b87eb599f16716b0b1022947733551fde4050ca6804n,
  0x3ca0cfe4b3bc6ddf346d49d06ea0ed34e621062c0e056c1d0405d266e10268an,
)
const A_LOW = point(
  0x234287dcbaffe7f969c748655fca9e58fa8120b6d56eb0c1080d17957ebe47bn,
  0x3b056f100f96fb21e889527d41f4e39940135dd7a6c94cc6ed0268ee89e5615n,
  true,
)
const A_HIGH = point(
  0x4fa56f376c83db33f9dab2656558f3399099ec1de5e3018b7a6932dba8aa378n,
  0x3fa0984c931c9e38113e0c0e47e4401562761f92a7a23b45168f4e80ff5b54dn,
)
const B_LOW = point(
  0x4ba4cc166be8dec764910f75b45f74b40c690c74709e90f3aa372f0bd2d6997n,
  0x40301cf5c1751f4b971e46c4ede85fcac5c59a5ce5ae7c48151f27b24b219cn,
  true,
)
const B_HIGH = point(
  0x54302dcb0e6cc1c6e44cca8f61a63bb2ca65048d53fb325d36ff12c49a58202n,
  0x1b77b3e37d13504b348046268d8ae25ce98ad783c25561a879dcc77e99c2426n,
)
const LOW_BITS = 248n

/**
 * Starknet's Pedersen hash of two felts: x of SHIFT + low 248 bits and high 4 bits of each, times their points.
 *
 * @throws RangeError when a value is not in the field: two inputs would share one hash
 * @see pedersen.test.ts "differential: equals starknet.js"
 */
export function pedersen(a: bigint, b: bigint): bigint {
  const [aLow, aHigh] = split(a)
  const [bLow, bHigh] = split(b)
  return combine([
    [SHIFT, 1n],
    [A_LOW, aLow],
    [A_HIGH, aHigh],
    [B_LOW, bLow],
    [B_HIGH, bHigh],
  ])
}

/** A list, folded from 0 and closed with its length: starknet.js' `computePedersenHashOnElements`. */
export function pedersenList(felts: readonly bigint[]): bigint {
  return [...felts, BigInt(felts.length)].reduce(pedersen, 0n)
}

function split(felt: bigint): readonly [low: bigint, high: bigint] {
  if (felt < 0n || felt >= P) throw new RangeError('not a felt')
  return [felt % 2n ** LOW_BITS, felt >> LOW_BITS]
}
