import type { SessionInfo } from '../../src/sdk/wire.ts'
import { type Agent, startAgent } from '../agent/agent.ts'
import { expect, test } from '../kept.ts'
import { clickFor, request, windowsFrom } from '../site.ts'

test.use({ story: 'key-of-an-agent' })

test('AL-18 an agent, a process that holds its own key, acts through a page while the wallet is locked, inside the limits alone', async ({
  kept,
  devnet,
  fixtures,
}) => {
  await kept.player()
  const page = await kept.visitor()
  const asked: unknown[] = []
  const agent: Agent = await startAgent(`${devnet.url}/rpc`, (params) => {
    asked.push(params)
    return request(page, 'wallet_cosignSession', params)
  })
  try {
    const key = { held_by: 'agent', public_key: agent.publicKey, label: 'Night watch' }
    const calls = [{ contract_address: fixtures.game, entry_point: 'doAction', max_calls: 2 }]
    const { window, answer } = await clickFor(page, 'wallet_requestSession', { calls, key, duration: 3_600 })
    const host = new URL(page.url()).host
    const held = new RegExp(`^An agent of ${host} keeps the key of this session and sends by itself`)
    await expect(window.getByText(held)).toBeVisible()
    await expect(window.getByText('An agent holds the key. A leak lets others use this session.')).toBeVisible()
    await kept.person.allow(window, 'Allow session')
    const session = (await answer).result as SessionInfo
    expect(session).toMatchObject({ status: 'active', backing: 'chain', key })
    agent.use(session)

    const windows = windowsFrom(page)
    const doAction = (n: string) => ({ contractAddress: fixtures.game, entrypoint: 'doAction', calldata: [n] })
    const read = async (entrypoint: string) => {
      const call = { contractAddress: fixtures.game, entrypoint, calldata: [kept.address] }
      return BigInt((await devnet.account.provider.callContract(call))[0]!)
    }
    const acted = async (n: string) => {
      const did = await agent.act([doAction(n)])
      if (!('hash' in did)) throw new Error(JSON.stringify(did.failed))
      const receipt = await devnet.account.provider.waitForTransaction(did.hash)
      expect(receipt.isSuccess()).toBe(true)
      return did.hash
    }
    const first = await acted('0x7')
    expect([await read('last_action'), await read('actions')]).toEqual([7n, 1n])
    // A page alone has no key to sign with: what it makes up is refused.
    const [made] = asked as [{ session_signature: [string, string] }]
    const forged = { ...made, session_signature: [made.session_signature[0], '0x1'] }
    expect(await request(page, 'wallet_cosignSession', forged)).toMatchObject({
      code: 114,
      data: { at: '/session_signature' },
    })

    // Who holds the key, as long as it runs: on the session's page too.
    const { page: home } = kept.person
    const start = home.url()
    await home.goto(`${start.split('#')[0]}#/session/${session.id}`)
    await expect(home.getByText(held)).toBeVisible()
    await home.goto(start)
    await kept.person.lock()
    const second = await acted('0x8')
    expect(second).not.toBe(first)
    expect([await read('last_action'), await read('actions')]).toEqual([8n, 2n])

    // Inside what the chain allows, and above what the person did: the second key does not sign.
    expect(await agent.act([doAction('0x9')])).toMatchObject({ failed: { code: 214, data: { limit: 'usage' } } })
    // What the chain does not allow its key cannot even put into a token.
    const reset = { contractAddress: fixtures.game, entrypoint: 'reset', calldata: [] }
    expect(await agent.act([reset])).toMatchObject({ failed: { code: 213 } })
    expect([await read('last_action'), await read('actions')]).toEqual([8n, 2n])
    await kept.person.unlock()
    expect(windows.count()).toBe(0)
    expect(asked.length).toBeGreaterThanOrEqual(3)
  } finally {
    await agent.stop()
  }
})
