import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/**
 * Every place where something comes in from outside, goes out, is stored or is signed, with the reason why it is there.
 * A new one fails until it is listed; a listed one that is gone fails until it is struck out.
 */
const DOORS: Readonly<Record<string, string>> = {
  'background/keys/signer.ts: PrivateKey': 'The only file of the wallet that signs.',
  'background/router.ts: onMessage × 3': 'Frames of sites and screens arrive here and go to their row of the table.',
  'background/service-worker.ts: onConnect × 2':
    'Every port of a page or a screen is judged by what the browser says of it, in the first turn.',
  'background/starting.ts: PrivateKey':
    'Names what has to be wiped when a start fails; the keys themselves pass through.',
  'background/importing.ts: PrivateKey': 'Keys a person brings in: made, sealed and wiped inside one call.',
  'background/upkeep.ts: PrivateKey':
    'Second keys of the phrase that were set elsewhere: made, sealed and wiped inside one call.',
  'background/new-account.ts: PrivateKey': 'Puts a new account and its keys side by side for the vault.',
  'cold/phrase.ts: PrivateKey': 'Owner and guardian keys are derived from the phrase here.',
  "content/bridge.iife.ts: addEventListener('message') × 1": 'Requests of the page come in; the gate checks each.',
  'content/link.ts: onMessage × 2': 'Answers and events of the worker come in for this document.',
  "inpage/inpage.iife.ts: addEventListener('message') × 1": 'Answers come in from the bridge of the same window.',
  'platform/database.ts: indexedDB × 1': 'Asks whether a wallet was made beside data of another shape.',
  'platform/browser.ts: onConnect × 2': 'The door to the browser: ports open here.',
  'platform/browser.ts: onMessage × 3': 'The door to the browser: messages of a port come in here.',
  'platform/browser.ts: storage. × 5': 'The door to storage.session, which holds only sealed keys.',
  'platform/channel.ts: onMessage × 3': 'Answers to a screen come in over the port it was given.',
  'platform/checkpoint.ts: storage. × 5':
    'Crash points and clock of dist/e2e, which outlive the worker; the release build has none of it.',
  'platform/egress.ts: fetch( × 1': 'The guard: the one fetch there is, taken before any package runs.',
  'sdk/agent/local-cosigner.ts: PrivateKey':
    "In a process of somebody's own: the second key of an account that is theirs signs what their policy allows.",
  'sdk/agent/relay-client.ts: fetch( × 1':
    'In an agent: asks the co-signer at the URL that it was given, and no other.',
  'sdk/cosigner.ts: fetch( × 2':
    'In a page that asked for it: two addresses that nobody can own are answered, everything else goes to the fetch that was there.',
  'sdk/signer.ts: PrivateKey':
    'In a page or an agent: the key of its own session signs; no key of the wallet is there.',
  'starknet/curve.ts: PrivateKey': 'The door to noble: the type is made and used here.',
  'ui/main.tsx: storage. × 5':
    'Remembers the theme and the language alone, so that the first paint has its colours and words.',
}

const WORDS: Readonly<Record<string, RegExp>> = {
  onConnect: /\bonConnect\b/g,
  onMessage: /\bonMessage\b/g,
  "addEventListener('message')": /\baddEventListener\s*\(\s*['"`]message['"`]/g,
  'fetch(': /(?<![.\w$])fetch\s*\(|\b(?:globalThis|self|window|scope)\s*\.\s*fetch\b/g,
  indexedDB: /\bindexedDB\b/g,
  'storage.': /\bstorage\s*\.\s*(?:local|session|sync|managed|onChanged)\b|\b(?:localStorage|sessionStorage)\b/g,
  PrivateKey: /\bPrivateKey\b/g,
}

test('every listener, fetch, storage and key access is listed with its reason, and nothing else is', () => {
  const found = doorsOf(readSources())
  const unlisted = found.filter((door) => !(door in DOORS)).map((door) => `  '${door}': 'why',`)
  const gone = Object.keys(DOORS).filter((door) => !found.includes(door))
  expect({ unlisted, gone }).toEqual({ unlisted: [], gone: [] })
})

test('every reason is a sentence', () => {
  expect(Object.entries(DOORS).filter(([, reason]) => !/^[A-Z].{14,}\.$/.test(reason))).toEqual([])
})

test.each([
  ['onConnect', `chrome.runtime.onConnect.addListener(f)`],
  ['onMessage', `port.onMessage.addListener(f)`],
  ["addEventListener('message')", `window.addEventListener(\n  'message', f)`],
  ['fetch(', `await fetch('https://x.y')`],
  ['fetch(', `const send = globalThis.fetch`],
  ['indexedDB', `indexedDB.open('x')`],
  ['storage.', `chrome.storage\n  .session.get()`],
  ['PrivateKey', `function sign(key: PrivateKey) {}`],
])('finds: %s', (word, source) => {
  expect(doorsOf(new Map([['a.ts', source]]))).toEqual([word === 'PrivateKey' ? `a.ts: ${word}` : `a.ts: ${word} × 1`])
})

test('leaves out: what only a comment says, methods of the same name', () => {
  expect(
    doorsOf(new Map([['a.ts', `// fetch('x')\n/* indexedDB */\nconst { fetchBlock } = node; node.fetch('x')`]])),
  ).toEqual([])
})

function doorsOf(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([path, source]) => {
    const code = withoutComments(source)
    return Object.entries(WORDS).flatMap(([word, pattern]) => {
      const times = code.match(pattern)?.length ?? 0
      // Of keys it matters who can hold one at all, not how often the type is named.
      return times > 0 ? [`${path}: ${word}${word === 'PrivateKey' ? '' : ` × ${times}`}`] : []
    })
  })
}

function withoutComments(source: string): string {
  return source.replace(
    /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, text) => text ?? ' ',
  )
}

function readSources(): Map<string, string> {
  const src = fileURLToPath(new URL('.', import.meta.url))
  return new Map(
    readdirSync(src, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path))
      .sort()
      .map((path) => [path, readFileSync(join(src, path), 'utf8')]),
  )
}
