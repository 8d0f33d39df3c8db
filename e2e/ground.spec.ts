import { readFileSync } from 'node:fs'
import { hash } from 'starknet'
import manifest from '../manifest.json' with { type: 'json' }
import { expect, test } from './world.ts'

test('the worker runs under the id that the manifest fixes', async ({ worker, home }) => {
  const der = Buffer.from(manifest.key, 'base64')
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', der))
    .toString('hex')
    .slice(0, 32)
  const id = [...digest].map((digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('')
  expect(new URL(worker.url()).host).toBe(id)
  expect(home).toBe(`chrome-extension://${id}/src/ui/index.html`)
})

test('the provider is there before the first script of the page, frozen and hidden', async ({
  context,
  site,
  worker,
}) => {
  expect(worker.url()).toContain('chrome-extension://')
  await context.route(`${site.origin}/first`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><head><script>window.seen = typeof window.starknet_latchkey?.request</script></head>',
    }),
  )
  const page = await site.open(`${site.origin}/first`)
  expect(await page.evaluate(() => Reflect.get(window, 'seen'))).toBe('function')
  const facts = await page.evaluate(() => {
    const property = Object.getOwnPropertyDescriptor(window, 'starknet_latchkey')
    const { enumerable, configurable, writable, value } = property ?? {}
    return {
      enumerable,
      configurable,
      writable,
      frozen: Object.isFrozen(value),
      id: value?.id,
      starknet: 'starknet' in window,
    }
  })
  expect(facts).toEqual({
    enumerable: false,
    configurable: false,
    writable: false,
    frozen: true,
    id: 'latchkey',
    starknet: false,
  })
})

test('a page learns of a killed worker nothing: its next question is answered', async ({ site, killWorker }) => {
  const page = await site.open()
  await expect(page.getByRole('status')).toHaveText('supports sessions: true')
  await killWorker()
  const specs = await page.evaluate(() => window.starknet_latchkey?.request({ type: 'wallet_supportedWalletApi' }))
  expect(specs).toContain('0.10.4')
})

test('screens reach no network, not even the one the worker may use', async ({ context, home, devnet }) => {
  const page = await context.newPage()
  await page.goto(home)
  const refusals: string[] = []
  page.on('console', (message) => refusals.push(message.text()))
  // Code of the page itself: what a test evaluates is not held by the policy in a worker, in a page it is.
  const outcome = await page.evaluate(
    (url) =>
      fetch(url).then(
        () => 'sent',
        () => 'refused',
      ),
    `${devnet.url}/is_alive`,
  )
  expect(outcome).toBe('refused')
  expect(refusals.join(' ')).toMatch(/Content Security Policy/)
})

test('the address of the devnet row leads to the devnet of this world, and no other host can be reached', async ({
  devnet,
  site,
}) => {
  const page = await site.open()
  const chain = (url: string) =>
    page.evaluate(async (node) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'starknet_blockNumber', params: {} })
      return (
        await fetch(`${node}/rpc`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
      ).json()
    }, url)
  expect(await chain('http://127.0.0.1:5050')).toEqual(await chain(devnet.url))
  const outside = page.evaluate(() =>
    fetch('https://example.com', { mode: 'no-cors' }).then(
      () => 'sent',
      () => 'refused',
    ),
  )
  expect(await outside).toBe('refused')
})

test('the playground names the views it reads by their real selectors', () => {
  const source = readFileSync(new URL('./playground/page.ts', import.meta.url), 'utf8')
  const selectors = [...(/const SELECTORS = \{([^}]*)\}/.exec(source)?.[1]?.matchAll(/(\w+): '(0x[0-9a-f]+)'/g) ?? [])]
  expect(selectors.length).toBeGreaterThan(2)
  for (const [, name = '', selector] of selectors) expect(selector).toBe(hash.getSelectorFromName(name))
})
