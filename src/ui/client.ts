import { type ReadonlySignal, signal } from '@preact/signals'
import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import { SCREEN_PORT } from '../core/protocol/ports.ts'
import { type Verb, type VerbError, type Verbs, type View, verbs } from '../core/protocol/ui.ts'
import { line } from '../core/words.ts'
import { createClient, isAnswered, type PortLike } from '../platform/channel.ts'
import { clock } from './words.ts'

/** The screens' end of core/protocol/ui.ts: the View as a signal, and the verbs. */
export interface Wallet {
  readonly view: ReadonlySignal<View | undefined>
  /** `lost`: nothing has come from the worker for 2 s. */
  readonly line: ReadonlySignal<'opening' | 'open' | 'lost'>
  /** Why there is no View at all: the recovery page shows it. */
  readonly failure: ReadonlySignal<VerbError | undefined>
  /** What is stored cannot be used as it is: found when the View was made, or at the unlock. Until `retry`. */
  readonly damage: ReadonlySignal<VerbError | undefined>
  /** Rejects with a `VerbError`, always. */
  readonly ask: <V extends Verb>(verb: V, params: Verbs[V]['params']) => Promise<Verbs[V]['result']>
  readonly retry: () => void
}

export const WalletContext = createContext<Wallet | undefined>(undefined)

export function useWallet(): Wallet {
  const wallet = useContext(WalletContext)
  if (wallet === undefined) throw new Error('a screen without its wallet')
  return wallet
}

const PATIENCE = 2_000
const TOUCH_EVERY = 10_000

/** @param connect opens a port to the worker; throws where the extension was updated under this page */
export function openWallet(connect: () => PortLike): Wallet {
  const view = signal<View | undefined>(undefined)
  const state = signal<'opening' | 'open' | 'lost'>('opening')
  const failure = signal<VerbError | undefined>(undefined)
  const damage = signal<VerbError | undefined>(undefined)
  let patience: ReturnType<typeof setTimeout> | undefined

  const wait = () => {
    clearTimeout(patience)
    patience = setTimeout(() => {
      state.value = 'lost'
    }, PATIENCE)
  }
  const client = createClient<Verbs, View>({
    connect: () => {
      const port = connect()
      port.onDisconnect.addListener(wait)
      return port
    },
    isRead: (verb) => verbs[verb].effect === 'read',
  })
  const show = (next: View) => {
    clearTimeout(patience)
    state.value = 'open'
    failure.value = undefined
    // Pushes may overtake answers.
    if (view.value !== undefined && next.rev < view.value.rev && next.now <= view.value.now) return
    tick(next.now)
    view.value = next
  }
  const ask: Wallet['ask'] = async (verb, params) => {
    try {
      return await client.request(verb, params)
    } catch (error) {
      const failed = toVerbError(error)
      if (failed.code === 'damaged' && (verb === 'view' || verb === 'unlock')) damage.value = failed
      throw failed
    }
  }
  const load = () => {
    wait()
    ask('view', null).then(show, (error: VerbError) => {
      clearTimeout(patience)
      failure.value = error
    })
  }
  client.subscribe(show)
  load()
  keepAwake(() => void ask('touch', null).catch(() => undefined))
  const retry = () => {
    damage.value = undefined
    load()
  }
  return { view, line: state, failure, damage, ask, retry }
}

let base: { readonly now: number; readonly at: number } = { now: 0, at: 0 }

/** The worker's clock goes on here by the page's monotonic one: a changed system clock moves no countdown. */
function tick(now: number): void {
  base = { now, at: performance.now() }
  clock.value = now
}
export function startClock(): void {
  setInterval(() => {
    if (base.now > 0) clock.value = base.now + Math.floor((performance.now() - base.at) / 1_000)
  }, 1_000)
}

/** Only input of a person in our own page keeps the wallet unlocked, never a site's traffic (security.md 7.5). */
function keepAwake(touch: () => void): void {
  let last = 0
  const touched = (event: Event) => {
    if (!event.isTrusted || performance.now() - last < TOUCH_EVERY) return
    last = performance.now()
    touch()
  }
  // The first input counts at once.
  last = -TOUCH_EVERY
  window.addEventListener('pointerdown', touched, { passive: true })
  window.addEventListener('keydown', touched, { passive: true })
}

function toVerbError(error: unknown): VerbError {
  if (isAnswered<VerbError>(error)) return error.refusal
  return { code: 'lost', line: line('ui_lost') }
}

export const screenPort = (): PortLike => chrome.runtime.connect({ name: SCREEN_PORT })
