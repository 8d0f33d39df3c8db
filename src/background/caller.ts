/**
 * Who is calling: the only place where an origin is born (security.md 3). It comes from `sender.origin` alone: a url may
 * name another site than the document's own, and a tab's url is always the top page (security.md B1, B2).
 */
import type { Origin } from '../core/policy/policy.ts'
import type { Sender } from '../platform/browser.ts'

/** One document of a site, in the top frame of its tab. */
export interface SiteCaller {
  readonly origin: Origin
  readonly tab: number
  readonly document: string
  readonly frame: 0
}
/** One of our own pages: the popup, a window or a tab. */
export interface ScreenCaller {
  readonly page: string
  readonly tab?: number
}
export type Caller =
  | { readonly kind: 'site'; readonly caller: SiteCaller }
  | { readonly kind: 'screen'; readonly caller: ScreenCaller }
  /** Answered with 163 and nothing else. */
  | { readonly kind: 'refused' }

/** Paths of our pages in the built extension. */
export const PAGES: readonly string[] = ['/src/ui/index.html']

const REFUSED = { kind: 'refused' } as const

/**
 * @param ourId the extension's id
 * @param ourOrigin the origin of its pages, as `new URL(runtime.getURL('')).origin` does not give it in every browser:
 * `chrome-extension://<id>`
 */
export function callerOf(sender: Sender, ourId: string, ourOrigin: string): Caller {
  if (sender.id !== ourId) return REFUSED
  return sender.origin === ourOrigin ? screen(sender, ourOrigin) : site(sender)
}

function site({ origin, frameId, documentId, documentLifecycle, tab }: Sender): Caller {
  // Decision: a browser that gives no document id gets no provider yet. Firefox does not (security.md 3.4): it comes with
  // its own rule when its stories run, because "missing" must not become a way around the check here.
  if (frameId !== 0 || documentLifecycle !== 'active' || !isText(documentId)) return REFUSED
  if (tab?.id === undefined || tab.id < 0 || !isSiteOrigin(origin)) return REFUSED
  return { kind: 'site', caller: { origin, tab: tab.id, document: documentId, frame: 0 } }
}

function screen({ url, frameId, documentLifecycle, tab }: Sender, ourOrigin: string): Caller {
  // Inside a site's tab a page of ours would be a frame; the popup has neither tab nor frame id.
  if (frameId !== undefined && frameId !== 0) return REFUSED
  if (documentLifecycle !== undefined && documentLifecycle !== 'active') return REFUSED
  const at = isText(url) ? parsed(url) : undefined
  if (at === undefined || !at.href.startsWith(`${ourOrigin}/`) || !PAGES.includes(at.pathname)) return REFUSED
  return { kind: 'screen', caller: { page: at.pathname, ...(tab?.id === undefined ? {} : { tab: tab.id }) } }
}

/** https, or http on this computer, spelled exactly as the browser spells it; an opaque origin reads "null". */
function isSiteOrigin(origin: unknown): origin is Origin {
  const at = isText(origin) ? parsed(origin) : undefined
  if (at === undefined || at.origin !== origin) return false
  return at.protocol === 'https:' || (at.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(at.hostname))
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
