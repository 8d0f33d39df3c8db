import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Devnet } from '../devnet.ts'
import { type Fault, type NodeProxy, proxyTo, type Reply } from '../faults.ts'

/** The local paymaster service, a process of its own, and what stands in for one that is slow, gone or lying. */
export interface Relayer {
  /** What a session names: the way over the stand-in, which passes everything on until a fault is played. */
  readonly url: string
  /** Who sends what it builds, and gets what is paid for it. */
  readonly address: string
  readonly faults: NodeProxy
  stop(): Promise<void>
}
export interface PaidToken {
  readonly address: string
  readonly decimals: number
  /** fri for 10^decimals of it. */
  readonly price: bigint
}

const PROGRAM = fileURLToPath(new URL('service.mjs', import.meta.url))
export const BUILD = 'paymaster_buildTransaction'
export const EXECUTE = 'paymaster_executeTransaction'

export async function startRelayer(devnet: Devnet, tokens: readonly PaidToken[] = []): Promise<Relayer> {
  // The second one: the first prepares what tests need, and each has numbers of its own.
  const [, payer] = await devnet.rpc<{ address: string; private_key: string }[]>('devnet_getPredeployedAccounts')
  if (payer === undefined) throw new Error('devnet has no second account')
  const options = {
    node: `${devnet.url}/rpc`,
    address: payer.address,
    key: payer.private_key,
    tokens: tokens.map(({ price, ...it }) => ({ ...it, price: `0x${price.toString(16)}` })),
  }
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>,
    ended.then(() => Promise.reject(new Error('the service ended before it served'))),
  ])
  const { url } = JSON.parse(line) as { url: string }
  const faults = await proxyTo(url)
  return {
    url: `http://127.0.0.1:${faults.port}`,
    address: payer.address,
    faults,
    stop: async () => {
      await faults.stop()
      process.off('exit', kill)
      kill()
      await ended
    },
  }
}

/** What it builds. */
export interface Offered {
  typed_data: {
    domain: Record<string, string>
    message: Record<string, unknown> & { Caller: string; Calls: { To: string; Selector: string; Calldata: string[] }[] }
  }
  fee: Record<string, string>
}

/** A stand-in for a service that writes something else than it was asked for. */
export const altered =
  (change: (offered: Offered) => void): Fault =>
  async ({ forward }): Promise<Reply> => {
    const answer = await forward()
    const frame = JSON.parse(answer.text) as { result: Offered }
    change(frame.result)
    return { ...answer, text: JSON.stringify(frame) }
  }
