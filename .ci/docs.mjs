// docs/provider.md and docs/errors.md, printed from the tables that the router and the pages use. With --check nothing is
// written: ends with 1 where a page is not what the tables say.
import { readFileSync, writeFileSync } from 'node:fs'
import { at, isProgram } from './steps.mjs'

const STATES = ['not connected', 'unlocked', 'locked', 'locked, session running']
const CELLS = {
  answer: 'answer',
  empty: '`[]`',
  connect: 'window: connect',
  unlock: 'window: unlock',
  window: 'window',
}
const HEAD = '<!-- Printed by `npm run docs` from src/core/protocol. Change it there. -->\n\n'

/** @returns {Promise<Record<string, string>>} the text of each page by its path */
export async function pages() {
  const { dapp, VERSIONLESS, API_VERSIONS, NODE_SPECS, MAX_CALLS, MAX_FELTS, TOLD, WHEN, CODES, BOTH } = await tables()
  const code = (name) => `${CODES[name]} ${name}`
  const errorsOf = (method) =>
    [...dapp[method].errors, ...BOTH]
      .filter((name) => name !== 'API_VERSION_NOT_SUPPORTED' || !VERSIONLESS.has(method))
      .map((name) => CODES[name])
      .join(', ')
  const methods = Object.keys(TOLD).filter((method) => method in dapp)
  const section = (method) => {
    const told = TOLD[method]
    return [
      `### ${method}`,
      '',
      told.does,
      '',
      `- params: \`${told.params}\``,
      `- result: ${told.result === 'none' ? 'none' : `\`${told.result}\``}`,
      `- since: ${told.since === 'latchkey' ? 'Latchkey' : told.since}`,
      `- errors: ${errorsOf(method)}`,
      `- window: ${dapp[method].asks ? 'possible' : 'never'}`,
      '',
    ].join('\n')
  }
  const states = [
    `| method | ${STATES.join(' | ')} |`,
    `| --- | ${STATES.map(() => '---').join(' | ')} |`,
    ...methods.map(
      (method) => `| \`${method}\` | ${TOLD[method].cells.map((cell) => CELLS[cell] ?? cell).join(' | ')} |`,
    ),
  ]
  const provider = `${HEAD}# What a page can ask

\`window.starknet_latchkey\` is a Starknet wallet object: \`request({type, params})\`, \`on(name, listener)\`, \`off(name, listener)\`. It
is there before the first script of the page. Every request settles once, with a result or a coded error
([errors.md](errors.md)).

- Wallet API: ${API_VERSIONS.join(', ')}. \`api_version\` is optional; \`0.10\` stands for every 0.10 that is spoken. Absent: the newest.
- Node JSON-RPC: ${NODE_SPECS.join(', ')}.
- At most ${MAX_CALLS} calls and ${MAX_FELTS} felts of calldata in a transaction.
- Addresses and hashes come padded to 66 characters: compare them as numbers. Chain ids come unpadded.
- Also taken: \`silentMode\`; \`calls\` as one object; \`contractAddress\` and \`entrypoint\` in a call; \`starknet_addInvokeTransaction\`
  and \`starknet_signTypedData\` as names. Beside the params of a standard method unknown keys are dropped; in a call, and in the
  methods of sessions, they are 114.

## What happens when

Of a good request, by what the wallet is for this site; where a session is named, of one of its own that has not ended. Where a
method has a silent mode this is the plain one.

${states.join('\n')}

A window opens only after a real click or key in the page; without one the question waits behind the wallet's icon. Before a
site is connected, a locked and an unlocked wallet answer it alike. From a browser start to the first unlock no session runs: that
is the third column, but for what is about a session of the site, which waits for the unlock, or is 216 where nothing may wait.

## Events

| event | arguments | when |
| --- | --- | --- |
| \`accountsChanged\` | \`[address]\`, or \`undefined\` | connected, another account for this site, unlocked; disconnected |
| \`networkChanged\` | chain id in hex, \`[address]\` | another network for this site |
| \`sessionsChanged\` | \`SessionInfo[]\` | status, policy or meters of a session of this site changed; at most once a second |

## Methods

${methods.map(section).join('\n')}`
  const errors = `${HEAD}# Errors

What is thrown is an \`Error\` with its own \`code\`, the message \`An error occurred (NAME)\`, and \`data\` where the table says so.
Every method may answer ${BOTH.map(code).join(' and ')}; the two that tell versions never the former.

| code | name | when | \`data\` |
| --- | --- | --- | --- |
${Object.keys(CODES)
  .map((name) => `| ${CODES[name]} | ${name} | ${WHEN[name].when} | ${WHEN[name].data} |`)
  .join('\n')}

## Which method answers which

| method | codes |
| --- | --- |
${methods.map((method) => `| \`${method}\` | ${errorsOf(method)} |`).join('\n')}
`
  return { 'docs/provider.md': `${provider.trimEnd()}\n`, 'docs/errors.md': errors }
}

/** @returns {Promise<number>} how many pages are stale */
export async function docs() {
  const printed = await pages()
  const stale = Object.entries(printed).filter(([path, text]) => read(path) !== text)
  for (const [path] of stale) console.log(`docs: ${path} is not what the tables say: npm run docs`)
  if (stale.length === 0) console.log(`docs: ${Object.keys(printed).join(' and ')} are what the tables say`)
  return stale.length
}

async function tables() {
  const { runnerImport } = await import('vite')
  const given = { configFile: false, root: at('.') }
  const [dapp, told, errors] = await Promise.all(
    ['src/core/protocol/dapp.ts', 'src/core/protocol/told.ts', 'src/core/errors.ts'].map(
      async (path) => (await runnerImport(at(path), given)).module,
    ),
  )
  return { ...dapp, ...told, ...errors, BOTH: ['API_VERSION_NOT_SUPPORTED', 'UNKNOWN_ERROR'] }
}

function read(path) {
  try {
    return readFileSync(at(path), 'utf8')
  } catch {
    return undefined
  }
}

if (isProgram(import.meta.url)) {
  if (process.argv.includes('--check')) process.exitCode = (await docs()) === 0 ? 0 : 1
  else for (const [path, text] of Object.entries(await pages())) writeFileSync(at(path), text)
}
