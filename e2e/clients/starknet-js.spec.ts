import { expect, test } from './client.ts'
import { connects, follows, isConnected, moves } from './journey.ts'

test.use({ story: 'starknet-js' })
test.describe.configure({ mode: 'default' })

for (const variant of ['WalletAccount', 'WalletAccountV5', 'WalletAccountV6'])
  test.describe(`starknet.js ${variant}`, () => {
    test.use({ variant })

    test('connects, follows the account and the network, moves by owner and by session, signs, and disconnects', async ({
      client,
      kept,
    }) => {
      test.setTimeout(300_000)
      await connects(client, kept, 'failed 113 An error occurred (USER_REFUSED_OP)')
      await follows(client, kept)
      await moves(client)
      expect(await client.pressAndAnswer('Sign', 'Sign')).toMatch(/^\d+ felts, true$/)
      if (variant === 'WalletAccountV6') {
        // This chain takes no proof: what cannot be sent asks nobody.
        expect(await client.press('Proof')).toBe('failed 163 An error occurred (UNKNOWN_ERROR)')
      }
      await client.pressAndAnswer('Switch', 'Switch')
      await isConnected(client, kept.address, '0x534e5f4d41494e')
      await client.move('Network', 'Devnet')
      await isConnected(client, kept.address)

      expect(await client.press('Disconnect')).toBe('true')
      await isConnected(client)
      if (variant !== 'WalletAccount') {
        // Of this document alone: the grant is still there.
        expect(await client.press('Permissions')).toBe('["accounts"]')
        await client.reload()
        await isConnected(client, kept.address)
        expect(await client.press('End')).toBe('true')
        await isConnected(client)
      }
      await client.reload()
      await isConnected(client)
    })
  })

test.describe('starknet.js', () => {
  test.use({ variant: 'WalletAccount' })

  test('every form of calldata arrives on the chain as it was meant, and a contract is deployed', async ({
    client,
  }) => {
    await client.pressAndAnswer('Connect', 'Connect')
    expect(await client.pressAndAnswer('Every form', 'Allow once')).toBe(
      'SUCCEEDED | 21,22 | A text that is longer than one felt can be: two words and a rest. | 2 | 3 | true',
    )
    expect(await client.pressAndAnswer('Deploy', 'Allow once')).toBe('SUCCEEDED, true')
  })
})
