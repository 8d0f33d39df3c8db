import { describe, expect, it } from 'vitest'
import type { Sender } from '../platform/browser.ts'
import { callerOf } from './caller.ts'

const ID = 'abcdefghijklmnopabcdefghijklmnop'
const OURS = `chrome-extension://${ID}`
const of = (sender: Sender) => callerOf(sender, ID, OURS)

const top: Sender = {
  id: ID,
  origin: 'https://game.example',
  url: 'https://game.example/play?x#y',
  frameId: 0,
  documentId: 'D0C',
  documentLifecycle: 'active',
  tab: { id: 7 },
}
const site = (origin: string) => ({ kind: 'site', caller: { origin, tab: 7, document: 'D0C', frame: 0 } })
const refused = { kind: 'refused' }
const without = (key: keyof Sender): Sender => {
  const { [key]: _, ...rest } = top
  return rest
}

describe('T1: origin matrix: what the browser reports → exactly the right origin, or nothing', () => {
  it.each<[string, Sender, object]>([
    ['a top page', top, site('https://game.example')],
    ['a frame of another origin', { ...top, origin: 'https://evil.example', frameId: 12 }, refused],
    ['a frame of the same origin', { ...top, frameId: 12 }, refused],
    ['a sandboxed frame, whose url names the site', { ...top, origin: 'null', frameId: 3 }, refused],
    ['a page sandboxed by a header, whose url names the site', { ...top, origin: 'null' }, refused],
    ['srcdoc, which carries the embedder’s origin', { ...top, url: 'about:srcdoc', frameId: 4 }, refused],
    ['about:blank, which carries the opener’s origin', { ...top, url: 'about:blank', frameId: 5 }, refused],
    ['data:', { ...top, origin: 'null', url: 'data:text/html,x' }, refused],
    ['blob: of a sandboxed page', { ...top, origin: 'null', url: 'blob:null/1' }, refused],
    [
      'after a redirect: the document’s own origin',
      { ...top, origin: 'https://evil.example', url: 'https://game.example/r' },
      site('https://evil.example'),
    ],
    [
      'after a meta refresh: the tab’s first url is not asked',
      { ...top, origin: 'https://evil.example' },
      site('https://evil.example'),
    ],
    [
      'after pushState: the url moved, the origin did not',
      { ...top, url: 'https://game.example/other' },
      site('https://game.example'),
    ],
    ['back from the back/forward cache', { ...top, documentLifecycle: 'active' }, site('https://game.example')],
    ['in the back/forward cache', { ...top, documentLifecycle: 'cached' }, refused],
    ['prerendered', { ...top, documentLifecycle: 'prerender' }, refused],
    ['pending deletion', { ...top, documentLifecycle: 'pending_deletion' }, refused],
  ])('%s', (_, sender, expected) => {
    expect(of(sender)).toEqual(expected)
  })

  it.each([
    'https://game.example:8443',
    'https://localhost',
    'http://localhost',
    'http://localhost:5173',
    'http://127.0.0.1:8080',
    'https://xn--80ak6aa92e.com',
    'https://1.2.3.4',
  ])('accepts: %s, exactly as it is', (origin) => {
    expect(of({ ...top, origin })).toEqual(site(origin))
  })

  it.each([
    'null',
    '',
    'https://',
    'https://game.example/',
    'https://game.example/path',
    'https://GAME.example',
    'https://game.example:443',
    'https://user@game.example',
    'https://game.example ',
    ' https://game.example',
    'https://gаme.example',
    'http://game.example',
    'http://localhost.',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://127.1',
    'http://0.0.0.0',
    'http://[::1]',
    'http://127.0.0.2',
    'file://',
    'ftp://game.example',
    'ws://localhost',
    'wss://game.example',
    'blob:https://game.example',
    'filesystem:https://game.example',
    'javascript:alert(1)',
    'chrome://settings',
    'chrome-extension://ponmlkjihgfedcbaponmlkjihgfedcba',
    'moz-extension://x',
    'data:text/html,x',
  ])('refuses: the origin “%s”', (origin) => {
    expect(of({ ...top, origin })).toEqual(refused)
  })

  it.each(['id', 'origin', 'frameId', 'documentId', 'documentLifecycle', 'tab'] as const)(
    'refuses: a sender without %s',
    (key) => {
      expect(of(without(key))).toEqual(refused)
    },
  )

  it('refuses: another extension, a tab without id, an empty document id, what is no text', () => {
    for (const more of [
      { id: 'ponmlkjihgfedcbaponmlkjihgfedcba' },
      { tab: {} },
      { tab: { id: -1 } },
      { documentId: '' },
      { origin: ['https://game.example'] as unknown as string },
      { frameId: '0' as unknown as number },
    ])
      expect(of({ ...top, ...more })).toEqual(refused)
  })
})

describe('our own pages', () => {
  const popup: Sender = {
    id: ID,
    origin: OURS,
    url: `${OURS}/src/ui/index.html#home`,
    documentId: 'P',
    documentLifecycle: 'active',
  }

  it('popup, window and tab are screens', () => {
    expect(of(popup)).toEqual({ kind: 'screen', caller: { page: '/src/ui/index.html' } })
    expect(of({ ...popup, frameId: 0, tab: { id: 3 } })).toEqual({
      kind: 'screen',
      caller: { page: '/src/ui/index.html', tab: 3 },
    })
  })

  it.each<[string, Partial<Sender>]>([
    ['framed by a site', { frameId: 9, tab: { id: 7 } }],
    ['a path that is not in the list', { url: `${OURS}/src/other.html` }],
    ['a path that only begins like one', { url: `${OURS}/src/ui/index.html.evil` }],
    ['a url of a site under our origin', { url: 'https://game.example/src/ui/index.html' }],
    ['a host that begins like ours', { url: `${OURS}.evil/src/ui/index.html` }],
    ['no url', { url: '' }],
    ['not active', { documentLifecycle: 'cached' }],
    ['another extension', { id: 'ponmlkjihgfedcbaponmlkjihgfedcba' }],
  ])('refuses: %s', (_, more) => {
    expect(of({ ...popup, ...more })).toEqual(refused)
  })
})
