/**
 * The built extension with a running session, awake: a page's call to its answer, and a bare fetch of as many bytes from the
 * same worker. Over a stub node the two take turns; on a devnet, which takes a transaction once, the bare fetch is the very one
 * that the call sends. The build differs from the wallet's in one module: before the worker locks its ways out, it keeps the
 * browser's own fetch for the comparison, and looks at the clock around the one that is used.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Worker } from '@playwright/test'
import type { Plugin } from 'vite'
import { deployFixtures, startDevnet } from '../e2e/devnet.ts'
import { buildWallet, type Game, quiet, type StubNode, servePage, type WalletRun, wallet } from './wake-work.ts'

/** Of each kind of node. */
const ROUNDS = Number(process.env.ROUNDS ?? 30)
const WARM_UP = 10
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const OUT = at('./dist/answer')

/** ms; `At50`: of a node that answers after 50 ms, like one on the network; `OnDevnet`: of one that runs what it is sent. */
export type Times = Readonly<
  Record<'answer' | 'fetch' | 'answerAt50' | 'fetchAt50' | 'answerOnDevnet' | 'fetchOnDevnet', readonly number[]>
>

export interface DelayedNode extends StubNode {
  readonly delay: (ms: number) => Promise<void>
}

export async function measureAnswer(node: DelayedNode, executablePath: string | undefined): Promise<Times> {
  await buildWallet(OUT, [keepFetch()])
  return { ...(await overStub(node, executablePath)), ...(await onDevnet(executablePath)) }
}

type StubTimes = Pick<Times, 'answer' | 'fetch' | 'answerAt50' | 'fetchAt50'>
function overStub(node: DelayedNode, executablePath: string | undefined): Promise<StubTimes> {
  return withWallet({ port: new URL(node.url).port, executablePath }, async (run, worker) => {
    const times: Record<keyof StubTimes, number[]> = { answer: [], fetch: [], answerAt50: [], fetchAt50: [] }
    let asked = 0
    for (const delay of [0, 50]) {
      await node.delay(delay)
      for (let round = -WARM_UP; round < ROUNDS; round += 1) {
        await steady(run, node)
        const both = { answer: () => run.ask(asked++), fetch: () => bare(worker, node.url) }
        for (const name of round % 2 === 0 ? (['answer', 'fetch'] as const) : (['fetch', 'answer'] as const)) {
          const took = await both[name]()
          if (round >= 0) times[delay === 0 ? name : (`${name}At50` as const)].push(took)
        }
      }
    }
    return times
  })
}

async function onDevnet(executablePath: string | undefined): Promise<Pick<Times, 'answerOnDevnet' | 'fetchOnDevnet'>> {
  const devnet = await startDevnet()
  try {
    const { game: address } = await deployFixtures(devnet)
    const game: Game = {
      address,
      method: 'move',
      calldata: (round) => [`0x${round + 1}`, '0x2'],
      pay: (account) => devnet.mint(account, 100n * 10n ** 18n),
    }
    return await withWallet({ port: `${devnet.port}`, executablePath, game }, async (run, worker) => {
      const asked = async () => ({ all: (await outIn(worker)).asked })
      const times = { answerOnDevnet: [] as number[], fetchOnDevnet: [] as number[] }
      for (let round = -WARM_UP; round < ROUNDS; round += 1) {
        await steady(run, { url: devnet.url, asked })
        const took = await run.ask(round + WARM_UP)
        const [own] = (await outIn(worker)).sent.slice(-1)
        if (own === undefined) throw new Error('nothing was sent')
        if (round >= 0) {
          times.answerOnDevnet.push(took)
          times.fetchOnDevnet.push(own)
        }
      }
      return times
    })
  } finally {
    await devnet.stop()
  }
}

/** A browser with the wallet and its session; the node it knows as devnet's is at `port`. */
async function withWallet<T>(
  {
    port,
    executablePath,
    game,
  }: { readonly port: string; readonly executablePath: string | undefined; readonly game?: Game },
  act: (run: WalletRun, worker: Worker) => Promise<T>,
): Promise<T> {
  const page = await servePage()
  const profile = mkdtempSync(join(tmpdir(), 'latchkey-answer-'))
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    viewport: null,
    args: [
      `--disable-extensions-except=${OUT}`,
      `--load-extension=${OUT}`,
      `--host-resolver-rules=MAP 127.0.0.1:5050 127.0.0.1:${port}, MAP 127.0.0.1 127.0.0.1, MAP localhost 127.0.0.1, MAP * ~NOTFOUND`,
      '--screen-info={1600x1200}',
    ],
  })
  try {
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker', { timeout: 60_000 }))
    return await act(await wallet({ context, name: 'ours', worker }, page.at('localhost'), game), worker)
  } finally {
    await context.close()
    await page.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

/**
 * No round shares the worker with the work of the one before. What is known of the chain lasts two minutes on a node of the
 * network, and two seconds on one of this computer, whose owner moves its time (heads.ts): read right before, it is known in
 * each round, as in a game on the network.
 */
async function steady(run: WalletRun, node: StubNode): Promise<void> {
  await run.settled()
  await quiet(node)
  await run.settled()
}

interface Out {
  /** How many requests have left. */
  readonly asked: number
  /** ms, of each transaction: from the fetch to the last byte of its answer. */
  readonly sent: readonly number[]
}
function outIn(worker: Worker): Promise<Out> {
  return worker.evaluate(() => (globalThis as unknown as { out: Out }).out)
}

/** The stub hashes it like the wallet's own, and takes it once: the work and the bytes are the same. */
function bare(worker: Worker, url: string): Promise<number> {
  return worker.evaluate(
    async ({ url, body }) => {
      const { bareFetch } = globalThis as unknown as { bareFetch: typeof fetch }
      const from = performance.now()
      const headers = { 'content-type': 'application/json' }
      const answer = await bareFetch(url, { method: 'POST', headers, body, credentials: 'omit' })
      await answer.text()
      return performance.now() - from
    },
    { url: url.replace(/:\d+/, ':5050'), body: BODY },
  )
}

const bound = { max_amount: '0x124f80', max_price_per_unit: '0x2540be400' }
const FELT = `0x${'7'.repeat(62)}`
const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'starknet_addInvokeTransaction',
  params: {
    invoke_transaction: {
      type: 'INVOKE',
      version: '0x3',
      sender_address: '0x5a7',
      calldata: ['0x1', '0x6a3e', FELT, '0x3', '0x1', '0x2', '0x3'],
      signature: Array(40).fill(FELT),
      nonce: '0x0',
      resource_bounds: { l1_gas: bound, l2_gas: bound, l1_data_gas: bound },
      tip: '0x0',
      nonce_data_availability_mode: 'L1',
      fee_data_availability_mode: 'L1',
      paymaster_data: [],
      account_deployment_data: [],
    },
  },
})

const TIMED = `
const bareFetch = fetch.bind(globalThis)
const out = { asked: 0, sent: [] }
const timed = async (url, init) => {
  out.asked += 1
  const isSent = init.body.includes('"starknet_addInvokeTransaction"')
  const from = performance.now()
  const answer = await bareFetch(url, init)
  const bytes = await answer.arrayBuffer()
  if (isSent) out.sent.push(performance.now() - from)
  return new Response(bytes, { status: answer.status, headers: answer.headers })
}
Object.assign(globalThis, { bareFetch, out, fetch: timed })
`

function keepFetch(): Plugin {
  const WORKER = at('../src/background/service-worker.ts')
  const FIRST = "import '../platform/egress.ts'"
  return {
    name: 'keep-fetch',
    enforce: 'pre',
    resolveId: (id) => (id === 'keep-fetch' ? '\0keep-fetch' : null),
    load: (id) => (id === '\0keep-fetch' ? TIMED : null),
    transform(source, id) {
      if (id !== WORKER) return null
      if (!source.includes(FIRST)) throw new Error('the worker begins otherwise than this bench thinks')
      return { code: source.replace(FIRST, `import 'keep-fetch'\n${FIRST}`), map: null }
    },
  }
}
