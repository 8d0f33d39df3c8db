/** Somebody who has just installed the wallet, up to the first call that a session signs: how much is asked of them. */
import { PASSWORD } from '../person.ts'
import { resultOf, windowsFrom } from '../site.ts'
import { expect, test } from '../world.ts'

const MOST_DECISIONS = 12
const LONG = { timeout: 60_000 }

test(`from a new install to the first call of a session, a person decides at most ${MOST_DECISIONS} times`, async ({
  context,
  home,
  site,
}) => {
  test.setTimeout(180_000)
  const { decide, made } = decisions()
  // As `npm start` opens them.
  const wallet = await context.newPage()
  await wallet.goto(home)
  const game = await site.open()

  await wallet.bringToFront()
  const press = (name: string, page = wallet) =>
    decide(`press ${name}`, () => page.getByRole('button', { name, exact: true }).click(LONG))
  const type = (name: string, value: string, page = wallet) =>
    decide(`type ${name}`, () => page.getByLabel(name, { exact: true }).fill(value))
  await press('Create a wallet')
  await type('Password', PASSWORD)
  await press('Go on')
  await press('Show the words')
  await press('I wrote it down')
  await press('Later')
  await press('Not now')
  await press('Start on Devnet with test tokens')
  await expect(wallet.getByText(/^1,000\sSTRK$/)).toBeVisible(LONG)

  await game.bringToFront()
  const opened = context.waitForEvent('page', { predicate: (it) => it.url().includes('approval'), timeout: 60_000 })
  await press('Request session', game)
  const window = await opened
  // What enabling sessions means is read before it is decided, and it needs the password (approval-ux.md 6.2, 7.2).
  await expect(window.getByText(/This is not two-factor|not two-factor/).first()).toBeVisible(LONG)
  await type('Password', PASSWORD, window)
  await press('Allow session', window)
  expect(await resultOf(game, 'Request session')).toMatch(/is active$/)

  const windows = windowsFrom(game)
  await press('Use session', game)
  expect(await resultOf(game, 'Use session')).toContain('SUCCEEDED')
  expect(windows.count(), 'the call opened no window').toBe(0)

  console.log(made.map((name, index) => `${index + 1}. ${name}`).join('\n'))
  expect(made.length).toBeLessThanOrEqual(MOST_DECISIONS)
})

/** Each press and each typed field of a person, by name. */
function decisions() {
  const made: string[] = []
  return {
    made,
    decide: async (name: string, act: () => Promise<void>) => {
      made.push(name)
      await act()
    },
  }
}
