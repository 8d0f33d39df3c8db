/** What a person does with a session that is there, without a mouse: the focus is seen, and goes where it is expected. */
import type { Page } from '@playwright/test'
import { answerByKeyboard, type Keyboard, keyboardOf } from '../keyboard.ts'
import { PASSWORD, playing } from '../person.ts'
import { press, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

const LONG = { timeout: 60_000 }

for (const theme of ['light', 'dark'] as const)
  test(`by keyboard alone, in ${theme}: an over-limit call is answered, the session is renewed, gets a new key, and is revoked`, async ({
    context,
    home,
    devnet,
    site,
  }) => {
    test.setTimeout(300_000)
    const inTheme = (page: Page) => page.emulateMedia({ colorScheme: theme })
    const { person, page: game } = await playing({ context, home, devnet, site })
    const wallet = person.page
    await inTheme(wallet)
    const keys = keyboardOf(wallet)
    const themed = (it: Page) => expect(it.locator('html')).toHaveAttribute('data-theme', theme)
    await themed(wallet)
    /** The focus is on Refuse, and Tab leads on from there. */
    const look = async (window: Page) => {
      await inTheme(window)
      await themed(window)
      await expect(window.getByRole('button', { name: 'Refuse', exact: true })).toBeFocused(LONG)
    }
    const answer = (act: () => Promise<void>, button: string) =>
      answerByKeyboard(act, button, { context, password: PASSWORD, look })

    await game.bringToFront()
    await answer(() => keyboardOf(game).press('Spend over the limit, ask me'), 'Allow once')
    expect(await resultOf(game, 'Spend over the limit, ask me')).toContain('SUCCEEDED')

    await wallet.bringToFront()
    await keys.choose('Menu', 'Sessions')
    await onlySession(wallet, keys)
    await answer(() => keys.press('Renew'), 'Allow session')
    await backOn(wallet)

    await running(wallet, keys)
    await answer(() => keys.press('New key'), 'Allow new key')
    await backOn(wallet)

    await running(wallet, keys)
    await keys.press('End session')
    await expect(wallet.getByText('Ended', { exact: true }).first()).toBeVisible(LONG)
    await backOn(wallet)
    await game.bringToFront()
    await press(game, 'Use session')
    expect(await resultOf(game, 'Use session')).toContain('Use session: 2')
  })

/** The card of the list that runs, opened; the page begins with its heading. */
async function onlySession(wallet: Page, keys: Keyboard): Promise<void> {
  const list = wallet.getByRole('region', { name: 'Running' })
  await expect(list.getByRole('listitem')).toHaveCount(1, LONG)
  await keys.reach(list.getByRole('link'))
  await wallet.keyboard.press('Enter')
  await expect(wallet.getByRole('heading', { name: 'Session', exact: true })).toBeFocused()
}

async function running(wallet: Page, keys: Keyboard): Promise<void> {
  await keys.press('Back')
  await expect(wallet.getByRole('heading', { name: 'Sessions', exact: true })).toBeFocused()
  await onlySession(wallet, keys)
}

/** What was pressed is gone with what it did: a person who has no mouse goes on at the heading of the page. */
async function backOn(wallet: Page): Promise<void> {
  await wallet.bringToFront()
  await expect(wallet.getByRole('heading', { name: 'Session', exact: true })).toBeFocused(LONG)
}
