/**
 * The ways into the vault: each slot wraps the same vault key under another key, the password's or a passkey's
 * (security.md 7.2). A slot's own fields are part of what its key is bound to, so a cheaper or a swapped one does not open.
 */
import { canonicalJson } from '../../core/canonical.ts'
import type { Passkey, PasskeyProof } from '../../core/protocol/ui.ts'
import { exact, integer, literal, type Output, scalar, time, variant } from '../../core/schema.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { COSTS, deriveKey, isAcceptedKdf, type KdfParams, newKdf } from '../../platform/password-key.ts'
import { bytesOf, hexOf, hkdf, open, type Sealed, seal, wipe } from '../../platform/secret-box.ts'

export const hex = (bytes?: number) =>
  scalar<string>(
    (it) => (typeof it === 'string' && bytesOf(it)?.length === (bytes ?? it.length / 2) ? it : undefined),
    'lowercase hex',
  )
/** What an authenticator calls its credential: WebAuthn allows up to 1,023 bytes. */
export const credentialId = scalar<string>(
  (it) =>
    typeof it === 'string' && it.length >= 2 && it.length <= 2_046 && bytesOf(it) !== undefined ? it : undefined,
  'the id of a credential',
)
export const passwordSlot = exact({
  kind: literal('password'),
  kdf: literal('scrypt'),
  N: integer(1, 2 ** 30),
  r: integer(1, 2 ** 10),
  p: integer(1, 2 ** 10),
  salt: hex(32),
  iv: hex(12),
  ct: hex(48),
})
const passkeySlot = exact({
  kind: literal('passkey'),
  credentialId,
  prfSalt: hex(32),
  at: time,
  iv: hex(12),
  ct: hex(48),
})
export const slot = variant('kind', [passwordSlot, passkeySlot])
export type PasswordSlot = Output<typeof passwordSlot>
export type PasskeySlot = Output<typeof passkeySlot>
export type Slot = PasswordSlot | PasskeySlot

/** The key of a password and how it was made. */
export interface Kek {
  readonly key: Uint8Array
  readonly params: KdfParams
}

/** A machine that is faster than this at the first cost takes the second, ms. */
const QUICK_MS = 300

export async function newKek(
  password: string,
  needs: { readonly random: (length: number) => Uint8Array; readonly ticks: () => number },
): Promise<Kek> {
  for (const cost of COSTS) {
    const params = newKdf(cost, needs.random(32))
    const start = needs.ticks()
    const key = await deriveKey(password, params)
    if (cost === COSTS[1] || needs.ticks() - start >= QUICK_MS) return { key, params }
    wipe(key)
  }
  throw new Error('no cost to take') // `COSTS` has two and more.
}

export async function wrapWithPassword({ key, params }: Kek, vmk: Uint8Array, vaultId: string): Promise<PasswordSlot> {
  const { kdf, N, r, p, salt } = params
  const head = { kind: 'password', kdf, N, r, p, salt: hexOf(salt) } as const
  return { ...head, ...hexed(await seal(key, vmk, slotFields(head, vaultId))) }
}

/** @param made what the ceremony of a screen brought: the credential, its salt and the answer to that salt */
export async function wrapWithPasskey(
  made: PasskeyProof & { readonly prfSalt: string },
  at: UnixSeconds,
  vmk: Uint8Array,
  vaultId: string,
): Promise<PasskeySlot> {
  const head = { kind: 'passkey', credentialId: made.credentialId, prfSalt: made.prfSalt, at } as const
  const key = passkeyKek(made, made.prfSalt)
  try {
    return { ...head, ...hexed(await seal(key, vmk, slotFields(head, vaultId))) }
  } finally {
    wipe(key)
  }
}

/** @throws RangeError for parameters that `isDear` refuses */
export async function openWithPassword(
  password: string,
  it: PasswordSlot,
  vaultId: string,
): Promise<Uint8Array | undefined> {
  const key = await deriveKey(password, kdfOf(it))
  try {
    return await open(key, sealedOf(it), slotFields(it, vaultId))
  } finally {
    wipe(key)
  }
}

export async function openWithPasskey(
  proof: PasskeyProof,
  it: PasskeySlot,
  vaultId: string,
): Promise<Uint8Array | undefined> {
  const key = passkeyKek(proof, it.prfSalt)
  try {
    return await open(key, sealedOf(it), slotFields(it, vaultId))
  } finally {
    wipe(key)
  }
}

/** Stored parameters are refused before any work is done with them. */
export function isAcceptedSlot(it: PasswordSlot): boolean {
  return isAcceptedKdf(kdfOf(it))
}

export function passkeyOf({ credentialId, prfSalt, at }: PasskeySlot): Passkey {
  return { credentialId, prfSalt, at }
}

export function hexed({ iv, ct }: Sealed): { readonly iv: string; readonly ct: string } {
  return { iv: hexOf(iv), ct: hexOf(ct) }
}

export function sealedOf({ iv, ct }: { readonly iv: string; readonly ct: string }): Sealed {
  return { iv: unhexed(iv), ct: unhexed(ct) }
}

export function unhexed(text: string): Uint8Array {
  const bytes = bytesOf(text)
  if (bytes === undefined) throw new RangeError('not hex') // Decoded before.
  return bytes
}

function passkeyKek({ prf }: PasskeyProof, prfSalt: string): Uint8Array {
  const answer = unhexed(prf)
  try {
    return hkdf(answer, unhexed(prfSalt), 'latchkey/v1/passkey', 32)
  } finally {
    wipe(answer)
  }
}

function kdfOf({ kdf, N, r, p, salt }: PasswordSlot): KdfParams {
  return { kdf, N, r, p, salt: unhexed(salt) }
}

type Head<S> = S extends Slot ? Omit<S, 'iv' | 'ct'> : never
function slotFields(slot: Head<Slot> | Slot, vaultId: string): readonly string[] {
  const { iv: _iv, ct: _ct, ...head } = slot as Slot // Without them in any case.
  return ['latchkey/1', vaultId, canonicalJson(head)]
}
