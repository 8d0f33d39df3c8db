/**
 * Ceremonies with an authenticator (WebAuthn, extension PRF): the worker has no `navigator.credentials`, so they run on a
 * page. The answer goes to the worker like a password and is kept nowhere here.
 */
import { isKind } from '../core/kind.ts'
import type { Passkey, PasskeyProof } from '../core/protocol/ui.ts'
import type { MessageKey } from '../core/words.ts'

/** `noPrf`: it can sign in, but answers no question that a key could be made of. */
export type PasskeyFault = 'cancelled' | 'noPrf' | 'known'
type PasskeyError = Error & { readonly kind: 'passkey'; readonly why: PasskeyFault }

const SENTENCES: Readonly<Record<PasskeyFault, MessageKey>> = {
  cancelled: 'ui_passkey_cancelled',
  noPrf: 'ui_passkey_noPrf',
  known: 'ui_passkey_known',
}
export function passkeySentence(error: unknown): MessageKey | undefined {
  return isKind(error, 'passkey') ? SENTENCES[(error as PasskeyError).why] : undefined
}

/** The popup closes when the browser's own window takes the focus, and with it the ceremony. */
export function canUsePasskeys(): boolean {
  return 'PublicKeyCredential' in window && document.documentElement.dataset.surface !== 'popup'
}

const PATIENCE = 120_000
const ES256 = -7
const RS256 = -257

/** Makes one on this device; @throws PasskeyError */
export async function makePasskey(
  wallet: string,
  known: readonly Passkey[],
): Promise<PasskeyProof & { readonly prfSalt: string }> {
  const salt = random(32)
  const made = await ceremony(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: random(32),
        rp: { name: 'Latchkey' },
        user: { id: random(16), name: wallet, displayName: wallet },
        pubKeyCredParams: [ES256, RS256].map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        excludeCredentials: known.map(({ credentialId }) => ({ type: 'public-key', id: bytesOf(credentialId) })),
        attestation: 'none',
        timeout: PATIENCE,
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  )
  const { prf } = made.getClientExtensionResults()
  if (prf?.enabled !== true) throw passkeyError('noPrf')
  const passkey = { credentialId: hexOf(made.rawId), prfSalt: hexOf(salt.buffer), at: 0 }
  const answer = prf.results?.first
  // Many authenticators answer only once they are asked.
  const proof = answer === undefined ? await askPasskey([passkey]) : proofOf(made.rawId, answer)
  return { ...proof, prfSalt: passkey.prfSalt }
}

/** Any one of them; @throws PasskeyError */
export async function askPasskey(passkeys: readonly Passkey[]): Promise<PasskeyProof> {
  const asked = await ceremony(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: random(32),
        allowCredentials: passkeys.map(({ credentialId }) => ({ type: 'public-key', id: bytesOf(credentialId) })),
        userVerification: 'required',
        timeout: PATIENCE,
        extensions: {
          prf: {
            evalByCredential: Object.fromEntries(
              passkeys.map(({ credentialId, prfSalt }) => [
                base64Url(bytesOf(credentialId)),
                { first: bytesOf(prfSalt) },
              ]),
            ),
          },
        },
      },
    }),
  )
  const answer = asked.getClientExtensionResults().prf?.results?.first
  if (answer === undefined) throw passkeyError('noPrf')
  return proofOf(asked.rawId, answer)
}

async function ceremony(run: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const credential = await run()
    if (credential instanceof PublicKeyCredential) return credential
  } catch (error) {
    // Browsers tell "closed", "no such passkey" and "took too long" with one name, on purpose.
    if (error instanceof DOMException && error.name === 'InvalidStateError') throw passkeyError('known')
    if (!(error instanceof DOMException)) throw error
  }
  throw passkeyError('cancelled')
}

function proofOf(id: ArrayBuffer, answer: BufferSource): PasskeyProof {
  const bytes =
    answer instanceof ArrayBuffer ? new Uint8Array(answer) : new Uint8Array(answer.buffer, answer.byteOffset)
  const proof = { credentialId: hexOf(id), prf: hexOf(bytes.slice(0, 32).buffer) }
  bytes.fill(0)
  return proof
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}

function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function passkeyError(why: PasskeyFault): PasskeyError {
  return Object.assign(new Error(`passkey: ${why}`), { kind: 'passkey' as const, why })
}
