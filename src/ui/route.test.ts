import { beforeEach, expect, test, vi } from 'vitest'

/** A tab's history: one page of ours, and what was there before it. */
const tab = { entries: [] as string[], at: 0 }
const listeners: (() => void)[] = []
const changed = () => {
  for (const listener of listeners) listener()
}
const location = {
  get hash() {
    return tab.entries[tab.at] ?? ''
  },
  set hash(to: string) {
    tab.entries = [...tab.entries.slice(0, tab.at + 1), `#${to}`]
    tab.at += 1
    changed()
  },
}
const history = {
  replaceState(_state: unknown, _title: string, to: string) {
    tab.entries[tab.at] = to
  },
  back() {
    tab.at -= 1
    changed()
  },
}
vi.stubGlobal('location', location)
vi.stubGlobal('history', history)
vi.stubGlobal('window', { addEventListener: (_: string, listener: () => void) => listeners.push(listener) })

let route: typeof import('./route.ts')
beforeEach(async () => {
  vi.resetModules()
  listeners.length = 0
  tab.entries = ['elsewhere', '#/site/a']
  tab.at = 1
  route = await import('./route.ts')
})

test('Back leads to where the person came from', () => {
  route.go('/contacts')
  route.back('/')
  expect([route.path.value, tab]).toEqual(['/site/a', { entries: ['elsewhere', '#/site/a', '#/contacts'], at: 1 }])
})

test('Back on a page that has shown nothing before takes the place of its address: the browser’s own Back leads out', () => {
  route.back('/sites')
  expect([route.path.value, tab]).toEqual(['/sites', { entries: ['elsewhere', '#/sites'], at: 1 }])
  // Nothing was walked: the next Back does not leave the wallet either.
  route.back('/')
  expect([route.path.value, tab]).toEqual(['/', { entries: ['elsewhere', '#/'], at: 1 }])
  route.go('/settings')
  route.back('/')
  expect([route.path.value, tab.at]).toEqual(['/', 1])
})
