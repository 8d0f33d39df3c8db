/** For tests: the types of an outside execution, version 2, without its domain's (SNIP-9). */
export const OUTSIDE_TYPES = {
  OutsideExecution: [
    { name: 'Caller', type: 'ContractAddress' },
    { name: 'Nonce', type: 'felt' },
    { name: 'Execute After', type: 'u128' },
    { name: 'Execute Before', type: 'u128' },
    { name: 'Calls', type: 'Call*' },
  ],
  Call: [
    { name: 'To', type: 'ContractAddress' },
    { name: 'Selector', type: 'selector' },
    { name: 'Calldata', type: 'felt*' },
  ],
}

/** Sessions as older libraries wrote them (seeds.md 8). */
export function pluginSession(it: {
  readonly expires: number
  readonly policies: readonly { readonly contractAddress: string; readonly selector: string }[]
}) {
  return {
    primaryType: 'Session',
    domain: { chainId: 'SN_SEPOLIA' },
    types: {
      StarkNetDomain: [{ name: 'chainId', type: 'felt' }],
      Policy: [
        { name: 'contractAddress', type: 'felt' },
        { name: 'selector', type: 'selector' },
      ],
      Session: [
        { name: 'key', type: 'felt' },
        { name: 'expires', type: 'felt' },
        { name: 'root', type: 'merkletree', contains: 'Policy' },
      ],
    },
    message: { key: '0x3003', expires: it.expires, root: it.policies },
  }
}

export function offchainSession(it: {
  readonly account: string
  readonly expires: number
  readonly token: string
  readonly methods: readonly { readonly contractAddress: string; readonly method: string }[]
}) {
  const felts = (...names: readonly string[]) => names.map((name) => ({ name, type: 'felt' }))
  return {
    primaryType: 'Session',
    domain: { name: 'ArgentSession', chainId: 'SN_SEPOLIA', version: '1' },
    types: {
      StarkNetDomain: felts('name', 'chainId', 'version'),
      u256: felts('low', 'high'),
      TokenSpending: [...felts('tokenAddress'), { name: 'maximumAmount', type: 'u256' }],
      AllowedMethod: felts('contractAddress', 'method'),
      Session: [
        ...felts('accountAddress', 'sessionKey', 'expirationTime'),
        { name: 'gasFees', type: 'TokenSpending' },
        { name: 'allowedMethods', type: 'AllowedMethod*' },
      ],
    },
    message: {
      accountAddress: it.account,
      sessionKey: '0x3003',
      expirationTime: it.expires,
      gasFees: { tokenAddress: it.token, maximumAmount: { low: '5', high: '1' } },
      allowedMethods: it.methods,
    },
  }
}
