/**
 * Asking an authenticator (WebAuthn, extension PRF): the worker has no `navigator.credentials`, so it is done on a
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

export const PATIENCE = 120_000

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

export async function ceremony(run: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
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

export function proofOf(id: ArrayBuffer, answer: BufferSource): PasskeyProof {
  const bytes =
    answer instanceof ArrayBuffer ? new Uint8Array(answer) : new Uint8Array(answer.buffer, answer.byteOffset)
  const proof = { credentialId: hexOf(id), prf: hexOf(bytes.slice(0, 32).buffer) }
  bytes.fill(0)
  return proof
}

export function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}

export function hexOf(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

export function passkeyError(why: PasskeyFault): PasskeyError {
  return Object.assign(new Error(`passkey: ${why}`), { kind: 'passkey' as const, why })
}
