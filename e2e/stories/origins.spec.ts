import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { type BrowserContext, chromium, type Page } from '@playwright/test'
import { type Build, extensionArgs, homeOf, launch, prepare, workerOf } from '../browser.ts'
import { type Person, PHRASE, personAt } from '../person.ts'
import { clickFor, request } from '../site.ts'
import { expect, test } from '../world.ts'

// One browser, one wallet, one after the other.
test.describe.configure({ mode: 'default' })

/** `known` is connected, `other` is the same server under another name, and was never seen. */
interface Ground {
  readonly context: BrowserContext
  readonly person: Person
  readonly address: string
  readonly known: string
  readonly other: string
}
let ground: Ground
const undo: (() => unknown)[] = []

test.beforeAll(async ({ devnet, build }) => {
  test.setTimeout(180_000)
  const server = createServer((asked, answer) => reply(asked.url ?? '/', asked.headers.host ?? '', answer))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(() => {
    server.close()
    server.closeAllConnections()
  })
  const at = server.address()
  const port = typeof at === 'object' && at ? at.port : 0
  const profile = mkdtempSync(`${tmpdir()}/latchkey-origins-`)
  undo.push(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }))
  const headless = !process.env.HEADED
  const context = await launch({ profile, build, nodePort: devnet.port, headless, cached: true })
  undo.push(() => context.close())
  const worker = await workerOf(context)
  const person = await personAt(context, homeOf(worker))
  await person.importWallet(PHRASE)
  const [known, other] = [`http://localhost:${port}`, `http://127.0.0.1:${port}`]
  const page = await context.newPage()
  await page.goto(known)
  const { window, answer } = await clickFor(page, 'wallet_requestAccounts')
  await person.allow(window, 'Connect')
  const [address] = (await answer).result as string[]
  if (address === undefined) throw new Error('the site was not connected')
  await page.close()
  ground = { context, person, address, known, other }
})
test.afterAll(async () => {
  for (const act of undo.reverse()) await act()
})

const seenBy = (page: Page) => request(page, 'wallet_requestAccounts', { silent_mode: true })
const open = async (url: string) => {
  const page = await ground.context.newPage()
  await page.goto(url)
  return page
}
const asKnown = () => ({ result: [ground.address] })
const asStranger = { result: [] }

test('T1: 1 of 14, a top page is its own origin, and the other one is another', async () => {
  const [known, other] = [await open(ground.known), await open(ground.other)]
  expect(await seenBy(known)).toEqual(asKnown())
  expect(await seenBy(other)).toEqual(asStranger)
  await known.close()
  await other.close()
})

/** What a frame does: looks for a provider, and posts well-formed requests to the page around it. */
const FRAME = `
  const id = 'f'.repeat(32)
  const params = '{"silent_mode":true}'
  const frame = { v: 1, kind: 'request', id, type: 'wallet_requestAccounts', params, gesture: true }
  for (const to of [parent, top, self]) {
    to.postMessage({ to: 'latchkey:bridge', frame: { v: 1, kind: 'listen' } }, '*')
    to.postMessage({ to: 'latchkey:bridge', frame }, '*')
  }
  const provider = typeof window.starknet_latchkey
  parent.postMessage({ looked: provider }, '*')
  addEventListener('message', (event) => { if (event.data && event.data.to === 'latchkey:page') parent.postMessage({ heard: true }, '*') })
`
const FRAMED = `<!doctype html><script>${FRAME}</script>`
const FRAMES: readonly [number, string, (it: Ground) => string][] = [
  [2, 'a frame of another origin', ({ other }) => `<iframe src="${other}/framed"></iframe>`],
  [3, 'a frame of the same origin', ({ known }) => `<iframe src="${known}/framed"></iframe>`],
  [4, 'a sandboxed frame', ({ known }) => `<iframe sandbox="allow-scripts" src="${known}/framed"></iframe>`],
  [6, 'srcdoc', () => `<iframe srcdoc="${FRAMED.replaceAll('"', '&quot;')}"></iframe>`],
  [
    7,
    'about:blank',
    () =>
      `<iframe id="blank"></iframe><script>const script = blank.contentDocument.createElement('script'); script.textContent = ${JSON.stringify(FRAME)}; blank.contentDocument.body.append(script)</script>`,
  ],
  [8, 'data:', () => `<iframe src="data:text/html,${encodeURIComponent(FRAMED)}"></iframe>`],
  [
    9,
    'blob:',
    () =>
      `<iframe id="blob"></iframe><script>blob.src = URL.createObjectURL(new Blob([${JSON.stringify(FRAMED).replaceAll('</', '<\\/')}], { type: 'text/html' }))</script>`,
  ],
]
for (const [place, name, frame] of FRAMES)
  test(`T1 T2: ${place} of 14, ${name} has no provider, and what it posts to the page around it reaches nobody`, async () => {
    const page = await ground.context.newPage()
    around = `<script>
      window.said = []
      addEventListener('message', (event) => window.said.push(event.data))
    </script>${frame(ground)}`
    await page.goto(`${ground.known}/around`)
    const said = () => page.evaluate(() => Reflect.get(window, 'said') as { looked?: string }[])
    await expect.poll(async () => (await said()).filter((it) => 'looked' in it)).toEqual([{ looked: 'undefined' }])
    // The page's own requests are answered after everything that the frame had posted before.
    for (let round = 0; round < 3; round += 1) expect(await seenBy(page)).toEqual(asKnown())
    const answers = (await said()).filter((it) => JSON.stringify(it).includes('f'.repeat(32)) && 'to' in it)
    expect(answers.filter((it) => (it as { to: string }).to === 'latchkey:page')).toEqual([])
    expect((await said()).filter((it) => 'heard' in it)).toEqual([])
    await page.close()
  })

test('T1: 5 of 14, a page sandboxed by a header has no origin, and learns nothing', async () => {
  const page = await open(`${ground.known}/sandboxed`)
  expect(await page.evaluate(() => origin)).toBe('null')
  const answer = await page.evaluate(async () => {
    const { starknet_latchkey: wallet } = window as unknown as {
      starknet_latchkey?: { request(call: object): Promise<unknown> }
    }
    if (wallet === undefined) return 'no provider'
    return wallet.request({ type: 'wallet_requestAccounts', params: { silent_mode: true } }).then(
      (result) => JSON.stringify(result),
      (error: { code: number }) => error.code,
    )
  })
  expect(['no provider', 163]).toContain(answer)
  await page.close()
})

test('T1: 10 of 14, after a redirect a page is where it arrived', async () => {
  for (const [from, to, seen] of [
    [ground.known, ground.other, asStranger],
    [ground.other, ground.known, asKnown()],
  ] as const) {
    const page = await open(`${from}/moved?${encodeURIComponent(to)}`)
    expect(new URL(page.url()).origin).toBe(to)
    expect(await seenBy(page)).toEqual(seen)
    await page.close()
  }
})

test('T1: 11 of 14, after a meta refresh a page is where it arrived', async () => {
  for (const [from, to, seen] of [
    [ground.known, ground.other, asStranger],
    [ground.other, ground.known, asKnown()],
  ] as const) {
    const page = await open(`${from}/refresh?${encodeURIComponent(to)}`)
    await page.waitForURL(`${to}/**`)
    expect(await seenBy(page)).toEqual(seen)
    await page.close()
  }
})

test('T1: 12 of 14, a path that a script wrote changes nothing of who asks', async () => {
  for (const [at, seen] of [
    [ground.known, asKnown()],
    [ground.other, asStranger],
  ] as const) {
    const page = await open(at)
    await page.evaluate(() => history.pushState({}, '', '/@localhost/elsewhere?origin=http://localhost'))
    expect(await seenBy(page)).toEqual(seen)
    await page.close()
  }
})

test('T1: 13 of 14, a page that comes back from the cache is answered and told as before, and no other page is', async () => {
  reports.length = 0
  const page = await open(`${ground.known}/leaves`)
  // Playwright loses sight of a page that was kept: it tells by itself, to the server.
  await page.evaluate((to) => {
    location.href = to
  }, `${ground.other}/returns`)
  await expect
    .poll(() => reports)
    .toEqual([
      { at: ground.other, result: [] },
      { at: ground.known, kept: true, result: [ground.address] },
    ])
  // Events too find it again: an unlock is told.
  await ground.person.lock()
  await ground.person.unlock()
  await expect.poll(() => reports.slice(2)).toEqual([{ at: ground.known, told: [ground.address] }])
  await page.close()
})

test('T1: 14 of 14, a page that nobody has opened yet asks nobody; opened, it is answered', async ({ build }) => {
  reports.length = 0
  const browser = byItself(build, `${ground.known}/before`)
  try {
    await expect
      .poll(() => reports, { timeout: 60_000 })
      .toEqual([{ at: ground.known, asked: 'before it was opened', answered: 'opened', result: [] }])
  } finally {
    await browser.stop()
  }
})

/**
 * A browser that nobody drives: one that is watched through DevTools makes no page before it is opened. It knows no wallet, so
 * that it is answered at all is what is seen.
 */
function byItself(build: Build, url: string): { stop(): Promise<void> } {
  const profile = mkdtempSync(`${tmpdir()}/latchkey-origins-`)
  prepare(profile)
  const child = spawn(
    process.env.CHROME_PATH ?? chromium.executablePath(),
    [
      '--headless=new',
      '--no-sandbox',
      '--no-first-run',
      '--disable-dev-shm-usage',
      `--user-data-dir=${profile}`,
      ...extensionArgs(build),
      url,
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    stop: async () => {
      child.kill('SIGKILL')
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** What pages of the cache told. */
const reports: unknown[] = []
/** What stands around a frame. */
let around = ''
/** A page that was asked for before it was opened says so here. */
let prerendered = ''

function reply(url: string, host: string, answer: ServerResponse): void {
  const { pathname, search } = new URL(url, `http://${host}`)
  const to = decodeURIComponent(search.slice(1))
  const html = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    answer.writeHead(200, { 'content-type': 'text/html', ...headers }).end(`<!doctype html><title>Page</title>${body}`)
  switch (pathname) {
    case '/moved':
      answer.writeHead(302, { location: `${to}/arrived` }).end()
      return
    case '/refresh':
      html(`<meta http-equiv="refresh" content="0; url=${to}/arrived">`)
      return
    case '/sandboxed':
      html('<h1>Playground</h1>', { 'content-security-policy': 'sandbox allow-scripts' })
      return
    case '/around':
      html(`<body>${around}</body>`)
      return
    case '/framed':
      html(`<script>${FRAME}</script>`)
      return
    case '/leaves':
      html(`<script>
        const tell = (it) => fetch('/told?' + encodeURIComponent(JSON.stringify({ at: origin, ...it })))
        starknet_latchkey.on('accountsChanged', (told) => tell({ told }))
        addEventListener('pageshow', async ({ persisted: kept }) => {
          if (kept) tell({ kept, result: await starknet_latchkey.request({ type: 'wallet_requestAccounts', params: { silent_mode: true } }) })
        })
      </script>`)
      return
    case '/returns':
      html(`<script>
        addEventListener('load', async () => {
          const result = await starknet_latchkey.request({ type: 'wallet_requestAccounts', params: { silent_mode: true } })
          await fetch('/told?' + encodeURIComponent(JSON.stringify({ at: origin, result })))
          history.back()
        })
      </script>`)
      return
    case '/told':
      reports.push(JSON.parse(to))
      answer.writeHead(200).end()
      return
    case '/before':
      html(`<script type="speculationrules">{"prerender":[{"urls":["/next"],"eagerness":"immediate"}]}</script><script>
        const look = async () => {
          if ((await (await fetch('/prerendered')).text()) === 'asked') location.href = '/next'
          else setTimeout(look, 100)
        }
        look()
      </script>`)
      return
    case '/next':
      html(`<script>
        const when = () => (document.prerendering ? 'before it was opened' : 'opened')
        const asked = when()
        starknet_latchkey.request({ type: 'wallet_requestAccounts', params: { silent_mode: true } }).then((result) => {
          fetch('/told?' + encodeURIComponent(JSON.stringify({ at: origin, asked, answered: when(), result })))
        })
        if (document.prerendering) fetch('/asked')
      </script>`)
      return
    case '/asked':
      prerendered = 'asked'
      answer.writeHead(200).end()
      return
    case '/prerendered':
      answer.writeHead(200).end(prerendered)
      return
    default:
      html('<h1>Playground</h1>')
  }
}
