import { PASSWORD } from '../person.ts'
import { EXECUTE, startRelayer } from '../relayer/relayer.ts'
import { expect, test } from './client.ts'

/** The same of each version of @argent/x-sessions: its own page is built from it, and from nothing else of ours but the SDK. */
export function sessionsOf(version: string, moves: number): void {
  test(`unmodified ${version} under a strict policy of the page: one approval, ${moves} transactions, one that a relayer sends; bounds that cannot work and what is over a limit are refused`, async ({
    client,
    kept,
    devnet,
    fixtures,
  }) => {
    test.setTimeout(300_000)
    expect(await client.pressAndAnswer('Connect', 'Connect')).toBe(kept.address)
    expect(await client.pressAndAnswer('Session', 'Allow session', PASSWORD)).toBe('9 felts, true')
    for (let sent = 0; sent < moves; sent += 1) expect(await client.press('Move')).toBe('SUCCEEDED')
    // Its own bounds revert on a cheap call and burn the fee: refused, and the bound that works is named.
    expect(await client.press('Cheap')).toMatch(
      /^Sign session error \(badRequest\) 114 \/transaction\/resource_bounds expected at least [1-9]\d{6} of l2_gas: /,
    )
    expect(await client.press('Enough')).toBe('SUCCEEDED')
    // No token was given to it: the whole of it is refused before the second key signs.
    expect(await client.press('Over')).toBe('Sign session error (limitReached)')
    // Signed by both keys in the page, sent and paid for by somebody else.
    const relayer = await startRelayer(devnet)
    try {
      const invoke = { user_address: kept.address, ...JSON.parse(await client.press('Outside')) }
      const answer = await fetch(relayer.url, {
        method: 'POST',
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: EXECUTE,
          params: {
            transaction: { type: 'invoke', invoke },
            parameters: { version: '0x1', fee_mode: { mode: 'sponsored' } },
          },
        }),
      })
      const { result, error } = (await answer.json()) as { result?: { transaction_hash: string }; error?: object }
      expect(error).toBeUndefined()
      const { provider } = devnet.account
      const receipt = await provider.waitForTransaction(result!.transaction_hash, { retryInterval: 100 })
      expect(receipt.isSuccess()).toBe(true)
      const position = { contractAddress: fixtures.game, entrypoint: 'position', calldata: [kept.address] }
      expect((await provider.callContract(position)).map(Number)).toEqual([70, 71])
    } finally {
      await relayer.stop()
    }
  })
}
