/**
 * Extensions in one Chromium, over one stub node: ours as it is built, the same with everything imported at its top, two small
 * ones on starknet.js, and an empty one. Each worker is stopped, then a page asks it for something and waits for the answer.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContext, chromium, expect, type Page, type Worker } from '@playwright/test'
import { build, type Plugin } from 'vite'
import { homeOf } from '../e2e/browser.ts'
import { killerOf } from '../e2e/killer.ts'
import { personAt } from '../e2e/person.ts'
import { clickFor } from '../e2e/site.ts'

const STOPS = Number(process.env.STOPS ?? 20)
const GAME: Game = {
  address: '0x6a3e',
  method: 'move_0',
  calldata: (round) => [`0x${round + 1}`, '0x2', '0x3'],
}
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const OUT = at('./dist/wake')

export interface StubNode {
  readonly url: string
  /** How often each method was asked. */
  readonly asked: () => Promise<Readonly<Record<string, number>>>
}

/** By extension: ms from the page's ask to the answer. */
export type Times = Readonly<Record<Name, readonly number[]>>
const NAMES = ['ours', 'eager', 'starknet', 'given', 'empty'] as const
export type Name = (typeof NAMES)[number]

export async function measureWake(node: StubNode, chrome: string | undefined): Promise<Times> {
  await buildAll()
  const page = await servePage()
  const profile = mkdtempSync(join(tmpdir(), 'latchkey-wake-'))
  const context = await launch(profile, node.url, chrome)
  try {
    const workers = await workersOf(context)
    const of = (name: Name) => ({ context, name, worker: workers.get(name)! })
    const askOf = (round: number) => ({
      url: node.url,
      key: '0x1001',
      call: { contractAddress: GAME.address, entrypoint: GAME.method, calldata: [round + 1, 2, 3] },
    })
    const runs = {
      ours: await wallet(of('ours'), page.at('localhost')),
      eager: await wallet(of('eager'), page.at('127.0.0.1')),
      starknet: await small(of('starknet'), page.at('localhost'), (round) => ({ ...askOf(round), address: '0x5a1' })),
      given: await small(of('given'), page.at('localhost'), (round) => ({
        ...askOf(round),
        address: '0x5a2',
        nonce: round,
      })),
      empty: await small(of('empty'), page.at('localhost'), (round) => ({ round })),
    }
    const times: Record<Name, number[]> = { ours: [], eager: [], starknet: [], given: [], empty: [] }
    // The first stop of each is not counted: pages and connections settle.
    for (let round = 0; round <= STOPS; round += 1) {
      const before = await receipts(node)
      for (const name of round % 2 === 0 ? NAMES : [...NAMES].reverse()) {
        await runs[name].stop()
        const took = await runs[name].ask(round)
        if (round > 0) times[name].push(took)
      }
      // What the two wallets sent is settled before the next stop: no worker starts with work left over.
      await expect.poll(() => receipts(node), { timeout: 30_000, intervals: [50] }).toBeGreaterThanOrEqual(before + 2)
      await quiet(node)
    }
    return times
  } finally {
    await context.close()
    await page.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

export interface Run {
  readonly stop: () => Promise<void>
  /** ms from the page's ask to the answer. */
  readonly ask: (round: number) => Promise<number>
}

export interface WalletRun extends Run {
  /** Until what was sent is settled: asks whether one more would be sent, which reads the chain's head. */
  readonly settled: () => Promise<void>
}

export interface Extension {
  readonly context: BrowserContext
  readonly name: Name
  readonly worker: Worker
}

async function receipts(node: StubNode): Promise<number> {
  return (await node.asked()).starknet_getTransactionReceipt ?? 0
}

/** Until nobody has asked the node anything for a moment. */
export async function quiet(node: StubNode): Promise<void> {
  const count = async () => Object.values(await node.asked()).reduce((sum, n) => sum + n, 0)
  for (let before = -1, now = await count(); now !== before; now = await count()) {
    before = now
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

// ---- The extensions.

async function buildAll(): Promise<void> {
  rmSync(OUT, { recursive: true, force: true })
  await buildWallet(`${OUT}/ours`, [])
  await buildWallet(`${OUT}/eager`, [openDoors()])
  const manifest = (name: Name) => {
    const file = `${OUT}/${name}/manifest.json`
    return {
      read: () => JSON.parse(readFileSync(file, 'utf8')),
      write: (it: object) => writeFileSync(file, JSON.stringify(it)),
    }
  }
  for (const [name, host] of [
    ['ours', 'localhost'],
    ['eager', '127.0.0.1'],
  ] as const) {
    const { read, write } = manifest(name)
    // Each is on pages of its own: they have one name in the page. Without a key each folder has its own id.
    const { key: _, content_scripts: scripts, ...rest } = read()
    const matches = [`http://${host}/*`]
    write({ ...rest, description: name, content_scripts: scripts.map((it: object) => ({ ...it, matches })) })
  }
  for (const [name, source] of [
    ['starknet', 'starknet.js'],
    ['given', 'starknet.js'],
    ['empty', 'empty.js'],
  ] as const) {
    mkdirSync(`${OUT}/${name}`, { recursive: true })
    cpSync(at('./wake/bridge.js'), `${OUT}/${name}/bridge.js`)
    manifest(name).write({
      manifest_version: 3,
      name,
      description: name,
      version: '1',
      background: { service_worker: 'worker.js', type: 'module' },
      content_scripts: [{ matches: ['http://localhost/*'], js: ['bridge.js'], run_at: 'document_start' }],
    })
    await build({
      configFile: false,
      publicDir: false,
      logLevel: 'error',
      build: {
        outDir: `${OUT}/${name}`,
        emptyOutDir: false,
        target: 'chrome120',
        minify: true,
        rolldownOptions: {
          input: at(`./wake/${source}`),
          output: { entryFileNames: 'worker.js' },
        },
      },
    })
  }
}

export async function buildWallet(outDir: string, plugins: Plugin[]): Promise<void> {
  await build({
    root: at('..'),
    configFile: at('../vite.config.ts'),
    logLevel: 'error',
    plugins,
    build: { outDir, emptyOutDir: true },
  })
}

/**
 * The wallet without its rings: what is behind a door in the built worker is imported at its top, and starknet.js, whose work
 * the wallet's own code does, with it. The doors stay, and find everything evaluated.
 */
function openDoors(): Plugin {
  const WORKER = at('../src/background/service-worker.ts')
  const FIRST = "import '../platform/egress.ts'"
  return {
    name: 'open-doors',
    enforce: 'pre',
    transform(source, id) {
      if (id !== WORKER) return null
      if (!source.includes(FIRST)) throw new Error('the worker begins otherwise than this bench thinks')
      const doors = ['./sites.ts', './person.ts', '../cold/index.ts', 'starknet']
      const imports = doors.map((door, at) => `import * as door${at} from '${door}'`)
      const used = `globalThis.openDoors = [${doors.map((_, at) => `door${at}`)}]`
      return { code: source.replace(FIRST, [FIRST, ...imports, used].join('\n')), map: null }
    },
  }
}

function launch(profile: string, nodeUrl: string, executablePath: string | undefined): Promise<BrowserContext> {
  const extensions = NAMES.map((name) => `${OUT}/${name}`).join(',')
  const { port } = new URL(nodeUrl)
  mkdirSync(`${profile}/Default`, { recursive: true })
  return chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    viewport: null,
    args: [
      `--disable-extensions-except=${extensions}`,
      `--load-extension=${extensions}`,
      `--host-resolver-rules=MAP 127.0.0.1:5050 127.0.0.1:${port}, MAP 127.0.0.1 127.0.0.1, MAP localhost 127.0.0.1, MAP * ~NOTFOUND`,
      '--screen-info={1600x1200}',
    ],
  })
}

// ---- Who asks them.

export interface Game {
  readonly address: string
  readonly method: string
  readonly calldata: (round: number) => readonly string[]
  /** Before the site asks for its session: an account has money, where a node looks at that. */
  readonly pay?: (account: string) => Promise<void>
}

/** A wallet with a running session, as a person and a site bring it about. */
export async function wallet(
  { context, name, worker }: Extension,
  url: string,
  { address: contract, method, calldata, pay }: Game = GAME,
): Promise<WalletRun> {
  const person = await personAt(context, homeOf(worker))
  await person.createWallet()
  await person.selectNetwork('Devnet')
  const page = await opened(context, url)
  const connect = await clickFor(page, 'wallet_requestAccounts')
  await person.allow(connect.window, 'Connect')
  const [account] = (await connect.answer).result as [string]
  await pay?.(account)
  const session = await clickFor(page, 'wallet_requestSession', {
    calls: [{ contract_address: contract, entry_point: [method], required: true }],
    duration: 3600,
  })
  await person.allowAsAsked(session.window, 'Allow session')
  const { result } = await session.answer
  if ((result as { readonly status?: string } | undefined)?.status !== 'active') throw new Error(`${name}: no session`)
  await person.page.close()
  const request = (type: string, round: number) =>
    page.evaluate(
      async ({ type, call }) => {
        const wallet = (window as unknown as { starknet_latchkey: { request(call: object): Promise<unknown> } })
          .starknet_latchkey
        const params = { calls: [call], session: { mode: 'only' } }
        const from = performance.now()
        const answer = await wallet.request({ type, params })
        return { took: performance.now() - from, answer: JSON.stringify(answer) }
      },
      { type, call: { contract_address: contract, entry_point: method, calldata: calldata(round) } },
    )
  const ask = async (round: number) => {
    const { took, answer } = await request('wallet_addInvokeTransaction', round)
    return checked(name, took, answer)
  }
  const isSettled = async () => {
    const { verdict, meters } = JSON.parse((await request('wallet_checkSession', 0)).answer)
    return verdict === 'auto' && meters.every(({ held }: { readonly held: string }) => held === '0')
  }
  const settled = () => expect.poll(isSettled, { timeout: 30_000, intervals: [50] }).toBe(true)
  return { stop: (await killerOf(context, worker)).kill, ask, settled }
}

async function small(
  { context, name, worker }: Extension,
  url: string,
  askOf: (round: number) => object,
): Promise<Run> {
  const page = await opened(context, url)
  const ask = async (round: number) => {
    const { took, answer } = await page.evaluate(
      async ({ name, ask }) => {
        const answered = new Promise<unknown>((resolve) => {
          const listen = ({ data }: MessageEvent) => {
            if (data?.from !== name) return
            removeEventListener('message', listen)
            resolve(data.answer)
          }
          addEventListener('message', listen)
        })
        const from = performance.now()
        postMessage({ to: name, ask }, location.origin)
        const answer = await answered
        return { took: performance.now() - from, answer: JSON.stringify(answer) }
      },
      { name, ask: askOf(round) },
    )
    return checked(name, took, answer)
  }
  return { stop: (await killerOf(context, worker)).kill, ask }
}

/** An answer that is none must not count as a quick one. */
function checked(name: Name, took: number, answer: string): number {
  const expected = name === 'empty' ? /^{"asked":/ : /^{"transaction_hash":"0x[0-9a-f]+"}$/
  if (!expected.test(answer)) throw new Error(`${name} answered ${answer}`)
  return took
}

async function opened(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url)
  return page
}

/** Told apart by what their manifests say; while all of them still run, right after the start. */
async function workersOf(context: BrowserContext): Promise<ReadonlyMap<string, Worker>> {
  const found = new Map<string, Worker>()
  const look = async () => {
    for (const worker of context.serviceWorkers()) {
      if ([...found.values()].includes(worker)) continue
      found.set(await worker.evaluate(() => chrome.runtime.getManifest().description ?? ''), worker)
    }
    return NAMES.every((name) => found.has(name))
  }
  await expect.poll(look, { timeout: 20_000, intervals: [50] }).toBe(true)
  return found
}

/** A page with nothing but what can be clicked, of two origins. */
export async function servePage() {
  const server = createServer((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>Bench</title><h1>Playground</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  const { port } = address
  return {
    at: (host: string) => `http://${host}:${port}/`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
