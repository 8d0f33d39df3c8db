import { fileURLToPath } from 'node:url'
import { build, type Rolldown } from 'vite'
import { expect, test } from 'vitest'

/** As `npm run build:sdk` writes it, without writing it. */
const result = await build({
  configFile: fileURLToPath(new URL('../../sdk.config.ts', import.meta.url)),
  logLevel: 'error',
  build: { write: false },
})
const { output } = (Array.isArray(result) ? result[0] : result) as Rolldown.RolldownOutput
const chunks = output.filter((file) => file.type === 'chunk')
const fileOf = (name: string) => chunks.find(({ fileName }) => fileName === `${name}.js`)
const reachedBy = (name: string): readonly string[] => {
  const reached = new Set([`${name}.js`])
  for (const file of reached)
    for (const next of chunks.find(({ fileName }) => fileName === file)?.imports ?? []) reached.add(next)
  return [...reached]
}
/** What a page that imports this file has to have beside it. */
const packagesOf = (name: string) => reachedBy(name).filter((file) => !file.endsWith('.js'))
/** Whether it brings the policy core along. */
const decides = (name: string) =>
  chunks.some(({ fileName, moduleIds }) => reachedBy(name).includes(fileName) && moduleIds.some(isCore))
const isCore = (id: string) => id.includes('/src/core/policy/') || id.includes('/valibot/')

test('the built files export what seeds.md 7.2 names, and nothing else', () => {
  expect(fileOf('index')?.exports.toSorted()).toEqual([
    'checkSession',
    'generateSessionKey',
    'getLatchkey',
    'getSessions',
    'installCosignerFetch',
    'onSessionsChanged',
    'policyFromCalls',
    'requestSession',
    'requestSessions',
    'revokeSession',
    'rotateSession',
    'selectorOf',
    'setWallet',
    'supportsSessions',
    'updateSession',
    'walletCosigner',
  ])
  expect(fileOf('accounts')?.exports.toSorted()).toEqual(['SessionSigner', 'SessionWalletAccount'])
  expect(fileOf('agent')?.exports.toSorted()).toEqual(['agentSigner', 'localCosigner', 'ownSession', 'relayClient'])
})

test('the helpers need no package beside them, the accounts and an agent need starknet.js alone', () => {
  expect(packagesOf('index')).toEqual([])
  expect(packagesOf('accounts')).toEqual(['starknet'])
  expect(packagesOf('agent')).toEqual(['starknet'])
})

test('what decides by itself is in the file for agents, and pages load none of it', () => {
  expect(['index', 'accounts', 'agent'].map(decides)).toEqual([false, false, true])
})
