import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { homeOf, launch, workerOf } from './browser.ts'
import { deployFixtures, startDevnet } from './devnet.ts'
import { buildPlayground, PLAYGROUND, serve } from './pages.ts'

/** The address the wallet's devnet row has. */
const NODE_PORT = 5050
/** Always the same, so that the site keeps its name; another one when somebody else has it. */
const SITE_PORT = 5051

/** Brings up devnet, playground and Chromium; resolves when all of it is down again. */
export async function start(): Promise<void> {
  if (!(await isFree(NODE_PORT)))
    throw new Error(
      `Port ${NODE_PORT}, where the wallet looks for devnet, is taken on 127.0.0.1: stop what listens there and start again.`,
    )
  const undo: (() => unknown)[] = []
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    process.once('SIGHUP', resolve)
  })
  try {
    say(`devnet on http://127.0.0.1:${NODE_PORT}`)
    const devnet = await startDevnet({ port: NODE_PORT })
    undo.push(devnet.stop)
    const { token, game } = await deployFixtures(devnet)
    say(`Token ${token}, Game ${game}`)

    await buildPlayground()
    const site = await serve(PLAYGROUND, (await isFree(SITE_PORT)) ? SITE_PORT : 0)
    undo.push(site.stop)
    const url = `http://localhost:${site.port}/?${new URLSearchParams({ node: devnet.url, token, game })}`

    // A new devnet knows nothing of an old wallet, so each start has a profile of its own.
    const profile = mkdtempSync(`${tmpdir()}/latchkey-profile-`)
    undo.push(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }))
    const context = await launch({ profile, build: 'chromium', nodePort: NODE_PORT, headless: false, ownSignals: true })
    undo.push(() => context.close())
    const closed = new Promise<void>((resolve) => context.once('close', () => resolve()))
    const [first] = context.pages()
    await (first ?? (await context.newPage())).goto(homeOf(await workerOf(context)))
    await (await context.newPage()).goto(url)
    say(`playground at ${url}`)
    say('Create a wallet, choose Devnet in the network pill, then follow the buttons. Ctrl-C ends everything.')
    await Promise.race([stopped, closed])
  } finally {
    say('stopping')
    for (const act of undo.reverse()) await act()
  }
}

const say = (text: string) => console.log(`start: ${text}`)

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
