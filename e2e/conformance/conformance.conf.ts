import { createServer } from 'node:http'
import type { Page } from '@playwright/test'
import { dapp } from '../../src/core/protocol/dapp.ts'
import { type Cell, TOLD } from '../../src/core/protocol/told.ts'
import { expect, test } from '../kept.ts'
import { clickFor, type Outcome, request, windowsFrom } from '../site.ts'
import { type Bad, type Case, casesOf, NONE, OTHER_CHAIN } from './cases.ts'
import { DIFFERENCES, type Difference, differenceOf, SPECIFIED } from './schema.ts'

test.use({ story: 'conformance' })

const STATES = ['not connected', 'unlocked', 'locked', 'locked, running'] as const
type State = 0 | 1 | 2 | 3
type AnyMethod = keyof ReturnType<typeof casesOf>
interface Line {
  readonly method: string
  readonly state: State
  readonly shape: string
  readonly got: string
  readonly wanted: string
  readonly difference?: Difference
}

test('every method in every state answers as it is told, in the shapes of the specification', async ({
  kept,
  fixtures,
}) => {
  test.setTimeout(1_200_000)
  const node = await otherChain()
  try {
    const facts = { game: fixtures.game, coin: fixtures.coin, node: node.url }
    const cases = casesOf({ ...facts, session: NONE })
    // Whatever else may be asked one day: a method without its cases here fails.
    const methods = Object.keys(dapp) as AnyMethod[]
    expect(methods.filter((method) => cases[method] === undefined)).toEqual([])
    const player = await kept.player()
    const running = player.url()
    const { result: known } = await request(player, 'wallet_getSessions')
    const runs = (known as { id: string; status: string }[]).filter(({ status }) => status === 'active').at(-1)
    if (runs === undefined) throw new Error('no session is active')
    await player.close()
    await kept.person.backUp()
    const connected = await kept.visitor()
    const visited = connected.url()
    await connected.close()
    const lines: Line[] = []
    /** One that its site may name, and that does nothing else asked here. */
    const sessionOf = async (url: string, rests: boolean): Promise<string> => {
      const page = await kept.site.open(url)
      const ask = { calls: [{ contract_address: fixtures.game, entry_point: 'say' }], duration: 3_600 }
      const { window, answer } = await clickFor(page, 'wallet_requestSession', ask)
      const runs = window.getByRole('switch', { name: 'Runs while locked' })
      if (rests) await runs.click()
      await expect(runs).toBeChecked({ checked: !rests })
      await kept.person.allow(window, 'Allow session')
      const { result } = await answer
      await page.close()
      return (result as { id: string }).id
    }
    const inState = async (state: State, url: string, session: string) => {
      const own = casesOf({ ...facts, session })
      // The last one: after it the site is another one.
      for (const method of [...methods.filter((it) => it !== 'wallet_disconnect'), 'wallet_disconnect'] as const) {
        const asked = await cellOf(method, state, own[method], () => kept.site.open(url))
        lines.push(...asked)
        // As it goes on, for who watches a slow machine.
        const right = asked.filter(({ got, wanted }) => got === wanted).length
        console.log(`${STATES[state]}: ${method}: ${right} of ${asked.length}`)
        for (const it of asked) if (it.got !== it.wanted) console.log(`  ${it.shape}: ${it.got}, not ${it.wanted}`)
      }
    }
    const stranger = await kept.stranger()
    const unknown = stranger.url()
    await stranger.close()
    await inState(0, unknown, NONE)
    const second = await kept.visitor()
    const secondUrl = second.url()
    await second.close()
    await inState(1, secondUrl, await sessionOf(secondUrl, false))
    const resting = await sessionOf(visited, true)
    await kept.person.lock()
    await inState(2, visited, resting)
    await inState(3, running, runs.id)
    await kept.person.unlock()

    console.log(printed(lines))
    const wrong = lines.filter(({ got, wanted }) => got !== wanted)
    expect(
      wrong.map(
        ({ method, state, shape, got, wanted }) => `${method}, ${STATES[state]}, ${shape}: ${got}, not ${wanted}`,
      ),
    ).toEqual([])
  } finally {
    node.stop()
  }
})

async function cellOf(
  method: AnyMethod,
  state: State,
  { good, bad, byKey }: Case,
  open: () => Promise<Page>,
): Promise<Line[]> {
  const page = await open()
  const windows = windowsFrom(page)
  const lines: Line[] = []
  for (const it of bad.filter(({ connected }) => state > 0 || connected === undefined))
    lines.push(badLine(method, state, it, await request(page, method, it.params as object)))
  const opened = windows.count()
  if (opened > 0) lines.push({ method, state, shape: 'bad ones', got: `${opened} windows`, wanted: 'no window' })
  await page.close()
  if (byKey && state > 0) return lines
  const wanted = TOLD[method].cells[state]
  lines.push(
    wanted === 'connect' || wanted === 'unlock' || wanted === 'window'
      ? { method, state, shape: 'good', wanted, got: await windowOf(method, good, open) }
      : await goodLine(method, state, good, wanted, open),
  )
  return lines
}

/** Nobody decides: the page goes, and its question with it. */
async function windowOf(method: AnyMethod, good: object | undefined, open: () => Promise<Page>): Promise<string> {
  const page = await open()
  try {
    const { window } = await clickFor(page, method, good)
    const named = (name: string) => window.getByRole('button', { name, exact: true })
    await expect(named('Unlock').or(named('Refuse')).first()).toBeVisible()
    // By its title: its button says another word until it is armed.
    const asks = window.getByRole('heading', { name: 'Connect', exact: true })
    const kind = (await named('Unlock').isVisible()) ? 'unlock' : (await asks.isVisible()) ? 'connect' : 'window'
    await page.close()
    // The question goes with its page, and counts as no refusal; its window may stay, with nothing in it.
    if (!window.isClosed()) await expect(named('Refuse')).toHaveCount(0)
    if (!window.isClosed()) await window.close()
    return kind
  } catch (error) {
    return `no window: ${error instanceof Error ? error.message.split('\n')[0] : error}`
  } finally {
    if (!page.isClosed()) await page.close()
  }
}

async function goodLine(
  method: AnyMethod,
  state: State,
  good: object | undefined,
  wanted: Cell,
  open: () => Promise<Page>,
): Promise<Line> {
  const page = await open()
  const windows = windowsFrom(page)
  const outcome = await request(page, method, good)
  const opened = windows.count()
  await page.close()
  const code = typeof wanted === 'number' ? wanted : undefined
  const got = opened > 0 ? `${opened} windows` : told(method, outcome, wanted === 'empty')
  const isRunning = state === 3 && wanted === 'answer' && /Accounts|Permissions|deployment/.test(method)
  const difference = code === undefined ? (isRunning ? 'running' : undefined) : known(method, code)
  return {
    method,
    state,
    shape: 'good',
    got,
    wanted: String(wanted),
    ...(difference === undefined ? {} : { difference }),
  }
}

function badLine(method: AnyMethod, state: State, { name, code, at }: Bad, outcome: Outcome): Line {
  const data = outcome.data as { at?: unknown } | undefined
  const where = at === undefined ? '' : ` at "${at}"`
  const got =
    outcome.code === code && at !== undefined
      ? `${told(method, outcome, false)} at "${String(data?.at)}"`
      : told(method, outcome, false)
  const difference = known(method, code)
  return {
    method,
    state,
    shape: name,
    got,
    wanted: `${code}${where}`,
    ...(difference === undefined ? {} : { difference }),
  }
}

/** What came, judged by the shapes of the specification. */
function told(method: string, { result, code, message, data }: Outcome, empty: boolean): string {
  if (code === undefined) {
    const specified = Object.hasOwn(SPECIFIED, method) ? SPECIFIED[method] : undefined
    if (specified !== undefined && !specified.result(result))
      return `a result of another shape: ${JSON.stringify(result)}`
    if (!empty) return 'answer'
    return Array.isArray(result) && result.length === 0 ? 'empty' : `not empty: ${JSON.stringify(result)}`
  }
  if (!/^An error occurred \([A-Z0-9_]+\)$/.test(message ?? '')) return `${code} with another message: ${message}`
  if (code === 162 && typeof data !== 'string') return '162 without the versions as text'
  if (code === 114 && !(typeof data === 'object' && data !== null && 'at' in data && 'why' in data))
    return '114 without its path'
  if (differenceOf(method, code) === 'unknown') return `${code}, which the specification does not list`
  return String(code)
}

function known(method: string, code: number) {
  const found = differenceOf(method, code)
  return found === 'unknown' ? undefined : found
}

function printed(lines: readonly Line[]): string {
  const methods = [...new Set(lines.map(({ method }) => method))]
  const cell = (method: string, state: State) => {
    const own = lines.filter((it) => it.method === method && it.state === state)
    const good = own.find(({ shape }) => shape === 'good')
    const right = own.filter(({ got, wanted }) => got === wanted).length
    return `${good?.got ?? '-'} (${right} of ${own.length})`
  }
  const table = methods.map((method) => [method, ...([0, 1, 2, 3] as const).map((state) => cell(method, state))])
  const rows = [['method', ...STATES], ...table]
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  const right = lines.filter(({ got, wanted }) => got === wanted).length
  const differences = [...new Set(lines.flatMap(({ difference }) => difference ?? []))]
  return [
    ...rows.map((row) => row.map((text, at) => text.padEnd(widths[at]!)).join('  ')),
    '',
    `conformance: ${right} of ${lines.length} answers as told, ${((100 * right) / lines.length).toFixed(1)} %`,
    ...differences.map(
      (it) =>
        `  differs from the text ${lines.filter(({ difference }) => difference === it).length} times: ${DIFFERENCES[it]}`,
    ),
  ].join('\n')
}

/** As much of a node as the wallet asks before it has one. */
async function otherChain(): Promise<{ readonly url: string; stop(): void }> {
  const answers: Readonly<Record<string, unknown>> = {
    starknet_chainId: OTHER_CHAIN,
    starknet_specVersion: '0.10.2',
    starknet_getBlockWithTxHashes: {
      block_hash: '0x6e0',
      block_number: 0,
      timestamp: 1_700_000_000,
      sequencer_address: '0x1',
      l1_gas_price: { price_in_fri: '0x1', price_in_wei: '0x1' },
      l2_gas_price: { price_in_fri: '0x1', price_in_wei: '0x1' },
      l1_data_gas_price: { price_in_fri: '0x1', price_in_wei: '0x1' },
      transactions: [],
    },
  }
  const server = createServer((asked, answer) => {
    let text = ''
    asked.on('data', (bytes) => {
      text += bytes
    })
    asked.on('end', () => {
      const { id = 0, method = '' } = text === '' ? {} : (JSON.parse(text) as { id?: number; method?: string })
      answer.writeHead(200, {
        'content-type': 'application/json',
        'access-control-allow-origin': '*',
        'access-control-allow-headers': '*',
      })
      answer.end(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method] ?? null }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const at = server.address()
  return {
    url: `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}/rpc`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
