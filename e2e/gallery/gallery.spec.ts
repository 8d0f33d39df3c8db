import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium, expect, type Page, test } from '@playwright/test'
import { createServer, type ViteDevServer } from 'vite'
import english from '../../public/_locales/en/messages.json' with { type: 'json' }
import spanish from '../../public/_locales/es/messages.json' with { type: 'json' }
import chinese from '../../public/_locales/zh_CN/messages.json' with { type: 'json' }
import { broken } from './broken.ts'
import { shown } from './views.ts'

test.use({
  locale: 'en-GB',
  timezoneId: 'Europe/Berlin',
  // A button that is just being armed has a colour between two, for 120 ms.
  contextOptions: { reducedMotion: 'reduce' },
  launchOptions: { executablePath: process.env.CHROME_PATH ?? chromium.executablePath() },
})

let server: ViteDevServer
let base: string
test.beforeAll(async () => {
  server = await createServer({ configFile: fileURLToPath(new URL('../gallery.config.ts', import.meta.url)) })
  await server.listen(0)
  const { port } = server.httpServer!.address() as AddressInfo
  base = `http://127.0.0.1:${port}/e2e/gallery/`
})
test.afterAll(() => server.close())

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const isThere = async (page: Page, screen: string) => {
  await page.locator(`html[data-ready="${screen}"]`).waitFor()
  await page.locator('main').first().waitFor()
}
const show = async (page: Page, screen: string, theme = 'light', size = { width: 420, height: 720 }) => {
  await page.setViewportSize(size)
  await page.goto(`${base}?screen=${screen}&theme=${theme}`)
  await isThere(page, screen)
}
/** What axe finds, as text a person can act on. */
const faults = (page: Page) =>
  page.evaluate(async () => {
    const found = await (
      window as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> }
      }
    ).axe.run()
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
    )
  })
const tooWide = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** In the language with the longest words too. The page stays. */
const brokenWords = async (page: Page) => {
  const found: string[] = []
  for (const language of ['es', 'en']) {
    await page.evaluate(async (code) => {
      await (window as unknown as { speak(code: string): Promise<void> }).speak(code)
      for (let frame = 0; frame < 2; frame += 1) await new Promise((next) => requestAnimationFrame(next))
    }, language)
    found.push(...(await broken(page)).map((it) => `${language}: ${it}`))
  }
  return found
}

for (const screen of Object.keys(shown))
  test(`${screen}: readable for all, in both themes, at 320 px and with text twice as large`, async ({ page }) => {
    await show(page, screen)
    await page.evaluate(axe)
    for (const theme of ['light', 'dark']) {
      await page.evaluate((it) => {
        document.documentElement.dataset.theme = it
      }, theme)
      expect(await faults(page), theme).toEqual([])
    }
    expect(await brokenWords(page)).toEqual([])
    await page.evaluate(() => {
      document.documentElement.dataset.surface = 'tab'
    })
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await tooWide(page), '320 px').toBe(0)
    expect(await brokenWords(page), '320 px').toEqual([])
    await page.setViewportSize({ width: 420, height: 720 })
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%'
    })
    expect(await tooWide(page), '200 % text').toBe(0)
    expect(await brokenWords(page), '200 % text').toEqual([])
  })

for (const screen of ['transaction', 'message', 'switch', 'network-request', 'token-request', 'send-undeployed'])
  test(`${screen}: the question is one sentence that reads on`, async ({ page }) => {
    await show(page, screen)
    const [height, words] = await page.locator('#sentence').evaluate((it) => {
      const { display, lineHeight } = getComputedStyle(it)
      return [it.getBoundingClientRect().height / Number.parseFloat(lineHeight), `${display} ${it.textContent}`]
    })
    expect(words).toMatch(/^block /)
    expect(Math.round(height)).toBeLessThanOrEqual(2)
  })

/** What a person reads, as pieces with a figure in them: "25", "0.8", "14:05", an address. */
const figures = (page: Page) =>
  page.evaluate(() => {
    // What is only read out comes in its own time, and is on no screen.
    for (const it of document.querySelectorAll<HTMLElement>('.unseen[role=status]')) it.style.display = 'none'
    return [...document.body.innerText.replaceAll(/[\u2066-\u2069]/g, '').matchAll(/[0-9][0-9.,:]*/g)]
      .map(([it]) => it.replace(/[.,:]$/, ''))
      .sort()
  })
/** Text that is there and cannot be seen whole. */
const clipped = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('main *')]
      .filter((it) => {
        const { overflowX, textOverflow, display } = getComputedStyle(it)
        const cuts = overflowX === 'hidden' || overflowX === 'clip' || textOverflow === 'ellipsis'
        return cuts && display !== 'none' && it.clientWidth > 1 && it.scrollWidth > it.clientWidth + 1
      })
      .map((it) => it.outerHTML.slice(0, 200)),
  )

for (const screen of Object.keys(shown))
  test(`${screen}: whole in a longer language, and mirrored in one from right to left`, async ({ page }) => {
    await show(page, screen)
    const told = await figures(page)
    for (const language of ['long', 'rtl']) {
      await page.goto(`${base}?screen=${screen}&theme=light&language=${language}`)
      await isThere(page, screen)
      if (language === 'long') expect(await figures(page), 'no figure is lost').toEqual(told)
      expect(await clipped(page), language).toEqual([])
      await page.evaluate(() => {
        document.documentElement.dataset.surface = 'tab'
      })
      await page.setViewportSize({ width: 320, height: 640 })
      expect(await tooWide(page), `${language}, 320 px`).toBe(0)
      expect(await clipped(page), `${language}, 320 px`).toEqual([])
      await page.setViewportSize({ width: 420, height: 720 })
    }
    await expect(page.locator('html')).toHaveAttribute('dir', 'rtl')
    const back = page.locator('.icon-button.back').first()
    if ((await back.count()) > 0) {
      const box = await back.boundingBox()
      expect(box === null ? 0 : box.x, 'the way back is on the right').toBeGreaterThan(210)
    }
  })

for (const screen of Object.keys(shown))
  test(`${screen}: every control is reached by the keyboard, and is seen in forced colours`, async ({ page }) => {
    await page.emulateMedia({ forcedColors: 'active' })
    await show(page, screen)
    // A group of radios is one stop; what is in a closed sheet or menu is none.
    const wanted = await page.evaluate(() => {
      // Under an open sheet nothing can be reached.
      const place = document.querySelector('dialog:modal') ?? document.querySelector('main')
      const stops = [...(place?.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea') ?? [])]
      const seen = new Set<string>()
      let count = 0
      for (const it of stops) {
        if (it.tabIndex < 0 || it.getClientRects().length === 0 || (it as HTMLButtonElement).disabled) continue
        const group = it instanceof HTMLInputElement && it.type === 'radio' ? it.name : undefined
        if (group !== undefined && seen.has(group)) continue
        if (group !== undefined) seen.add(group)
        count += 1
      }
      return count
    })
    await page.evaluate(() => {
      ;(document.activeElement as HTMLElement | null)?.blur()
      const start = document.createElement('span')
      start.tabIndex = -1
      // Outside an open sheet nothing takes the focus.
      ;(document.querySelector('dialog:modal') ?? document.body).prepend(start)
      start.focus()
    })
    const reached = await page.evaluate(() => {
      const found = new Set<Element>()
      Object.assign(window, { found })
      addEventListener('focusin', (event) => {
        if (event.target instanceof Element && event.target.closest('main') !== null) found.add(event.target)
      })
      return found.size
    })
    expect(reached).toBe(0)
    for (let step = 0; step < wanted; step += 1) await page.keyboard.press('Tab')
    expect(await page.evaluate(() => (window as unknown as { found: Set<Element> }).found.size)).toBe(wanted)
    const unseen = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('main [role=switch], main .button, main .tick input, main .field')]
        .filter((it) => it.getClientRects().length > 0)
        .filter((it) => {
          const { borderTopStyle, borderTopWidth } = getComputedStyle(it)
          const inner = it.firstElementChild === null ? undefined : getComputedStyle(it.firstElementChild)
          const lined = (style?: CSSStyleDeclaration) =>
            style !== undefined && style.borderTopStyle !== 'none' && style.borderTopWidth !== '0px'
          return (borderTopStyle === 'none' || borderTopWidth === '0px') && !lined(inner) && it.tagName !== 'INPUT'
        })
        .map((it) => it.outerHTML.slice(0, 120)),
    )
    expect(unseen, 'an edge in forced colours').toEqual([])
  })

/** By their code, and what stands on Allow in them. */
const SPOKEN = [
  ['en', english],
  ['es', spanish],
  ['zh-CN', chinese],
] as const
const ALL_IN_VIEW = [
  'session',
  'session-unlisted',
  'session-written',
  'session-service',
  'session-four',
  'session-four-contracts',
  'session-four-unlisted',
]
/** Of four rules, where the sentences are longer, what lies below the bar in the widest of fonts: the last of these. */
const BELOW: Readonly<Record<string, readonly ('actions' | 'contracts')[]>> = {
  'es session-four': ['actions'],
  'es session-four-contracts': ['actions', 'contracts'],
  'es session-four-unlisted': ['actions', 'contracts'],
  'zh-CN session-four-contracts': ['actions'],
  'zh-CN session-four-unlisted': ['actions'],
}
const SEEN_WHOLE = SPOKEN.flatMap(([language, { ui_session_allow: allow }]) =>
  ALL_IN_VIEW.map((screen) => ({
    screen,
    language,
    allow: allow.message,
    below: BELOW[`${language} ${screen}`] ?? [],
  })),
)
for (const { screen, language, allow, below } of SEEN_WHOLE)
  test(`${screen}, ${language}: worst case${below.includes('contracts') ? ' and end' : ', end and every contract'} are in view without scrolling, in a window of 420 × 760`, async ({
    page,
  }) => {
    // What the frame of a window of that size leaves.
    await page.setViewportSize({ width: 420, height: 720 })
    await page.goto(`${base}?screen=${screen}&theme=light&language=${language}`)
    await isThere(page, screen)
    await expect(page.locator('.approval .decide').getByRole('button', { name: allow })).toBeVisible()
    const rules = shown[screen]?.view?.approvals[0]
    const contracts = new Set(rules?.kind === 'session' ? rules.can.map(({ contract }) => contract) : [])
    expect(contracts.size).toBeGreaterThan(0)
    const seen = await page.evaluate(() => {
      const floor = document.querySelector('.approval .summary')?.getBoundingClientRect().top ?? 0
      const isSeen = (it: Element) => {
        const { top, bottom, height } = it.getBoundingClientRect()
        return height > 0 && top >= 0 && bottom <= floor
      }
      const all = (what: string) => [...document.querySelectorAll(what)].map(isSeen)
      return {
        worst: all('.worst'),
        end: all('.sentence'),
        ends: all('.picker'),
        contracts: all('.contract, .unlisted, .one-of-many .fold'),
        actions: all('.one-of-many .fact'),
      }
    })
    const { contracts: seenContracts, actions, ...whole } = seen
    expect(whole).toEqual({ worst: [true], end: [true], ends: [true] })
    if (!below.includes('contracts')) expect(seenContracts).toEqual([...contracts].map(() => true))
    // Of several contracts each action is there with its contract.
    if (!below.includes('actions'))
      expect(actions).toEqual(contracts.size === 1 ? [] : rules?.kind === 'session' && rules.can.map(() => true))
    await expect(page.locator('.approval .summary')).toContainText(/(ends tomorrow|termina mañana,|明天) 14:05/)
  })

for (const [language, { ui_session_allow: allow }] of SPOKEN)
  test(`in ${language} the narrowest window lets a session be allowed: what the button says does not move it`, async ({
    page,
  }) => {
    await page.setViewportSize({ width: 320, height: 560 })
    await page.goto(`${base}?screen=session&theme=light&language=${language}`)
    await isThere(page, 'session')
    const button = page.locator('.approval .decide > button')
    const before = await button.boundingBox()
    await expect(button).toHaveAccessibleName(allow.message)
    await expect(button).toBeEnabled()
    expect(await button.boundingBox()).toEqual(before)
    await button.click()
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
  })

type Asked = readonly { readonly verb: string; readonly params: unknown }[]
const asked = (page: Page, verb: string) =>
  page.evaluate((wanted) => (window as unknown as { asked: Asked }).asked.filter((it) => it.verb === wanted), verb)

test.describe('a decision', () => {
  const allow = (page: Page) => page.getByRole('button', { name: 'Allow session', exact: true })
  const notYet = (page: Page) => page.getByRole('button', { name: 'Ready in a moment' })

  /** The page's time stands still from here on, and goes on by `page.clock.runFor`. */
  const standStill = async (page: Page) => {
    await page.clock.install({ time: 1_000_000 })
    await page.clock.pauseAt(1_001_000)
  }

  test('starts on Refuse, and Allow does nothing in its first 800 ms', async ({ page }) => {
    await standStill(page)
    await show(page, 'session')
    await page.clock.runFor(700)
    await expect(page.getByRole('button', { name: 'Refuse', exact: true })).toBeFocused()
    await notYet(page).click({ force: true })
    expect(await asked(page, 'decide')).toEqual([])
    await page.clock.runFor(500)
    await allow(page).click()
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
  })
  test('carries the revision and digest of what was shown', async ({ page }) => {
    await show(page, 'session')
    await allow(page).click()
    await expect
      .poll(() => asked(page, 'decide'))
      .toEqual([{ verb: 'decide', params: { id: 'a1', rev: 1, digest: `0x${'5e'.repeat(32)}`, decision: 'allow' } }])
  })
  test('refuses: a click that a script makes', async ({ page }) => {
    await show(page, 'session')
    await expect(allow(page)).toBeEnabled()
    await allow(page).evaluate((button) => {
      button.dispatchEvent(new PointerEvent('pointerdown', { isPrimary: true, bubbles: true }))
      button.dispatchEvent(new PointerEvent('pointerup', { isPrimary: true, bubbles: true }))
      ;(button as HTMLButtonElement).click()
      button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))
      button.dispatchEvent(new KeyboardEvent('keyup', { key: 'Enter', bubbles: true }))
    })
    expect(await asked(page, 'decide')).toEqual([])
  })
  test('a blur takes the readiness away, and a press begun before it does not count', async ({ page }) => {
    await show(page, 'session')
    await expect(allow(page)).toBeEnabled()
    await allow(page).hover()
    await page.mouse.down()
    await page.evaluate(() => window.dispatchEvent(new Event('blur')))
    await page.mouse.up()
    await expect(notYet(page)).toBeVisible()
    expect(await asked(page, 'decide')).toEqual([])
  })
  test('is made with Enter too; Esc decides nothing', async ({ page }) => {
    await show(page, 'session')
    await page.keyboard.press('Escape')
    await expect(allow(page)).toBeEnabled()
    await allow(page).focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
  })
  test('that comes to nothing because the question is held back meanwhile leaves that to the next picture', async ({
    page,
  }) => {
    const sign = page.getByRole('button', { name: 'Sign', exact: true })
    await show(page, 'message-outside')
    for (const tick of await page.getByRole('checkbox').all()) await tick.check()
    await page.evaluate(() => (window as unknown as { holdBack(): void }).holdBack())
    await sign.click()
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
    await expect(sign).toBeEnabled()
    await expect(page.locator('.bar').getByRole('alert')).toHaveCount(0)
    await page.evaluate(() => (window as unknown as { push(screen: string): void }).push('message-outside-unknown'))
    await expect(page.locator('.bar').getByRole('alert')).toHaveText(
      'Waiting for your node. Nothing can be signed yet.',
    )
  })
  test('in danger needs the tick, then the password', async ({ page }) => {
    await standStill(page)
    await show(page, 'session-danger')
    await page.clock.runFor(2_000)
    await expect(allow(page)).toBeDisabled()
    await expect(page.getByLabel('Password', { exact: true })).toBeHidden()
    await page.getByRole('checkbox', { name: 'I know it can take everything in this account.' }).check()
    await page.clock.runFor(2_000)
    await expect(allow(page)).toBeDisabled()
    await page.getByLabel('Password', { exact: true }).fill('a long enough password')
    await page.clock.runFor(2_000)
    await allow(page).click()
    await expect.poll(() => asked(page, 'decide')).toHaveLength(1)
    expect((await asked(page, 'decide'))[0]?.params).toMatchObject({
      ticked: true,
      password: 'a long enough password',
    })
  })
  test('waits while a limit is typed, and sends what was typed whole', async ({ page }) => {
    await standStill(page)
    await show(page, 'session')
    await page.clock.runFor(2_000)
    await page.getByRole('button', { name: 'Change STRK' }).click()
    const field = page.getByRole('textbox', { name: 'STRK, In all' })
    await field.fill('12.5.')
    await page.clock.runFor(2_000)
    await expect(allow(page)).toBeDisabled()
    await field.fill('26')
    await field.press('Enter')
    expect(await asked(page, 'editApproval')).toEqual([])
    await field.fill('12.5')
    await field.press('Enter')
    await expect.poll(() => asked(page, 'editApproval')).toHaveLength(1)
    expect((await asked(page, 'editApproval'))[0]?.params).toEqual({
      id: 'a1',
      rev: 1,
      edits: { limits: { 'spend:strk:total': '12500000000000000000' } },
    })
  })
  test('switches are named by action and contract', async ({ page }) => {
    await show(page, 'session')
    await page.getByRole('switch', { name: 'buy on Arena' }).click()
    await expect.poll(() => asked(page, 'editApproval')).toHaveLength(1)
    await page.getByRole('switch', { name: 'move on Arena' }).click({ force: true })
    expect(await asked(page, 'editApproval')).toHaveLength(1)
  })
})

test('a press on the last page of the start counts, also before the new wallet is there to be seen', async ({
  page,
}) => {
  await show(page, 'welcome')
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  await press('I have one')
  for (let word = 1; word <= 12; word += 1) await page.getByLabel(`Word ${word}`, { exact: true }).fill('test')
  await press('Go on')
  await expect(page.getByRole('heading', { name: 'Your accounts' })).toBeVisible()
  await press('Go on')
  await page.getByLabel('Password', { exact: true }).fill('a long enough password')
  await press('Go on')
  await press('Open wallet')
  await page.evaluate(() => (window as unknown as { push(screen: string): void }).push('home'))
  await expect(page.getByRole('button', { name: 'Receive', exact: true })).toBeVisible()
})

test('where a test network of this computer answers, the last page of the start begins there with one press', async ({
  page,
}) => {
  await show(page, 'welcome', 'light', { width: 1120, height: 760 })
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  await press('Create a wallet')
  await page.getByLabel('Password', { exact: true }).fill('a long enough password')
  await press('Go on')
  await press('Show the words')
  await press('I wrote it down')
  await press('Later')
  await press('Not now')
  await press('Start on Devnet with test tokens')
  await expect.poll(() => asked(page, 'testTokens')).toHaveLength(1)
  expect(await asked(page, 'checkNetwork')).toEqual([{ verb: 'checkNetwork', params: { network: 'devnet' } }])
  expect(await asked(page, 'selectNetwork')).toEqual([{ verb: 'selectNetwork', params: { network: 'devnet' } }])
})

test('a session that is paused says what happened and what to do, in the list and on its page, with a button', async ({
  page,
}) => {
  const said = [
    'Paused: a contract changed since you allowed it.',
    'Resume it only if you trust the contract as it is now. Otherwise end it.',
  ]
  await show(page, 'sessions')
  const card = page.getByRole('listitem').filter({ hasText: 'trade.d.io' })
  for (const sentence of said) await expect(card.getByText(sentence)).toBeVisible()
  await expect(card.getByRole('button', { name: 'Review' })).toBeVisible()
  await show(page, 'session-paused')
  for (const sentence of said) await expect(page.getByText(sentence)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Resume', exact: true })).toBeEnabled()
})

test('when a row with the focus goes, the row in its place has it, and after the last one the heading', async ({
  page,
}) => {
  await show(page, 'sessions')
  const push = (screen: string) =>
    page.evaluate((it) => (window as unknown as { push(screen: string): void }).push(it), screen)
  const running = page.getByRole('region', { name: 'Running' })
  await running.getByRole('link', { name: 'play.g.io' }).focus()
  await push('sessions-fewer')
  await expect(running.getByRole('link', { name: 'tip.m.io' })).toBeFocused()
  await push('sessions-none')
  await expect(page.getByRole('heading', { name: 'Sessions', exact: true })).toBeFocused()
})

test('the phrase is never text in the page unless it is read aloud, and hides when the window loses the focus', async ({
  page,
}) => {
  await show(page, 'welcome', 'light', { width: 1120, height: 760 })
  await page.getByRole('button', { name: 'Create a wallet' }).click()
  await page.getByLabel('Password', { exact: true }).fill('a long enough password')
  await page.getByRole('button', { name: 'Go on' }).click()
  await page.getByRole('button', { name: 'Show the words' }).click()
  expect(await page.evaluate(() => document.documentElement.outerHTML.includes('sausage'))).toBe(false)
  await page.getByRole('button', { name: 'Read aloud to my screen reader' }).click()
  await expect(page.getByRole('status', { name: 'Secret phrase, read aloud' })).toContainText('6 sausage')
  await page.evaluate(() => window.dispatchEvent(new Event('blur')))
  await expect(page.getByRole('button', { name: 'Show the words' })).toBeVisible()
  expect(await page.evaluate(() => document.documentElement.outerHTML.includes('sausage'))).toBe(false)
})
