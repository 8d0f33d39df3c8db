import { TO_PAGE } from '../../src/core/protocol/frame.ts'
import { type Client, expect, test } from './client.ts'
import { follows, isConnected, moves } from './journey.ts'

test.use({ story: 'starknetkit' })
test.describe.configure({ mode: 'default' })

test('starknetkit offers the wallet in its modal, connects, follows, moves, signs, and its end is the end of the grant', async ({
  client,
  kept,
}) => {
  test.setTimeout(300_000)
  expect(await client.press('Ready')).toBe('false')
  await client.press('Open')
  const window = await client.asked(() => choose(client))
  const code = refusal(client)
  await kept.person.refuse(window)
  // The library hides the code and leaves its own promise open (starknetkit 3.4.3, dist/starknetkit.js:122); ours settled.
  expect(await code).toBe(113)
  await isConnected(client)
  await kept.person.allow(await client.asked(() => modal(client).getByText('Retry connecting').click()), 'Connect')
  expect(await client.said('Connect')).toBe('latchkey')
  await isConnected(client, kept.address)
  await client.reload()
  await isConnected(client, kept.address)

  await follows(client, kept)
  await moves(client)
  expect(await client.pressAndAnswer('Sign', 'Sign')).toMatch(/^\d+ felts, true$/)
  expect(await client.press('Sessions')).toBe('[{"status":"active"}]')

  // After a reload the library's own end knows no connector any more (it was not picked in a modal); the connector's is there.
  expect(await client.press('Leave')).toBe('true')
  await isConnected(client)
  expect(await client.press('Ready')).toBe('false')
  await client.reload()
  await isConnected(client)
  // Its session is paused, and goes on being that for the site once it is connected again.
  await client.press('Open')
  await kept.person.allow(await client.asked(() => choose(client)), 'Connect')
  expect(await client.said('Connect')).toBe('latchkey')
  expect(await client.press('Sessions')).toBe('[{"status":"paused","paused_by":"person"}]')

  expect(await client.press('End')).toBe('true')
  await isConnected(client)
  expect(await client.press('Ready')).toBe('false')
})

const modal = ({ page }: Client) => page.getByRole('dialog')
const choose = (client: Client) => modal(client).getByText('Latchkey').click()

/** The code of the next error that reaches the page. */
const refusal = ({ page }: Client): Promise<unknown> =>
  page.evaluate(
    (itself) =>
      new Promise((resolve) => {
        addEventListener('message', ({ data }) => {
          if (data?.to === itself && data.frame?.ok === false) resolve(data.frame.error.code)
        })
      }),
    TO_PAGE,
  )
