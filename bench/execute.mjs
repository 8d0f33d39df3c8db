/**
 * One steady automatic call, from the request to the transaction's hash: ours, side by side with what a site would use in its
 * place, on one stub node (performance.md 10). HTTP requests, CPU and wall time; only ratios of one run are judged.
 *
 * Usage: node bench/execute.mjs
 */
import { goal, importOurs, installPeers, inTurn, median, printCircumstances, row, runBench } from './ready.mjs'

/** Each is called for so long before anything is measured: a worker that has played for minutes is no younger. */
const WARM_UP_MS = 3_000
const ROUNDS = 30
const WALL_ROUNDS = 30
/** The peers' wall time is shown and not judged, so they sit most of the slow rounds out. */
const PEERS_EVERY = 5
const DELAY_MS = 50
/** Long enough that what leaves together is together also on a busy machine. */
const COLD_DELAY_MS = 200
const COLD_TRIES = 3
const METHODS = 10
const BARE = 'bare'

const NAMES = {
  memory: 'ours, memory store',
  receipt: 'ours, receipt',
  simulate: 'ours, simulation',
  starknetjs: 'starknet.js 10.8',
  xsessions: 'x-sessions 9.0.4',
  [BARE]: 'bare RPC call',
}

if (process.argv.includes('--measure')) {
  console.log(JSON.stringify(await measureAll()))
} else {
  installPeers()
  printCircumstances()
  process.exitCode = runBench(import.meta.url, {
    table: ({ steady, wall, cold }) => {
      row(['', 'requests', 'CPU ms', 'CPU ratio', 'ms at 50 ms', 'wall ratio', 'cold rounds'])
      for (const [name, title] of Object.entries(NAMES)) {
        row([
          title,
          `${steady[name].requests}`,
          steady[name].cpu.toFixed(2),
          (steady[name].cpu / steady.memory.cpu).toFixed(2),
          wall[name] === undefined ? '' : wall[name].toFixed(1),
          wall[name] === undefined ? '' : (wall[name] / wall[BARE]).toFixed(2),
          cold[name] === undefined ? '' : `${cold[name]}`,
        ])
      }
    },
    goals: ({ steady, wall, cold }) => [
      ...goal('execute.requests', steady.receipt.requests, '=', 1),
      ...goal('execute.requests.simulate', steady.simulate.requests, '=', 2),
      ...goal('execute.rounds.cold', cold.receipt, '<=', 2),
      ...goal('execute.rounds.cold.simulate', cold.simulate, '<=', 3),
      ...goal('execute.cpu.xsessions', steady.memory.cpu / steady.xsessions.cpu, '<=', 0.13, 0.083),
      ...goal('execute.cpu.starknetjs', steady.memory.cpu / steady.starknetjs.cpu, '<=', 0.5, 0.286),
      ...goal('execute.wall50', wall.receipt / wall[BARE], '<=', 1.3, 1.1),
      ...goal('execute.wall50.simulate', wall.simulate / wall[BARE], '<=', 2.4, 2.2),
    ],
  })
}

async function measureAll() {
  await import('fake-indexeddb/auto')
  const { startStub } = await import('./stub.mjs')
  const ours = await importOurs('bench/ours.ts')
  const stub = await startStub()
  try {
    // Each has its own nonces.
    const modes = {
      receipt: { account: '0xacc1', methods: METHODS, look: 'receipt' },
      simulate: { account: '0xacc2', methods: METHODS, look: 'simulate' },
    }
    const open = (name) => ours.openOurs({ url: stub.url, name, mode: modes[name] })
    const wallets = { receipt: await open('receipt'), simulate: await open('simulate') }
    // What IndexedDB is emulated with costs CPU that no browser spends in our process: CPU is judged without it.
    const memory = await ours.openOurs({ url: stub.url, mode: { ...modes.receipt, account: '0xacc3' } })
    const variants = {
      memory: ownVariant(ours, memory),
      ...Object.fromEntries(Object.entries(wallets).map(([name, wallet]) => [name, ownVariant(ours, wallet)])),
      starknetjs: await starknetjs(ours, stub.url),
      xsessions: await xsessions(ours, stub.url),
      [BARE]: bare(stub.url),
    }
    const steady = await measureSteady(variants, stub)
    const wall = await measureWall(variants, stub)
    const cold = {}
    for (const name of Object.keys(modes)) cold[name] = await coldRounds(name, wallets[name], { ours, open, stub })
    return { steady, wall, cold }
  } finally {
    await stub.stop()
  }
}

/** Without delay, so that a call's work is not spread over timers. */
async function measureSteady(variants, stub) {
  const names = Object.keys(variants)
  const found = Object.fromEntries(names.map((name) => [name, { requests: [], cpu: [] }]))
  for (const name of names) await warmUp(variants[name])
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of inTurn(names, round)) {
      const { before, act, after } = variants[name]
      // Its own call before it, not a neighbour's, is what a steady call follows: the neighbour's garbage is swept by then.
      await before()
      await act(round)
      await after()
      await before()
      await stub.reset()
      const from = process.cpuUsage()
      await act(round)
      const { user, system } = process.cpuUsage(from)
      await after()
      const { requests } = await stub.seen()
      found[name].requests.push(requests)
      found[name].cpu.push((user + system) / 1000)
    }
  }
  return Object.fromEntries(
    names.map((name) => [name, { requests: median(found[name].requests), cpu: median(found[name].cpu) }]),
  )
}

async function warmUp({ before, act, after }) {
  const until = performance.now() + WARM_UP_MS
  for (let round = 0; performance.now() < until; round += 1) {
    await before()
    await act(round)
    await after()
  }
}

async function measureWall(variants, stub) {
  const names = Object.keys(variants)
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < WALL_ROUNDS; round += 1) {
    for (const name of inTurn(names, round)) {
      if (name === 'memory') continue
      if ((name === 'starknetjs' || name === 'xsessions') && round % PEERS_EVERY !== 0) continue
      const { before, act, after } = variants[name]
      await before()
      await stub.delay(DELAY_MS)
      const from = performance.now()
      await act(round)
      times[name].push(performance.now() - from)
      await stub.delay(0)
      await after()
    }
  }
  return Object.fromEntries(names.filter((name) => times[name].length > 0).map((name) => [name, median(times[name])]))
}

/** The first call of a worker that starts over the same database. A late timer can only add a round, so the least counts. */
async function coldRounds(name, wallet, { ours, open, stub }) {
  await wallet.settle()
  await wallet.close()
  const rounds = []
  for (let attempt = 0; attempt < COLD_TRIES; attempt += 1) {
    const next = await open(name)
    await stub.delay(COLD_DELAY_MS)
    await stub.reset()
    await next.execute([callOf(ours, attempt)])
    rounds.push((await stub.seen()).rounds)
    await stub.delay(0)
    await next.settle()
    await next.close()
  }
  return Math.min(...rounds)
}

/** A call as of a transfer: three felts, another amount each time. */
function callOf(ours, round) {
  return ours.callOf([ours.GAME, `0x${(1000 + round).toString(16)}`, '0x0'])
}

async function nothing() {}

function ownVariant(ours, wallet) {
  return { before: wallet.settle, act: (round) => wallet.execute([callOf(ours, round)]), after: wallet.quiet }
}

async function starknetjs(ours, url) {
  const { Account, logger, RpcProvider } = await import('starknet10')
  logger.setLogLevel('ERROR')
  const account = new Account({
    provider: new RpcProvider({ nodeUrl: url }),
    address: '0x5a1',
    signer: ours.HEX_KEYS.owner,
  })
  return { before: nothing, act: (round) => account.execute(theirCall(ours, round)), after: nothing }
}

async function xsessions(ours, url) {
  const { logger, RpcProvider, constants, ec } = await import('starknet')
  const { buildSessionAccount, createSession, createSessionRequest } = await import('@argent/x-sessions')
  logger.setLogLevel('ERROR')
  const chainId = constants.StarknetChainId.SN_SEPOLIA
  const { HEX_KEYS, GAME } = ours
  const sessionKey = { privateKey: HEX_KEYS.session, publicKey: ec.starkCurve.getStarkKey(HEX_KEYS.session) }
  const sessionRequest = createSessionRequest({
    chainId,
    sessionParams: {
      sessionKey,
      allowedMethods: ours.methodNames(METHODS).map((selector) => ({ 'Contract Address': GAME, selector })),
      expiry: BigInt(Math.floor(Date.now() / 1000) + 86_400),
      metaData: { projectID: 'game.example', txFees: [] },
    },
  })
  const session = await createSession({
    address: '0x5e5',
    // Two signatures of owner and guardian; nobody here looks at them.
    authorisationSignature: ['0x2', '0x0', '0x1', '0x2', '0x3', '0x0', '0x4', '0x5', '0x6'],
    sessionRequest,
    chainId,
  })
  const account = await buildSessionAccount({
    session,
    sessionKey,
    provider: new RpcProvider({ nodeUrl: url }),
    argentSessionServiceBaseUrl: url,
    useCacheAuthorisation: false,
  })
  return { before: nothing, act: (round) => account.execute(theirCall(ours, round)), after: nothing }
}

function theirCall(ours, round) {
  return { contractAddress: ours.GAME, entrypoint: ours.METHOD, calldata: callOf(ours, round).calldata }
}

/** What nobody can do without: one request, as small as an answer gets. */
function bare(url) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'starknet_chainId', params: [] })
  const headers = { 'content-type': 'application/json' }
  return {
    before: nothing,
    act: async () => (await fetch(url, { method: 'POST', headers, body })).json(),
    after: nothing,
  }
}
