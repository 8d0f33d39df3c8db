/** What was drawn stays where it is: what comes later has its place from the first paint on (approval-ux.md). */
import type { Page } from '@playwright/test'
import { OUTSIDE_TYPES } from '../../src/cold/samples.ts'
import { held } from '../faults.ts'
import { personAt, playing } from '../person.ts'
import { clickFor, press, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

const PATHS = [
  '/',
  '/sessions',
  '/activity',
  '/sites',
  '/accounts',
  '/tokens',
  '/receive',
  '/send',
  '/settings',
  '/networks',
]

test('no screen moves what it has drawn once, and no question about what calls would do does', async ({
  context,
  home,
  node,
  devnet,
  site,
  fixtures,
}) => {
  test.setTimeout(300_000)
  const { person, page: game } = await playing({ context, home, devnet, site })
  await game.bringToFront()
  await press(game, 'Use session')
  expect(await resultOf(game, 'Use session')).toContain('SUCCEEDED')

  await person.page.goto(`${home.split('#')[0]}#/sessions`)
  const session = (await person.page.locator('main li a').first().getAttribute('href'))!.slice(1)
  // A row that says more because more has happened may be higher.
  await person.page.goto(`${home.split('#')[0]}#/`)
  await expect(person.page.getByText('Session started', { exact: true })).toBeVisible()
  await expect(person.page.getByText('Sent', { exact: true })).toHaveCount(0, { timeout: 60_000 })
  const moved: Record<string, readonly string[]> = {}
  for (const path of [...PATHS, session]) {
    const page = await context.newPage()
    await page.setViewportSize({ width: 360, height: 560 })
    await page.goto(`${home.split('#')[0]}#${path}`)
    moved[path] = await shifts(page)
    await page.close()
  }
  const opened = context.waitForEvent('page', { predicate: (it) => it.url().includes('approval'), timeout: 60_000 })
  await game.bringToFront()
  await press(game, 'Spend over the limit, ask me')
  const payment = await opened
  await expect(payment.getByText('Asking your node…')).toHaveCount(0, { timeout: 30_000 })
  moved.approval = await shifts(payment)
  await person.refuse(payment)
  // What moves nothing of the account says so where it would stand.
  const reset = [{ contract_address: fixtures.game, entry_point: 'reset', calldata: [] }]
  const asks = {
    nothing: () => clickFor(game, 'wallet_addInvokeTransaction', { calls: reset }),
    outside: () => clickFor(game, 'wallet_signTypedData', outside(fixtures.game)),
  }
  for (const [name, ask] of Object.entries(asks)) {
    const trial = held()
    node.play('starknet_simulateTransactions', trial.fault)
    const { window } = await ask()
    const expected = window.getByRole('region', { name: 'Expected', exact: true })
    await expect(expected.getByText('Asking your node…')).toBeVisible()
    trial.letGo()
    await expect(expected.getByText('No change seen in a trial run.')).toBeVisible({ timeout: 30_000 })
    moved[name] = await shifts(window)
    await person.refuse(window)
  }
  expect(moved).toEqual(Object.fromEntries(Object.keys(moved).map((path) => [path, []])))
})

test('the last page of making a wallet stays where it is when the network of this computer answers', async ({
  context,
  home,
  node,
}) => {
  test.setTimeout(180_000)
  const person = await personAt(context, home)
  const moved: Record<string, readonly string[]> = {}
  const answers = held()
  const start = person.page.locator('button', { hasText: 'Start on Devnet' })
  await person.createWallet(async (page) => {
    if (page === 'passkey') node.play('every', answers.fault)
    if (page !== 'wallet-made') return
    // It has its place, and comes when it is known.
    await expect(start).toBeAttached()
    await expect(start).toBeHidden()
    answers.letGo()
    await expect(start).toBeVisible()
    moved[page] = await shifts(person.page)
  })
  expect(moved).toEqual({ 'wallet-made': [] })
})

/** For somebody else to send: what moves nothing of the account. */
function outside(game: string) {
  const StarknetDomain = ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' }))
  return {
    types: { StarknetDomain, ...OUTSIDE_TYPES },
    primaryType: 'OutsideExecution',
    domain: { name: 'Account.execute_from_outside', version: '2', chainId: 'SN_SEPOLIA', revision: '1' },
    message: {
      Caller: '0x414e595f43414c4c4552',
      Nonce: '0x2a',
      'Execute After': 1,
      'Execute Before': 4_000_000_000,
      Calls: [{ To: game, Selector: 'reset', Calldata: [] }],
    },
  }
}

/** Once it is still: what moved until then, as the browser counts it, and what it was. */
function shifts(page: Page): Promise<readonly string[]> {
  return page.evaluate(
    () =>
      new Promise<readonly string[]>((done) => {
        const found: string[] = []
        new PerformanceObserver((list) => {
          // The bar stands at the window's end, and goes with it where the browser changes the window's height.
          for (const entry of list.getEntries() as (PerformanceEntry & {
            value: number
            sources: { node: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[]
          })[])
            for (const { node, previousRect, currentRect } of entry.value > 0 ? entry.sources : [])
              if ((node instanceof Element ? node : node?.parentElement)?.closest('.body, .start > main'))
                found.push(`${previousRect.y} to ${currentRect.y}: ${(node?.textContent ?? '').slice(0, 60)}`)
        }).observe({ type: 'layout-shift', buffered: true })
        const isDrawn = () => document.querySelector('.body > *, .start > main > *') !== null
        let still: ReturnType<typeof setTimeout>
        const wait = () => {
          clearTimeout(still)
          still = setTimeout(() => (isDrawn() ? done(found) : wait()), 2_500)
        }
        // Longer than a node may be silent before a question says so. A clock that goes on is no change of the page.
        new MutationObserver(wait).observe(document.body, { childList: true, subtree: true })
        wait()
      }),
  )
}
