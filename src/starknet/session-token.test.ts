import fc from 'fast-check'
import { hash, merkle, type TypedData, typedData } from 'starknet'
import { describe, expect, test } from 'vitest'
import { type Address, address, type Felt, felt, type Hash32, P, parseSelector, type Selector } from '../core/felt.ts'
import { type PrivateKey, publicKey, sign, verify } from './curve.ts'
import { poseidon } from './poseidon.ts'
import { selectorOf } from './selector.ts'
import {
  type Authorization,
  authorizationFelts,
  methodKey,
  methodTree,
  placeholderToken,
  readAuthorization,
  type SessionParts,
  sessionHash,
  sessionMessage,
  sessionMetadata,
  sessionToken,
  signerGuid,
  type TokenParts,
  validationGas,
} from './session-token.ts'
import vectors from './vectors/session-token.json' with { type: 'json' }

const keyOf = (hex: string): PrivateKey => Uint8Array.from(Buffer.from(hex.slice(2).padStart(64, '0'), 'hex'))
const OWNER = keyOf(vectors.keys.owner)
const GUARDIAN = keyOf(vectors.keys.guardian)
const SESSION = keyOf(vectors.keys.session)
const SEPOLIA = felt('0x534e5f5345504f4c4941')
const MAIN = felt('0x534e5f4d41494e')
const ACCOUNT = address(vectors.addr_owner_guardian)
const METHODS = vectors.session_in.methods.map(
  (method) => [address(method['Contract Address']), selectorOf(method.selector)] as const,
)
const TREE = methodTree(METHODS)
const SESSION_GUID = signerGuid(publicKey(SESSION))
const V1: SessionParts = {
  chainId: SEPOLIA,
  account: ACCOUNT,
  expiresAt: vectors.session_in.expires,
  root: TREE.root,
  metadata: vectors.session_in.metadata,
  sessionKeyGuid: SESSION_GUID,
}
const SESSION_HASH = sessionHash(V1)
const AUTHORIZATION: Authorization = {
  ownerPublicKey: publicKey(OWNER),
  owner: sign(SESSION_HASH, OWNER),
  guardianPublicKey: publicKey(GUARDIAN),
  guardian: sign(SESSION_HASH, GUARDIAN),
}
const M = sessionMessage(felt(vectors.tx.txHash), SESSION_HASH)
const proofOf = ([contract, selector]: readonly [Address, Selector]) => TREE.proofs.get(methodKey(contract, selector))!
const TOKEN: TokenParts = {
  expiresAt: V1.expiresAt,
  root: V1.root,
  metadata: V1.metadata,
  sessionPublicKey: publicKey(SESSION),
  authorization: AUTHORIZATION,
  session: sign(M, SESSION),
  guardian: sign(M, GUARDIAN),
  proofs: [proofOf(METHODS[0]!), proofOf(METHODS[2]!)],
}

/** The typed data of section 1, as a page would write it. */
function typed(
  parts: Pick<SessionParts, 'chainId' | 'expiresAt' | 'metadata' | 'sessionKeyGuid'>,
  methods: readonly (readonly [string, string])[],
  domain: Record<string, string> = {},
): TypedData {
  return {
    ...(vectors.td as unknown as TypedData), // the file's own types are literal
    domain: { name: 'SessionAccount.session', version: '0x31', chainId: parts.chainId, revision: '1', ...domain },
    message: {
      'Expires At': parts.expiresAt,
      'Allowed Methods': methods.map(([contract, selector]) => ({ 'Contract Address': contract, selector })),
      Metadata: parts.metadata,
      'Session Key': parts.sessionKeyGuid,
    },
  }
}
const theirHash = (data: TypedData, account: Felt) => felt(typedData.getMessageHash(data, account))

const anyAddress = fc.bigInt({ min: 1n, max: 2n ** 251n - 257n }).map((value) => address(value))
const anySelector = fc.bigInt({ min: 0n, max: 2n ** 250n - 1n }).map((v) => parseSelector(felt(v)) as Selector)
const anyMethod = fc.tuple(anyAddress, anySelector)
const ascii = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 70,
})

describe('V1, accepted by class 0.4.0', () => {
  test('public keys and GUIDs', () => {
    expect([OWNER, GUARDIAN, SESSION].map(publicKey)).toEqual(Object.values(vectors.pub))
    expect([OWNER, GUARDIAN, SESSION].map(publicKey).map(signerGuid)).toEqual(Object.values(vectors.guid))
  })

  test('type hashes are those of the written types', () => {
    for (const [text, value] of [
      [vectors.encDomain, vectors.th_domain],
      [vectors.encSession, vectors.th_session],
      [vectors.encAM, vectors.th_am],
    ] as const) {
      expect(felt(hash.getSelectorFromName(text))).toBe(value)
    }
  })

  test('leaves, root and proofs, in the order of the tree', () => {
    expect(TREE.methods).toEqual(METHODS)
    const leaf = ([contract, selector]: readonly [Address, Selector]) =>
      felt(poseidon([BigInt(vectors.th_am), BigInt(contract), BigInt(selector)]))
    expect(METHODS.map(leaf)).toEqual(vectors.leaves)
    expect(TREE.root).toBe(vectors.root)
    expect(METHODS.map(proofOf)).toEqual(vectors.proofs)
  })

  test('metadata hash is that of the Cairo byte array', () => {
    expect(felt(poseidon(vectors.metadata_bytearray.map(BigInt)))).toBe(vectors.metadata_hash)
    expect(sessionToken(TOKEN)[3]).toBe(vectors.metadata_hash)
  })

  test('domain hash, struct hash and session hash, on Sepolia and on mainnet', () => {
    const struct = [vectors.th_session, felt(V1.expiresAt), TREE.root, vectors.metadata_hash, SESSION_GUID]
    expect(felt(poseidon(struct.map(BigInt)))).toBe(vectors.session_struct_hash)
    for (const [chainId, vector] of [
      [SEPOLIA, vectors.SN_SEPOLIA],
      [MAIN, vectors.SN_MAIN],
    ] as const) {
      const message = [0x537461726b4e6574204d657373616765n, vector.domain_hash, ACCOUNT, vectors.session_struct_hash]
      expect(felt(poseidon(message.map(BigInt)))).toBe(vector.session_hash_og)
      expect(sessionHash({ ...V1, chainId })).toBe(vector.session_hash_og)
    }
    expect(SESSION_HASH).toBe('0x34af1696feba31db9c8891479124e5ec71140072be6973844f4d92aa7bbbada')
  })

  test('metadata of nothing, and of 62 letters: two full words and an empty rest', () => {
    expect(sessionHash({ ...V1, metadata: '' })).toBe(
      '0x2d59974c3b7664e18f2cc69f66f5c5c2ac944633eebe953b50e094f101cdd38',
    )
    expect(sessionHash({ ...V1, metadata: 'x'.repeat(62) })).toBe(
      '0x601d5f4b14b4e36a33bbf24c40f34a60efb3115b2c0c8e465a67bb3446e4b29',
    )
  })

  test('authorization, signed owner first', () => {
    expect(authorizationFelts(AUTHORIZATION)).toEqual(vectors.auth)
    expect(readAuthorization(vectors.auth.map((value) => felt(value)))).toEqual(AUTHORIZATION)
  })

  test('what both keys sign, with cache 0 and cache 1', () => {
    expect(M).toBe(vectors.msg_cache0)
    expect(sessionMessage(felt(vectors.tx.txHash), SESSION_HASH, 0)).toBe(vectors.msg_cache0)
    expect(sessionMessage(felt(vectors.tx.txHash), SESSION_HASH, 1)).toBe(vectors.msg_cache1)
  })

  test('the whole token, felt by felt', () => {
    expect(sessionToken(TOKEN)).toEqual(vectors.token_cache0)
  })

  test('the tokens with cache 1 carry our signatures over their M', () => {
    const message = felt(vectors.msg_cache1)
    const signers = [
      ['0x0', publicKey(SESSION), ...Object.values(sign(message, SESSION))],
      ['0x0', publicKey(GUARDIAN), ...Object.values(sign(message, GUARDIAN))],
    ].flat()
    expect(vectors.token_cache1.slice(16, 24)).toEqual(signers)
    expect(vectors.token_cache1_empty.slice(7, 15)).toEqual(signers)
    // Only cache flag, authorization and these signatures differ from the token with cache 0.
    expect(vectors.token_cache1.slice(0, 5)).toEqual(sessionToken(TOKEN).slice(0, 5))
    expect(vectors.token_cache1.slice(24)).toEqual(sessionToken(TOKEN).slice(24))
  })
})

describe('sessionHash', () => {
  test('differential: sessionHash equals starknet.js on 120 sessions', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyMethod, { minLength: 1, maxLength: 3, selector: (method) => method.join() }),
        fc.record({
          chainId: fc.constantFrom(SEPOLIA, MAIN, felt('0x4b4154414e41')),
          expiresAt: fc.nat(2 ** 31 - 1),
          metadata: ascii,
          sessionKeyGuid: fc.bigInt({ min: 0n, max: P - 1n }).map((value) => felt(value)),
        }),
        anyAddress,
        (methods, parts, account) => {
          const tree = methodTree(methods)
          expect(sessionHash({ ...parts, account, root: tree.root })).toBe(
            theirHash(typed(parts, tree.methods), account),
          )
        },
      ),
      { numRuns: 120 },
    )
  })

  test('trap: the version is the felt of the text 1, not the number', () => {
    const methods = vectors.session_in.methods.map((m) => [m['Contract Address'], m.selector] as const)
    expect(theirHash(typed(V1, methods), ACCOUNT)).toBe(SESSION_HASH)
    expect(theirHash(typed(V1, methods, { version: '1' }), ACCOUNT)).not.toBe(SESSION_HASH)
  })

  test('metadata is kept byte for byte: white space and key order are another hash', () => {
    const parsed = JSON.parse(V1.metadata) as Record<string, unknown>
    const spaced = V1.metadata.replaceAll(',', ', ')
    const turned = JSON.stringify(Object.fromEntries(Object.entries(parsed).reverse()))
    const hashes = [V1.metadata, spaced, turned].map((metadata) => sessionHash({ ...V1, metadata }))
    expect(new Set(hashes).size).toBe(3)
  })

  test('trap: a selector in hex is its name, in decimal it is hashed as a name', () => {
    const [contract, selector] = METHODS[0]!
    const { root } = methodTree([METHODS[0]!])
    const ours = sessionHash({ ...V1, root })
    expect(theirHash(typed(V1, [[contract, selector]]), ACCOUNT)).toBe(ours)
    expect(theirHash(typed(V1, [[contract, 'transfer']]), ACCOUNT)).toBe(ours)
    expect(theirHash(typed(V1, [[contract, BigInt(selector).toString()]]), ACCOUNT)).not.toBe(ours)
  })

  test('trap: the same content is the same hash, so a session needs a fresh key to be a fresh session', () => {
    expect(sessionHash({ ...V1 })).toBe(SESSION_HASH)
    expect(sessionHash({ ...V1, sessionKeyGuid: signerGuid(publicKey(OWNER)) })).not.toBe(SESSION_HASH)
  })

  test('refuses: metadata beyond printable ASCII, times that are no whole seconds', () => {
    for (const metadata of ['é', '\u0080', '\n', '\u0001\u0000', '{"projectID":"例え.jp"}']) {
      expect(() => sessionHash({ ...V1, metadata })).toThrow(RangeError)
      expect(() => sessionToken({ ...TOKEN, metadata })).toThrow(RangeError)
    }
    for (const expiresAt of [-1, 1.5, Number.NaN, 2 ** 53]) {
      expect(() => sessionHash({ ...V1, expiresAt })).toThrow(RangeError)
      expect(() => sessionToken({ ...TOKEN, expiresAt })).toThrow(RangeError)
    }
  })
})

describe('methodTree', () => {
  test('trap: order and duplicates do not matter here, because both are gone before the tree is built', () => {
    const turned = methodTree([...METHODS].reverse())
    const doubled = methodTree([...METHODS, METHODS[1]!, METHODS[0]!])
    expect(turned).toEqual(TREE)
    expect(doubled).toEqual(TREE)
    // They would: the same leaves in another order, or twice, have another root.
    const rootOf = (leaves: string[]) => felt(new merkle.MerkleTree(leaves, hash.computePoseidonHash).root)
    expect(rootOf([...vectors.leaves])).toBe(TREE.root)
    // Two in a pair may be swapped, because nodes hash in order of size; across pairs they may not.
    expect(rootOf([vectors.leaves[2]!, vectors.leaves[1]!, vectors.leaves[0]!])).not.toBe(TREE.root)
    expect(rootOf([...vectors.leaves, vectors.leaves[0]!])).not.toBe(TREE.root)
  })

  test('refuses: an empty list', () => {
    expect(() => methodTree([])).toThrow('a session needs a method')
  })

  test('one method is its own root, with an empty proof', () => {
    const tree = methodTree([METHODS[0]!])
    expect(tree.root).toBe(vectors.leaves[0])
    expect([...tree.proofs.values()]).toEqual([[]])
  })

  test('methods are ordered as integers, not as text', () => {
    const small = address('0x9')
    const large = address('0x10')
    const transfer = selectorOf('transfer')
    expect(
      methodTree([
        [large, transfer],
        [small, transfer],
      ]).methods,
    ).toEqual([
      [small, transfer],
      [large, transfer],
    ])
  })

  test('property: every method proves to the root, by the check of the contract, and no other does', () => {
    fc.assert(
      fc.property(fc.array(anyMethod, { minLength: 1, maxLength: 12 }), anyMethod, (methods, stranger) => {
        const tree = methodTree(methods)
        expect(tree.proofs.size).toBe(tree.methods.length)
        for (const method of tree.methods) {
          const proof = tree.proofs.get(methodKey(...method))!
          expect(climb(method, proof)).toBe(tree.root)
          if (!methods.some((known) => known.join() === stranger.join())) {
            expect(climb(stranger, proof)).not.toBe(tree.root)
          }
        }
      }),
      { numRuns: 20 },
    )
  })

  test('differential: roots and proofs of 1 to 33 methods equal those of starknet.js', () => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33]) {
      const methods = Array.from({ length: count }, (_, at) => [address(BigInt(at + 1)), selectorOf('move')] as const)
      const tree = methodTree(methods)
      const leaves = tree.methods.map(([contract, selector]) => leafOf(contract, selector))
      const theirs = new merkle.MerkleTree(leaves, hash.computePoseidonHash)
      expect(tree.root).toBe(felt(theirs.root))
      for (const [at, method] of tree.methods.entries()) {
        const proof = theirs.getProof(leaves[at]!).map((value) => felt(value))
        expect(tree.proofs.get(methodKey(...method))).toEqual(proof)
      }
    }
  })
})

describe('sessionMetadata', () => {
  const policyHash = `0x${'ab'.repeat(32)}` as Hash32

  test('is the exact text of section 1', () => {
    expect(sessionMetadata({ host: 'game.example', origin: 'https://game.example', policyHash })).toBe(
      `{"projectID":"game.example","txFees":[],"latchkey":{"v":1,"origin":"https://game.example","policy":"${policyHash}"}}`,
    )
  })

  test('trap: an international host goes in as punycode, anything else is refused', () => {
    expect(sessionMetadata({ host: 'xn--r8jz45g.jp', origin: 'https://xn--r8jz45g.jp', policyHash })).toContain('xn--')
    for (const bad of ['例え.jp', 'gamé.example', 'a\nb', '']) {
      expect(() => sessionMetadata({ host: bad, origin: 'https://game.example', policyHash })).toThrow(RangeError)
      expect(() => sessionMetadata({ host: 'game.example', origin: bad, policyHash })).toThrow(RangeError)
    }
  })

  test('a quote in a host cannot add a member', () => {
    const host = 'a","latchkey":{},"x":"'
    const parsed = JSON.parse(sessionMetadata({ host, origin: 'https://a', policyHash })) as Record<string, unknown>
    expect(Object.keys(parsed)).toEqual(['projectID', 'txFees', 'latchkey'])
    expect(parsed.projectID).toBe(host)
  })
})

describe('sessionToken', () => {
  test('has 25 + Σ(1 + proof length) felts, and the signatures verify over M', () => {
    const token = sessionToken(TOKEN)
    expect(token).toHaveLength(25 + 3 + 3)
    expect(verify(M, { r: token[18]!, s: token[19]! }, token[17]!)).toBe(true)
    expect(verify(M, { r: token[22]!, s: token[23]! }, token[21]!)).toBe(true)
    expect(verify(SESSION_HASH, { r: token[10]!, s: token[11]! }, token[9]!)).toBe(true)
    expect(verify(SESSION_HASH, { r: token[14]!, s: token[15]! }, token[13]!)).toBe(true)
  })

  test('refuses: no calls, which the chain would accept and charge for', () => {
    expect(() => sessionToken({ ...TOKEN, proofs: [] })).toThrow(RangeError)
  })
})

describe('readAuthorization', () => {
  test('refuses: anything but two Starknet signers', () => {
    const good = authorizationFelts(AUTHORIZATION)
    for (const bad of [
      good.slice(1),
      [...good, felt(0)],
      good.with(0, felt(1)),
      good.with(1, felt(1)),
      good.with(5, felt(4)),
      [],
    ]) {
      expect(() => readAuthorization(bad)).toThrow(RangeError)
    }
  })
})

describe('estimates', () => {
  test('the placeholder is as long as the token it stands for and keeps magic and end', () => {
    const token = sessionToken(TOKEN)
    const placeholder = placeholderToken({ expiresAt: V1.expiresAt, proofLengths: TOKEN.proofs.map((p) => p.length) })
    expect(placeholder).toHaveLength(token.length)
    expect(placeholder.slice(0, 2)).toEqual(token.slice(0, 2))
    expect(new Set(placeholder.slice(2))).toEqual(new Set(['0x0']))
    expect(placeholderToken({ expiresAt: 1, proofLengths: [0] })).toHaveLength(26)
  })

  test('the additions of section 16', () => {
    expect(validationGas({ by: 'session', calls: 1, proofFelts: 0 })).toBe(560_000n)
    expect(validationGas({ by: 'session', calls: 10, proofFelts: 40 })).toBe(1_280_000n)
    expect(validationGas({ by: 'owner', calls: 1 })).toBe(234_000n)
    expect(validationGas({ by: 'ownerAndGuardian', calls: 30 })).toBe(700_000n)
    expect(validationGas({ by: 'owner', calls: 0 })).toBe(220_000n)
  })
})

function leafOf(contract: Address, selector: Selector): string {
  return hash.computePoseidonHashOnElements([vectors.th_am, contract, selector])
}

/** The contract's own check: hash up, the smaller of two first. */
function climb([contract, selector]: readonly [Address, Selector], proof: readonly Felt[]): Felt {
  const pair = (a: bigint, b: bigint) => BigInt(a < b ? hash.computePoseidonHash(a, b) : hash.computePoseidonHash(b, a))
  return felt(proof.reduce((node, sibling) => pair(node, BigInt(sibling)), BigInt(leafOf(contract, selector))))
}
