import { type BrowserContext, expect, type Locator, type Page } from '@playwright/test'

/** The hands of a person who has a keyboard and nothing else: what Tab does not reach, they cannot press. */
export interface Keyboard {
  /** Tab until it has the focus, and the page draws that it has. */
  reach(target: Locator): Promise<void>
  /** A button, once it may be pressed. */
  press(name: string | RegExp): Promise<void>
  type(label: string, text: string, end?: 'Enter'): Promise<void>
  tick(name: RegExp): Promise<void>
  /** Of the menu that the button opens: arrows to the item. */
  choose(menu: string | RegExp, item: string): Promise<void>
}

/** More stops than any screen has. */
const MOST_STOPS = 100
const LONG = { timeout: 60_000 }

export function keyboardOf(page: Page): Keyboard {
  const { keyboard } = page
  const walk = async (target: Locator, key: 'Tab' | 'ArrowDown') => {
    await expect(target).toBeVisible(LONG)
    for (let stops = 0; stops <= MOST_STOPS; stops += 1) {
      if (await target.evaluate((it) => it === document.activeElement)) return
      await keyboard.press(key)
    }
    throw new Error(`${key} does not reach ${target}`)
  }
  const reach = async (target: Locator) => {
    await walk(target, 'Tab')
    expect(await target.evaluate(isRinged), `${target} shows that it has the focus`).toBe(true)
  }
  const press = async (name: string | RegExp) => {
    // A sheet lies over buttons of the same name.
    const button = page
      .locator('dialog[open]')
      .or(page.locator('body:not(:has(dialog[open]))'))
      .getByRole('button', { name, exact: true })
    await expect(button).toBeEnabled(LONG)
    await reach(button)
    await keyboard.press('Enter')
  }
  return {
    reach,
    press,
    type: async (label, text, end) => {
      await reach(page.getByLabel(label, { exact: true }))
      await keyboard.type(text)
      if (end !== undefined) await keyboard.press(end)
    },
    tick: async (name) => {
      const box = page.getByRole('checkbox', { name })
      await reach(box)
      await keyboard.press('Space')
      await expect(box).toBeChecked()
    },
    choose: async (menu, item) => {
      await press(menu)
      const name = new RegExp(`^${item}`)
      const menuOpen = page.getByRole('menu')
      const found = menuOpen.getByRole('menuitem', { name }).or(menuOpen.getByRole('menuitemradio', { name }))
      await walk(found, 'ArrowDown')
      await keyboard.press('Enter')
    },
  }
}

/** The window that the act opens, looked at, and answered with its button, and with the password where it asks for one. */
export async function answerByKeyboard(
  act: () => Promise<void>,
  button: string,
  {
    context,
    password,
    look,
  }: {
    readonly context: BrowserContext
    readonly password: string
    readonly look?: (window: Page) => Promise<void>
  },
): Promise<void> {
  const opened = context.waitForEvent('page', { predicate: (it) => it.url().includes('approval'), ...LONG })
  await act()
  const window = await opened
  await look?.(window)
  const closed = window.waitForEvent('close', LONG)
  const keys = keyboardOf(window)
  await expect(window.getByRole('button', { name: button, exact: true })).toBeVisible(LONG)
  if (await window.getByLabel('Password', { exact: true }).isVisible()) await keys.type('Password', password)
  await keys.press(button)
  await closed
}

/** By its own outline, or where that is drawn around a field, a whole card or beside a hidden input. */
function isRinged(it: Element): boolean {
  const outlined = (element: Element | null, part?: '::after') =>
    element !== null &&
    getComputedStyle(element, part).outlineStyle !== 'none' &&
    Number.parseFloat(getComputedStyle(element, part).outlineWidth) > 0
  const field = it.closest('.field')
  return (
    outlined(it) ||
    outlined(it, '::after') ||
    outlined(it.nextElementSibling) ||
    (field !== null && getComputedStyle(field).boxShadow !== 'none')
  )
}
