/**
 * The door to the browser's extension API: ports, alarms, badge, storage.session, commands; windows go through egress.
 * For the worker alone: egress locks `runtime.connect`, which the screens need (platform/channel.ts).
 *
 * All `on…` functions are called in the worker's first turn: a listener registered later misses the event that woke it.
 */

import browser from 'webextension-polyfill'
import type { UnixSeconds } from '../core/time.ts'
import { openPage } from './egress.ts'

/** What the browser reports of who is at the other end; judged by background/caller.ts alone. */
export interface Sender {
  readonly id?: string
  readonly origin?: string
  readonly url?: string
  readonly frameId?: number
  readonly documentId?: string
  readonly documentLifecycle?: string
  readonly tab?: { readonly id?: number; readonly active?: boolean; readonly windowId?: number }
}
export interface Port {
  readonly name: string
  readonly sender: Sender
  postMessage(message: unknown): void
  readonly onMessage: { addListener(listener: (message: unknown) => void): void }
  readonly onDisconnect: { addListener(listener: () => void): void }
  disconnect(): void
}

export function onConnect(listener: (port: Port) => void): void {
  browser.runtime.onConnect.addListener((port) => {
    listener({
      name: port.name,
      // The types lack origin, documentId and documentLifecycle, which Chromium reports (security.md B1).
      sender: (port.sender ?? {}) as Sender,
      postMessage: (message) => port.postMessage(message),
      onMessage: { addListener: (it) => port.onMessage.addListener((message) => void it(message)) },
      onDisconnect: { addListener: (it) => port.onDisconnect.addListener(() => void it()) },
      disconnect: () => port.disconnect(),
    })
  })
}

/** Once per browser start, before the first other event of this profile. */
export function onStartup(listener: () => void): void {
  browser.runtime.onStartup.addListener(listener)
}

export function onInstalled(listener: (reason: string) => void): void {
  browser.runtime.onInstalled.addListener((details) => listener(details.reason))
}

export function onCommand(listener: (name: string) => void): void {
  browser.commands.onCommand.addListener((name) => listener(name))
}

/** Alarms only remind: they may be lost, late or early (security.md B11), so times are checked where they count. */
export const alarms = {
  on(listener: (name: string) => void): void {
    browser.alarms.onAlarm.addListener((alarm) => listener(alarm.name))
  },
  set(name: string, at: UnixSeconds): void {
    browser.alarms.create(name, { when: at * 1000 })
  },
  every(name: string, minutes: number): void {
    browser.alarms.create(name, { periodInMinutes: minutes })
  },
  async clear(name: string): Promise<void> {
    await browser.alarms.clear(name)
  },
}

export const icon = {
  async badge(text: string, color?: string, tab?: number): Promise<void> {
    const where = tab === undefined ? {} : { tabId: tab }
    await browser.action.setBadgeText({ text, ...where })
    if (color !== undefined) await browser.action.setBadgeBackgroundColor({ color, ...where })
  },
  async title(text: string, tab?: number): Promise<void> {
    await browser.action.setTitle({ title: text, ...(tab === undefined ? {} : { tabId: tab }) })
  },
  /** A tab's own badge goes; what stands for all tabs is there again. */
  async clear(tab: number): Promise<void> {
    await browser.action.setBadgeText({ text: null, tabId: tab })
  },
}

/** Only where a person gave leave (optional permission): without it the browser has no such call. */
export const notices = {
  async show(id: string, text: string): Promise<void> {
    if (!('notifications' in chrome) || chrome.notifications === undefined) return
    await browser.notifications.create(id, {
      type: 'basic',
      iconUrl: browser.runtime.getURL('icons/128.png'),
      title: browser.i18n.getMessage('name'),
      message: text,
    })
  },
  /** A press on one. */
  onPressed(listener: (id: string) => void): void {
    if (!('notifications' in chrome) || chrome.notifications === undefined) return
    browser.notifications.onClicked.addListener((id) => {
      browser.notifications.clear(id).catch(() => undefined)
      listener(id)
    })
  },
}

/** A sentence of the catalogue where no screen is, in the browser's language. `_other` has a `_one` beside it. */
export function words({ key, n }: { readonly key: string; readonly n?: number }): string {
  const one = key.endsWith('_other') && n !== undefined && rule().select(n) === 'one'
  return browser.i18n.getMessage(one ? key.replace(/_other$/, '_one') : key, n === undefined ? [] : [String(n)])
}
const rule = () => new Intl.PluralRules(browser.i18n.getUILanguage())

/** Memory that survives the worker and not the browser. JSON values only; 10 MiB. */
export const session = {
  async get(key: string): Promise<unknown> {
    return (await browser.storage.session.get(key))[key]
  },
  async set(key: string, value: unknown): Promise<void> {
    await browser.storage.session.set({ [key]: value })
  },
  async remove(key: string): Promise<void> {
    await browser.storage.session.remove(key)
  },
}

/** At each worker start: content scripts may else read `storage.local` (security.md B12). Firefox has no such call. */
export async function closeStorage(): Promise<void> {
  for (const area of [chrome.storage.local, chrome.storage.session]) {
    if ('setAccessLevel' in area) await area.setAccessLevel({ accessLevel: 'TRUSTED_CONTEXTS' })
  }
}

export const windows = {
  open: openPage,
  /** The window in which one of our own pages is shown. Firefox has no such call. */
  async showing(path: string): Promise<number | undefined> {
    if (!('getContexts' in chrome.runtime)) return undefined
    const tabs = await chrome.runtime.getContexts({ contextTypes: ['TAB'] })
    return tabs.find(({ documentUrl }) => documentUrl === urlOf(path))?.windowId
  },
  /** Asks the browser: what was noted of a window outlives it. */
  async isOpen(id: unknown): Promise<boolean> {
    return (
      typeof id === 'number' &&
      browser.windows.get(id).then(
        () => true,
        () => false,
      )
    )
  },
  onRemoved(listener: (id: number) => void): void {
    browser.windows.onRemoved.addListener((id) => listener(id))
  },
  async close(id: number): Promise<void> {
    await browser.windows.remove(id)
  },
}

export function extensionId(): string {
  return browser.runtime.id
}

/** With the hash of its sources, where the build has named it. */
export function extensionVersion(): string {
  const { version, version_name } = browser.runtime.getManifest()
  return version_name ?? version
}

/** Address of one of our own files. */
export function urlOf(path: string): string {
  return browser.runtime.getURL(path)
}
