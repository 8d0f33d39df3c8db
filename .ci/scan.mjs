// Reads the release build as a stranger would: no code made from text, no way out of the browser but the guard, the manifest
// and CSP as security.md 13 has them, nothing that only tests need.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { at, isProgram } from './steps.mjs'

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  'connect-src https: wss: http://localhost:* http://127.0.0.1:* ws://localhost:* ws://127.0.0.1:*; ' +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'"
const META = "connect-src 'none'; frame-src 'none'; worker-src 'none'"
const PERMISSIONS = ['storage', 'alarms', 'unlimitedStorage']

const CODE_FROM_TEXT = {
  eval: /(?<![.\w$])eval\s*\(/,
  'new Function': /\bnew\s+Function\b/,
  WebAssembly: /\bWebAssembly\b/,
  // A screen that is read when it is first shown: a file of the extension, named where it stands.
  'dynamic import': /(?<![.\w$])import\s*\((?!\s*([`"'])\.\/[\w.-]+\.js\1\s*\))/,
}
const FOR_TESTS = {
  'a test phrase': /\btest test test\b/,
  'a crash point': /__E2E__|\bcheckpoint\s*\(|LATCHKEY_CHECKPOINT/,
}

/** Every way a worker or a page has to send something. */
const WAYS_OUT = {
  fetch:
    /(?:(?<![.\w$])|\b(?:globalThis|self|window|global)\s*\.\s*)(?<!async )fetch\s*\((?![^()]*\)\s*\{)|\b(?:globalThis|self|window|global)\s*\.\s*fetch\b|["'`]fetch["'`]/g,
  ...Object.fromEntries(
    [
      'WebSocket',
      'WebSocketStream',
      'EventSource',
      'WebTransport',
      'XMLHttpRequest',
      'RTCPeerConnection',
      'sendBeacon',
      'importScripts',
      'openWindow',
      'backgroundFetch',
      'setUninstallURL',
    ].map((word) => [word, new RegExp(`(?<![\\w$])${word}(?![\\w$])`, 'g')]),
  ),
}

/**
 * What starknet.js says about the network, word by word. It is evaluated behind the lazy door, long after the guard has
 * locked these names, and is given the guard's own function instead. The last line is webextension-polyfill's table of
 * argument counts. Anything beyond these texts fails the scan.
 */
const OF_PACKAGES = [
  /typeof globalThis<`u`&&globalThis\.fetch!==void 0&&globalThis\.fetch\.bind\(globalThis\)/g,
  /typeof window<`u`&&window\.fetch!==void 0&&window\.fetch\.bind\(window\)/g,
  /typeof global<`u`&&global\.fetch!==void 0&&global\.fetch\.bind\(global\)/g,
  /typeof WebSocket<`u`&&WebSocket/g,
  /typeof globalThis<`u`&&globalThis\.WebSocket/g,
  /typeof window<`u`&&window\.WebSocket&&window\.WebSocket\.bind\(window\)/g,
  /typeof global<`u`&&global\.WebSocket/g,
  /'fetch\(\)' not detected/g,
  /=\w+\|\|\w+\.get\(`fetch`\)\|\|/g,
  /setUninstallURL:\{minArgs:1,maxArgs:1\}/g,
]

/** A scan that sees nothing passes everything, so these have to be seen each time. */
const PLANTED = [
  'eval("1")',
  'new Function("a")',
  'WebAssembly.compile(b)',
  'import(name)',
  'import("https://a.b/c.js")',
  'import("./" + name)',
  'var p="test test test test junk"',
  'fetch("https://x.y")',
  'await fetch(u,{method:`POST`})',
  'globalThis.fetch.bind(globalThis)',
  'self["fetch"]',
  'new WebSocket("wss://a")',
  'new XMLHttpRequest',
  'navigator.sendBeacon("a")',
  'importScripts("a")',
]

/** @returns {number} how many things are wrong */
export function scan(folder = 'dist/chromium') {
  const wrong = []
  const read = (path) => readFileSync(at(`${folder}/${path}`), 'utf8')
  const files = readdirSync(at(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`.slice(at(folder).length + 1))

  const scripts = files.filter((path) => path.endsWith('.js'))
  const order = evaluated('service-worker-loader.js', read)
  const guard = order.find((path) => /^assets\/egress-/.test(path))
  // Only the bundler's own few helpers may come earlier.
  const before = order.slice(0, order.indexOf(guard)).filter((path) => !/^assets\/rolldown-runtime-/.test(path))
  if (!guard || !/\bfetch\b/.test(read(guard))) wrong.push('the egress guard is not in the worker')
  else if (before.length > 0) wrong.push(`evaluated before the egress guard: ${before.join(', ')}`)

  const { dependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  for (const name of Object.keys(dependencies))
    if (!files.includes('licences.txt') || !read('licences.txt').includes(`${name}\n\n`))
      wrong.push(`licences.txt does not have ${name}`)

  for (const path of scripts) {
    for (const fault of faultsIn(read(path), path === guard)) wrong.push(`${path} ${fault}`)
  }
  for (const text of PLANTED) {
    if (faultsIn(text, false).length === 0) wrong.push(`this scan itself does not see ${text}`)
  }
  for (const path of files.filter((path) => path.endsWith('.html'))) {
    const html = read(path)
    if (
      !/<meta charset="utf-8"\s*\/?>\s*<meta\s+http-equiv="Content-Security-Policy"/i.test(html) ||
      !html.includes(META)
    )
      wrong.push(`${path} does not begin with the policy that leaves screens without a network`)
    if (/<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/i.test(html)) wrong.push(`${path} has inline script or style`)
  }
  for (const path of files.filter((path) => path.endsWith('.map'))) wrong.push(`${path} is a source map`)

  const manifest = JSON.parse(read('manifest.json'))
  const facts = {
    permissions: PERMISSIONS,
    optional_permissions: ['notifications'],
    host_permissions: undefined,
    optional_host_permissions: undefined,
    web_accessible_resources: undefined,
    externally_connectable: { ids: [] },
    incognito: 'not_allowed',
    content_security_policy: { extension_pages: CSP },
  }
  for (const [name, value] of Object.entries(facts)) {
    if (JSON.stringify(manifest[name]) !== JSON.stringify(value)) wrong.push(`manifest: ${name} is not as specified`)
  }
  if (!manifest.key) wrong.push('manifest: the key is missing')

  for (const it of wrong) console.log(`scan: ${it}`)
  console.log(`scan: ${files.length} files of ${folder} read, ${wrong.length} wrong`)
  return wrong.length
}

/** @returns {readonly string[]} what is wrong with one script */
function faultsIn(code, isGuard) {
  const faults = Object.entries({ ...CODE_FROM_TEXT, ...FOR_TESTS }).flatMap(([what, pattern]) =>
    pattern.test(code) ? [`has ${what}`] : [],
  )
  if (isGuard) return faults
  const ours = OF_PACKAGES.reduce((text, known) => text.replace(known, ''), code)
  for (const [word, pattern] of Object.entries(WAYS_OUT)) {
    const found = around(ours, pattern)
    if (found.length > 0) faults.push(`names ${word} ${found.length} times: ${found.join(' … ')}`)
  }
  return faults
}

/** Scripts in the order in which the browser evaluates them: imports first. */
function evaluated(path, read, order = []) {
  if (order.includes(path)) return order
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : ''
  for (const [, to] of read(path).matchAll(/\b(?:import|from)\s*["'](\.[^"']+)["']/g))
    evaluated(new URL(`/${folder}${to}`, 'file:///').pathname.slice(1), read, order)
  order.push(path)
  return order
}

const around = (text, pattern) =>
  [...text.matchAll(pattern)].map(({ index }) => text.slice(Math.max(0, index - 30), index + 50).replaceAll('\n', ' '))

if (isProgram(import.meta.url)) {
  if (!existsSync(at('dist/chromium/manifest.json'))) {
    console.log('scan: there is no dist/chromium yet: npm run build')
    process.exitCode = 1
  } else process.exitCode = scan() === 0 ? 0 : 1
}
