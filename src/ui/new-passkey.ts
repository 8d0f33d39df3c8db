/** Making a passkey: apart from asking one (passkey.ts), because no first paint needs it. */
import type { Passkey, PasskeyProof } from '../core/protocol/ui.ts'
import { askPasskey, bytesOf, ceremony, hexOf, PATIENCE, passkeyError, proofOf, random } from './passkey.ts'

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
