/**
 * What becomes of a running session when the chain changes beside the wallet: somebody revokes it, replaces the code or the
 * second key, or the node goes. Its page says so within a minute, and nothing is signed on it (approval-ux.md 10 and 17).
 */
import type { Page } from '@playwright/test'
import { guardianKey } from '../../src/cold/phrase.ts'
import { address, felt } from '../../src/core/felt.ts'
import { revokeSessionCall, rotateGuardianCall } from '../../src/starknet/accounts.ts'
import { publicKey } from '../../src/starknet/curve.ts'
import { workerOf } from '../browser.ts'
import { declare, deploy } from '../devnet.ts'
import { cutBefore, standInClock } from '../faults.ts'
import { alone, expect, type Kept, test } from '../kept.ts'
import { to } from '../parts.ts'
import { PHRASE } from '../person.ts'
import { sendFromElsewhere } from '../second-writer.ts'
import { clickFor, request } from '../site.ts'

test.use({ story: 'chain-drift' })
test.describe.configure({ mode: 'default' })

/** s: a node may be so far behind the block in which a session's own second key was set (seen-on-chain.ts). */
const YOUNG = 120
const WITHIN = { timeout: 60_000 }
const AS_SIGNED = /^Asked the chain .*: not revoked, keys and code as signed\.$/

test('chain drift: revoked elsewhere: its page says within a minute that somebody ended it, and it signs nothing', async ({
  kept,
  devnet,
  fixtures,
}) => {
  test.setTimeout(180_000)
  const { page, session, play } = await running(kept, fixtures.game, 'move', ['0x1', '0x2'])
  await seen(kept, session, AS_SIGNED)
  const account = address(kept.address)
  const calls = [revokeSessionCall(account, felt(session.chain.session_hash))]
  await sendFromElsewhere(devnet, { phrase: PHRASE, account, calls })
  await expect(kept.person.page.getByText('Ended on chain by someone else.')).toBeVisible(WITHIN)
  await signsNothing(kept, play, { code: 212, data: { session_id: session.id, status: 'revoked' } })
  await page.close()
})

test('chain drift: class replaced: its page says within a minute that a contract is another one, and it waits for the person', async ({
  kept,
  devnet,
}) => {
  test.setTimeout(180_000)
  const contract = await deploy(devnet, await declare(devnet, 'replaceable'))
  const { page, session, play } = await running(kept, contract, 'play')
  await standInClock(await workerOf(kept.context), YOUNG + 1)
  await seen(kept, session, AS_SIGNED)
  const calls = [to(contract, 'replace', await declare(devnet, 'replacement'))]
  await sendFromElsewhere(devnet, { phrase: PHRASE, account: address(kept.address), calls })
  const says = 'The code of a contract it may call changed: it does not run until you look at it.'
  await expect(kept.person.page.getByText(says)).toBeVisible(WITHIN)
  await signsNothing(kept, play, { code: 212, data: { session_id: session.id, status: 'paused' } })
  await standInClock(await workerOf(kept.context), 0)
  await page.close()
})

test('chain drift: node down: its page says within a minute that nobody could ask, and it goes on when the node is back', async ({
  kept,
  fixtures,
}) => {
  test.setTimeout(180_000)
  const { page, session, play } = await running(kept, fixtures.game, 'move', ['0x1', '0x2'])
  await seen(kept, session, AS_SIGNED)
  kept.node.play('every', cutBefore)
  const says = /^Could not ask the chain; showing this wallet’s record \(.* old\)\.$/
  await expect(kept.person.page.getByText(says)).toBeVisible(WITHIN)
  await signsNothing(kept, play, { code: 163, data: { reason: 'node' } })
  kept.node.mend()
  await expect(kept.person.page.getByText(AS_SIGNED)).toBeVisible(WITHIN)
  expect(await play()).toMatchObject({ result: { transaction_hash: expect.any(String) } })
  await page.close()
})

test('chain drift: guardian changed: its page says within a minute that the second key is another one, and it is over', async () => {
  test.setTimeout(240_000)
  await alone('chromium', async (kept, { devnet, fixtures }) => {
    const { session, play } = await running(kept, fixtures.game, 'move', ['0x1', '0x2'])
    await standInClock(await workerOf(kept.context), YOUNG + 1)
    await seen(kept, session, AS_SIGNED)
    const account = address(kept.address)
    const second = (generation: number) => publicKey(guardianKey(PHRASE, 0, generation))
    const calls = [rotateGuardianCall('argent-0.4.0', account, second(0), second(1))]
    await sendFromElsewhere(devnet, { phrase: PHRASE, account, calls })
    await expect(kept.person.page.getByText('Second key changed: cannot run.')).toBeVisible(WITHIN)
    await signsNothing(kept, play, { code: 212, data: { session_id: session.id, status: 'revoked' } })
  })
})

interface Session {
  readonly id: string
  readonly chain: { readonly session_hash: string }
}

/** Of a site that nobody has seen before, for one action of one contract. */
async function running(kept: Kept, contract: string, action: string, calldata: readonly string[] = []) {
  const page: Page = await kept.visitor()
  const asked = { calls: [{ contract_address: contract, entry_point: action }] }
  const { window, answer } = await clickFor(page, 'wallet_requestSession', asked)
  await kept.person.allowAsAsked(window, 'Allow session')
  const session = (await answer).result as Session
  const calls = [{ contract_address: contract, entry_point: action, calldata }]
  const play = () => request(page, 'wallet_addInvokeTransaction', { calls, session: { mode: 'only', id: session.id } })
  expect(await play()).toMatchObject({ result: { transaction_hash: expect.any(String) } })
  return { page, session, play }
}

/** On the session's page, which stays open. */
async function seen(kept: Kept, { id }: Session, says: RegExp): Promise<void> {
  const { page } = kept.person
  await page.bringToFront()
  await page.goto(`${page.url().split('#')[0]}#/session/${id}`)
  await expect(page.getByText(says)).toBeVisible({ timeout: 30_000 })
}

async function signsNothing(kept: Kept, play: () => Promise<unknown>, told: Record<string, unknown>): Promise<void> {
  kept.node.mark()
  expect(await play()).toMatchObject(told)
  expect(kept.node.added()).toEqual([])
}
