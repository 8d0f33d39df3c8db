/** In the isolated world: the page's window on one side, a port to the worker on the other. It carries, and decides nothing. */
import { type Envelope, TO_PAGE, type ToPage } from '../core/protocol/frame.ts'
import { SITE_PORT } from '../core/protocol/ports.ts'
import { createGate } from './gate.ts'
import { createLink } from './link.ts'

const { origin } = location
const toPage = (frame: ToPage) => postMessage({ to: TO_PAGE, frame } satisfies Envelope<ToPage>, origin)

const link = createLink({
  connect: () => chrome.runtime.connect({ name: SITE_PORT }),
  toPage,
  // Chromium only.
  held: () => (document as Document & { readonly prerendering?: boolean }).prerendering === true,
  ticks: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
})
const gate = createGate({
  window,
  origin,
  now: () => Date.now(),
  gesture: () => navigator.userActivation.isActive,
  unanswered: link.unanswered,
})

addEventListener('message', (event) => {
  const frame = gate(event)
  if (frame?.kind === 'request') link.send(frame)
  else if (frame?.kind === 'listen') link.listen()
  else if (frame !== undefined) toPage(frame)
})
// Captured, because not all of them bubble; a page can only make untrusted ones.
for (const name of ['pageshow', 'focus', 'visibilitychange', 'prerenderingchange'])
  addEventListener(
    name,
    (event) => {
      if (event.isTrusted) link.rejoin((event as Partial<PageTransitionEvent>).persisted === true)
    },
    true,
  )

toPage({ v: 1, kind: 'hello' })
