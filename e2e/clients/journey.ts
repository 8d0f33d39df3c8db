import { expect } from '@playwright/test'
import type { Kept } from '../kept.ts'
import { PASSWORD } from '../person.ts'
import { addAccount, type Client } from './client.ts'

const SEPOLIA = '0x534e5f5345504f4c4941'
const MAINNET = '0x534e5f4d41494e'

const normal = (address: string) => `0x${BigInt(address).toString(16)}`

/** What the page says it is connected with; addresses as numbers, because clients print them each in their own way. */
export async function isConnected(client: Client, account?: string, chain = SEPOLIA): Promise<void> {
  const state = async () => {
    const it = JSON.parse((await client.state().innerText()) || '{}')
    return it.account ? { account: normal(it.account), chain: it.chain } : {}
  }
  await expect
    .poll(state, { timeout: 30_000 })
    .toEqual(account === undefined ? {} : { account: normal(account), chain })
}

/** Refused, refused no longer, and still there after F5 without a window. */
export async function connects(
  client: Client,
  kept: Kept,
  refused: string | RegExp,
  connect = () => client.click('Connect'),
): Promise<void> {
  const window = await client.asked(connect)
  await kept.person.refuse(window)
  expect(await client.said('Connect')).toEqual(typeof refused === 'string' ? refused : expect.stringMatching(refused))
  await isConnected(client)
  await kept.person.allow(await client.asked(connect), 'Connect')
  await client.said('Connect')
  await isConnected(client, kept.address)
  await client.reload()
  await isConnected(client, kept.address)
}

/** The person gives the site another account and another network, and takes both back. */
export async function follows(client: Client, kept: Kept): Promise<void> {
  const second = await addAccount(kept)
  await client.move('Account', 'Account 2')
  await isConnected(client, second)
  await client.move('Account', 'Account 1')
  await isConnected(client, kept.address)
  await client.move('Network', 'Mainnet')
  await isConnected(client, kept.address, MAINNET)
  await client.move('Network', 'Devnet')
  await isConnected(client, kept.address)
}

/** By the owner in a window, then by a session without one; what is declared is always asked for. */
export async function moves(client: Client): Promise<void> {
  expect(await client.pressAndAnswer('Move', 'Allow once')).toBe('SUCCEEDED at 7,1')
  expect(await client.pressAndAnswer('Session', 'Allow session', PASSWORD)).toBe('active')
  expect(await client.press('Move')).toBe('SUCCEEDED at 7,2')
  expect(await client.pressAndAnswer('Declare', 'Publish')).toBe('SUCCEEDED')
}
