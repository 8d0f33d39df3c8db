import { test } from '@playwright/test'
import { Account, shortString } from 'starknet'
import type { Address, Felt } from '../../src/core/felt.ts'
import type { SessionInfo } from '../../src/core/protocol/session-info.ts'
import { publicKey, randomKey, sign } from '../../src/starknet/curve.ts'
import { outsideHash, outsideTypedData } from '../../src/starknet/outside.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import {
  methodKey,
  methodTree,
  readAuthorization,
  sessionMessage,
  sessionToken,
} from '../../src/starknet/session-token.ts'
import { STRK } from '../desk.ts'
import type { Devnet } from '../devnet.ts'
import { alone, expect } from '../kept.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

const HOUR = 3_600
const ANYBODY = shortString.encodeShortString('ANY_CALLER') as Felt

interface Outside {
  readonly Caller: string
  readonly Nonce: string
  readonly 'Execute After': string
  readonly 'Execute Before': string
  readonly Calls: readonly { readonly To: string; readonly Selector: string; readonly Calldata: readonly string[] }[]
}

// A chain of its own: its time is moved by hours. This test is the agent, a process beside the browser.
test('AL-18 CH-6: an agent of its own key pays three times in their slots while no wallet runs, and never a fourth time', async () => {
  test.setTimeout(240_000)
  await alone('chromium', async (kept, { devnet, fixtures }) => {
    const relay = await relayerOf(devnet, kept.address)
    const page = await kept.visitor()
    const begin = await timeOf(devnet)
    const key = randomKey((length) => crypto.getRandomValues(new Uint8Array(length)))
    const agent = { held_by: 'agent', public_key: publicKey(key), label: 'Payroll bot' }
    const pay = { contract_address: STRK, entry_point: 'transfer', calldata: [fixtures.game, '0x3e8', '0x0'] }
    const slot = (n: number) => ({
      calls: [pay],
      not_before: begin + n * 2 * HOUR,
      not_after: begin + (n * 2 + 1) * HOUR,
    })
    const asked = {
      calls: [
        { contract_address: STRK, entry_point: 'transfer' },
        { contract_address: fixtures.game, entry_point: 'move' },
      ],
      spend_limits: [{ token: STRK, total: '3000', recipients: [fixtures.game] }],
      fees: { payer: 'sponsor' },
      duration: 24 * HOUR,
      key: agent,
      schedule: [slot(1), slot(2), slot(3)],
    }
    // There is room for three of them: a fourth is asked of nobody.
    const four = await request(page, 'wallet_requestSession', { ...asked, schedule: [1, 2, 3, 4].map(slot) })
    expect(four).toMatchObject({ code: 215, data: { at: '/schedule/3/calls' } })

    const { window, answer } = await clickFor(page, 'wallet_requestSession', asked)
    await expect(window.getByText(/An agent of .* keeps the key of this session/)).toBeVisible()
    await expect(window.getByText(/3 scheduled calls can be sent in their time/)).toBeVisible()
    for (const n of [1, 2, 3]) await expect(window.getByText(`Scheduled ${n} of 3`)).toBeVisible()
    await expect(window.getByText('Set aside from now on: 0.000000000000001 STRK')).toHaveCount(3)
    await kept.person.allowAsAsked(window, 'Allow session')
    const session = (await answer).result as SessionInfo
    expect(session).toMatchObject({ status: 'active', key: { held_by: 'agent', label: 'Payroll bot' } })
    const scheduled = session.scheduled as unknown as {
      outside_execution: { message: Outside }
      signature: string[]
    }[]
    expect(scheduled).toHaveLength(3)
    expect(spendOf(session)).toEqual({ used: '0', held: '3000', left: '0' })

    // While the wallet runs the agent's own signature gets its second half through the page, and no window opens.
    const windows = windowsFrom(page)
    const live = await liveOf(devnet, session, key)
    const move = live([{ to: felt(fixtures.game), selector: selectorOf('move'), calldata: ['0x1', '0x2'] as Felt[] }])
    const cosigned = await request(page, 'wallet_cosignSession', move.params)
    expect(await relay(move.message, move.signature(cosigned.result as Felt[]))).toBe('SUCCEEDED')
    const fourth = live([{ to: felt(STRK), selector: selectorOf('transfer'), calldata: pay.calldata.map(felt) }])
    expect(await request(page, 'wallet_cosignSession', fourth.params)).toMatchObject({
      code: 214,
      data: { limit: 'spend' },
    })
    expect((await request(page, 'wallet_requestSession', asked)).result).toMatchObject({
      id: session.id,
      scheduled: session.scheduled,
    })
    expect(windows.count()).toBe(0)

    // The browser is closed: from here on there is no wallet.
    const origin = page.url()
    await kept.context.close()
    const before = await balanceOf(devnet, fixtures.game)
    const paid = async () => (await balanceOf(devnet, fixtures.game)) - before
    for (const [index, { outside_execution, signature }] of scheduled.entries()) {
      const { message } = outside_execution
      const { not_before, not_after } = slot(index + 1)
      await devnet.setTime(not_before - 60)
      expect(await relay(message, signature)).toContain('argent/invalid-timestamp')
      await devnet.setTime(index === 0 ? not_before : not_after - 60)
      expect(await relay(message, signature)).toBe('SUCCEEDED')
      expect(await paid()).toBe(1_000n * BigInt(index + 1))
      expect(await relay(message, signature)).toContain('argent/duplicated-outside-nonce')
      // What was signed is good for nothing else.
      const [call] = message.Calls
      for (const changed of [
        { ...message, Nonce: '0x77' },
        { ...message, Nonce: '0x77', 'Execute Before': `0x${(begin + 99 * HOUR).toString(16)}` },
        { ...message, Nonce: '0x77', Calls: [{ ...call!, Calldata: [fixtures.game, '0x7d0', '0x0'] }] },
      ])
        expect(await relay(changed, signature)).toContain('argent/invalid-owner-sig')
    }
    expect(await paid()).toBe(3_000n)

    // It is there again, and finds on the chain what was done.
    await kept.restart()
    await kept.person.unlock()
    const back = await kept.site.open(origin)
    await expect
      .poll(async () => {
        const { result } = await request(back, 'wallet_getSessions', {})
        return (result as SessionInfo[] | undefined)?.map(spendOf)
      })
      .toEqual([{ used: '3000', held: '0', left: '0' }])
  })
})

function spendOf({ meters }: SessionInfo) {
  const { used, held, left } = meters.find(({ id }) => id.startsWith('spend:'))!
  return { used, held, left }
}

/** Another account of this chain, which sends what it is handed and pays for it: what became of it, in words. */
async function relayerOf({ rpc, account: { provider } }: Devnet, wallet: string) {
  const [, second] = await rpc<{ address: string; private_key: string }[]>('devnet_getPredeployedAccounts')
  const account = new Account({ provider, address: second!.address, signer: second!.private_key })
  const { l1_gas_price, l2_gas_price, l1_data_gas_price } = await rpc<Record<string, { price_in_fri: string }>>(
    'starknet_getBlockWithTxHashes',
    { block_id: 'latest' },
  )
  const bound = (max_amount: bigint, price: { price_in_fri: string } | undefined) => ({
    max_amount,
    max_price_per_unit: BigInt(price?.price_in_fri ?? 0) * 2n,
  })
  const resourceBounds = {
    l1_gas: bound(0n, l1_gas_price),
    l2_gas: bound(30_000_000n, l2_gas_price),
    l1_data_gas: bound(4_000n, l1_data_gas_price),
  }
  return async (message: Outside, signature: readonly string[]): Promise<string> => {
    const calls = message.Calls.flatMap(({ To, Selector, Calldata }) => [To, Selector, Calldata.length, ...Calldata])
    const window = [message.Caller, message.Nonce, message['Execute After'], message['Execute Before']]
    const calldata = [...window, message.Calls.length, ...calls, signature.length, ...signature].map(String)
    // With bounds of its own it is sent also where it will fail.
    const { transaction_hash } = await account.execute(
      { contractAddress: wallet, entrypoint: 'execute_from_outside_v2', calldata },
      { resourceBounds, tip: 0n },
    )
    const receipt = await provider.waitForTransaction(transaction_hash, { retryInterval: 50 })
    return receipt.isReverted() ? receipt.value.revert_reason : 'SUCCEEDED'
  }
}

/** The agent's half, over what anybody may send within half an hour. */
async function liveOf(devnet: Devnet, session: SessionInfo, key: Uint8Array) {
  const now = await timeOf(devnet)
  const chain = session.chain!
  const { root, proofs } = methodTree(
    chain.allowed_methods.map((it) => [felt(it.contract_address) as Address, felt(it.selector)] as never),
  )
  let nonce = 0
  return (calls: readonly { readonly to: Felt; readonly selector: Felt; readonly calldata: readonly Felt[] }[]) => {
    nonce += 1
    const outside = {
      version: 2 as const,
      chainId: felt(session.chain_id),
      account: felt(session.account) as Address,
      caller: ANYBODY,
      nonce: `0xa${nonce}` as Felt,
      executeAfter: 1,
      executeBefore: now + 1_800,
      calls: calls as never,
    }
    const data = outsideTypedData(outside) as unknown as { readonly message: Outside }
    const message = sessionMessage(outsideHash(outside), felt(chain.session_hash))
    const mine = sign(message, key)
    const signature = ([, r, s]: readonly Felt[]) =>
      sessionToken({
        expiresAt: chain.expires_at,
        root,
        metadata: chain.metadata,
        sessionPublicKey: publicKey(key),
        authorization: readAuthorization(chain.authorization as Felt[]),
        session: mine,
        guardian: { r: r!, s: s! },
        proofs: calls.map(({ to, selector }) => proofs.get(methodKey(to as Address, selector as never))!),
      })
    const params = { id: session.id, session_signature: [mine.r, mine.s], outside_execution: data }
    return { message: data.message, params, signature }
  }
}

async function timeOf({ rpc }: Devnet): Promise<number> {
  return (await rpc<{ timestamp: number }>('starknet_getBlockWithTxHashes', { block_id: 'latest' })).timestamp
}

async function balanceOf({ account: { provider } }: Devnet, of: string): Promise<bigint> {
  const [low] = await provider.callContract({ contractAddress: STRK, entrypoint: 'balance_of', calldata: [of] })
  return BigInt(low ?? 0)
}

const felt = (value: string) => `0x${BigInt(value).toString(16)}` as Felt
