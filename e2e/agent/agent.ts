import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CosignParams, SessionInfo, WireFelt } from '../../src/sdk/wire.ts'
import type { Outcome } from '../site.ts'
import type { FromAgent, Meant, Refusal, ToAgent } from './work.ts'

/** A process that holds the key of a session; `relay` is its page. */
export interface Agent {
  readonly publicKey: WireFelt
  /** The session that was opened for its key. */
  use(session: SessionInfo): void
  /** It builds and signs, its page has the wallet sign beside it, and it sends by itself: the transaction's hash. */
  act(calls: readonly Meant[]): Promise<{ readonly hash: string } | { readonly failed: Refusal }>
  stop(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url))

export async function startAgent(nodeUrl: string, relay: (params: CosignParams) => Promise<Outcome>): Promise<Agent> {
  const child = fork(PROGRAM, [nodeUrl], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const ended = once(child, 'exit')
  const gone = ended.then(() => Promise.reject(new Error('the agent has ended')))
  gone.catch(() => undefined) // Said to whoever waits.
  const hear = async (): Promise<FromAgent> => {
    const [frame] = await Promise.race([once(child, 'message'), gone])
    return frame as FromAgent
  }
  const say = (frame: ToAgent) => child.send(frame)
  const first = await hear()
  if (first.kind !== 'key') throw new Error('the agent said something else than its key')
  return {
    publicKey: first.publicKey,
    use: (session) => void say({ kind: 'session', session }),
    act: async (calls) => {
      say({ kind: 'act', calls })
      for (;;) {
        const frame = await hear()
        if (frame.kind === 'sent') return { hash: frame.hash }
        if (frame.kind === 'failed') return { failed: frame.error }
        if (frame.kind !== 'cosign') throw new Error('the agent has another key')
        const { result, code, message = '', data } = await relay(frame.params)
        say(
          code === undefined
            ? { kind: 'cosigned', result: result as [WireFelt, WireFelt, WireFelt] }
            : { kind: 'refused', error: { code, message, data } },
        )
      }
    },
    stop: async () => {
      process.off('exit', kill)
      kill()
      await ended
    },
  }
}
