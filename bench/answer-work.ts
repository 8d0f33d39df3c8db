/**
 * The built extension with a running session, awake, over a stub node: a page's call to its answer, and in turns with it a bare
 * fetch of as many bytes from the same worker. The build differs from the wallet's in one line: before the worker locks its
 * ways out, it keeps the browser's own fetch for the comparison.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, expect, type Worker } from '@playwright/test'
import type { Plugin } from 'vite'
import { buildWallet, quiet, type StubNode, servePage, wallet } from './wake-work.ts'

/** Of each kind of node. */
const ROUNDS = Number(process.env.ROUNDS ?? 30)
const WARM_UP = 10
const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const OUT = at('./dist/answer')

/** ms; `at50`: of a node that answers after 50 ms, like one on the network. */
export type Times = Readonly<Record<'answer' | 'fetch' | 'answerAt50' | 'fetchAt50', readonly number[]>>

export interface DelayedNode extends StubNode {
  readonly delay: (ms: number) => Promise<void>
}

export async function measureAnswer(node: DelayedNode, executablePath: string | undefined): Promise<Times> {
  await buildWallet(OUT, [keepFetch()])
  const page = await servePage()
  const profile = mkdtempSync(join(tmpdir(), 'latchkey-answer-'))
  const context = await chromium.launchPersistentContext(profile, {
    ...(executablePath === undefined ? {} : { executablePath }),
    viewport: null,
    args: [
      `--disable-extensions-except=${OUT}`,
      `--load-extension=${OUT}`,
      `--host-resolver-rules=MAP 127.0.0.1:5050 127.0.0.1:${new URL(node.url).port}, MAP 127.0.0.1 127.0.0.1, MAP localhost 127.0.0.1, MAP * ~NOTFOUND`,
      '--screen-info={1600x1200}',
    ],
  })
  try {
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker', { timeout: 60_000 }))
    const ours = await wallet({ context, name: 'ours', worker }, page.at('localhost'))
    const times: Record<keyof Times, number[]> = { answer: [], fetch: [], answerAt50: [], fetchAt50: [] }
    let asked = 0
    for (const delay of [0, 50]) {
      await node.delay(delay)
      for (let round = -WARM_UP; round < ROUNDS; round += 1) {
        const both = { answer: () => ours.ask(asked++), fetch: () => bare(worker, node.url) }
        for (const name of round % 2 === 0 ? (['answer', 'fetch'] as const) : (['fetch', 'answer'] as const)) {
          const took = await both[name]()
          if (round >= 0) times[delay === 0 ? name : (`${name}At50` as const)].push(took)
        }
        // Its receipt is read and booked: the next round does not share the worker with the work of this one.
        const settled = async () => ((await node.asked()).starknet_getTransactionReceipt ?? 0) >= asked
        await expect.poll(settled, { timeout: 30_000, intervals: [20] }).toBe(true)
        await quiet(node)
      }
    }
    return times
  } finally {
    await context.close()
    await page.stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
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

function keepFetch(): Plugin {
  const WORKER = at('../src/background/service-worker.ts')
  const FIRST = "import '../platform/egress.ts'"
  return {
    name: 'keep-fetch',
    enforce: 'pre',
    resolveId: (id) => (id === 'keep-fetch' ? '\0keep-fetch' : null),
    load: (id) => (id === '\0keep-fetch' ? 'globalThis.bareFetch = fetch.bind(globalThis)' : null),
    transform(source, id) {
      if (id !== WORKER) return null
      if (!source.includes(FIRST)) throw new Error('the worker begins otherwise than this bench thinks')
      return { code: source.replace(FIRST, `import 'keep-fetch'\n${FIRST}`), map: null }
    },
  }
}
