import { expect, test } from './client.ts'
import { connects, follows, isConnected, moves } from './journey.ts'

test.use({ story: 'get-starknet-5' })
test.describe.configure({ mode: 'default' })

const CHAINS = ['starknet:0x534e5f4d41494e', 'starknet:0x534e5f5345504f4c4941']

for (const variant of ['registered', 'injected5', 'injected6'])
  test.describe(`get-starknet 5, ${variant}`, () => {
    test.use({ variant })

    test('finds one wallet with all features, connects, follows, moves, signs, and disconnects this page alone', async ({
      client,
      kept,
    }) => {
      test.setTimeout(300_000)
      expect(await client.press('Listed')).toBe(JSON.stringify(Array(10).fill(1)))
      expect(JSON.parse(await client.press('Features'))).toEqual({
        is: [true, true],
        required: 4,
        chains: CHAINS,
        // The wrapper of a window object knows no more than the four.
        ...(variant === 'registered' ? { sessions: { version: '0.1.0' } } : {}),
      })
      expect(await client.press('Silent')).toBe('0')
      await connects(client, kept, 'failed 113 An error occurred (USER_REFUSED_OP)')
      await follows(client, kept)
      if (variant === 'registered') {
        await moves(client)
        expect(await client.pressAndAnswer('Sign', 'Sign')).toMatch(/^\d+ felts$/)
        await client.pressAndAnswer('Switch', 'Switch')
        await isConnected(client, kept.address, '0x534e5f4d41494e')
        await client.move('Network', 'Devnet')
        await isConnected(client, kept.address)
      }
      expect(await client.press('Disconnect')).toBe('true')
      await isConnected(client)
      expect(await client.press('Permissions')).toBe('["accounts"]')
      expect(await client.press('Silent')).toBe('1')
      await isConnected(client, kept.address)
      expect(await client.press('End')).toBe('true')
      await isConnected(client)
    })
  })
