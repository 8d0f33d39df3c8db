import { randomBytes } from 'node:crypto'
import type { Page, Worker } from '@playwright/test'
import { HDKey } from '@scure/bip32'
import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english'
import { guardianSecretId, ownerSecretId } from '../../src/background/keys/signer.ts'
import { createVault } from '../../src/background/keys/vault.ts'
import { guardianKey, ownerKey } from '../../src/cold/index.ts'
import { address as addressOf } from '../../src/core/felt.ts'
import { openDatabase, type Row } from '../../src/platform/database.ts'
import 'fake-indexeddb/auto'
import { publicKey } from '../../src/starknet/curve.ts'
import { selectorOf } from '../../src/starknet/selector.ts'
import { connected, PASSWORD, personAt } from '../person.ts'
import { formsOf, searched, textForms, wordsOf } from '../secrets.ts'
import { press, request, resultOf } from '../site.ts'
import { expect, test } from '../world.ts'

/*
 * What a person's disk holds after the browser is closed. The keys searched for are the wallet's own: its vault, read from
 * its IndexedDB, is opened here with the password.
 *
 * Not searched for: W, the key that seals `storage.session`. Chromium writes it out with IndexedDB, by design
 * (working-set.ts): what it seals lies in memory only, which is searched for here, and the next browser start deletes it.
 */
test('T22: after creation, session, calls, lock and unlock the closed profile holds no phrase, key or password, and a planted one is found', async ({
  context,
  home,
  worker,
  devnet,
  site,
}, info) => {
  test.setTimeout(240_000)
  const { person, page, address } = await connected({ context, home, devnet, site })
  const approval = await person.asked(() => press(page, 'Request session'))
  await person.allow(approval, 'Allow session', PASSWORD)
  expect(await resultOf(page, 'Request session')).toMatch(/is active$/)
  await press(page, 'Use session')
  expect(await resultOf(page, 'Use session')).toContain('SUCCEEDED')
  await person.lock()
  await press(page, 'Use session')
  expect(await resultOf(page, 'Use session', 2)).toContain('SUCCEEDED')
  await person.unlock()

  const phrase = person.phrase()
  const [session] = (await request(page, 'wallet_getSessions')).result as { id: string }[]
  const keys = await keysOf(person.page, address, session?.id ?? '')
  expect(keys.phrase).toBe(phrase)
  expect(keys.owner).toEqual(ownerKey(phrase, 0))
  expect(keys.guardian).toEqual(guardianKey(phrase, 0, 0))
  expect(await view('get_owner')).toBe(publicKey(keys.owner))
  expect(await view('get_guardian')).toBe(publicKey(keys.guardian))
  const inMemory = await sessionStorageOf(worker)
  expect(inMemory.working?.ct).toMatch(/^[0-9a-f]{64,}$/)
  expect(inMemory.unlocked?.ct).toMatch(/^[0-9a-f]{64,}$/)

  const marker = await plant(person.page, worker)
  await person.lock()
  await context.close()

  const secrets: Record<string, Uint8Array> = {
    'session key': keys.session,
    'owner key': keys.owner,
    'guardian key': keys.guardian,
    ...keys.subkeys,
    ...secretsOf(phrase),
  }
  const needles = [
    ...Object.entries(secrets).flatMap(([name, bytes]) => formsOf(name, bytes)),
    ...textForms('password', PASSWORD),
    ...textForms('storage.session, working', inMemory.working?.ct ?? ''),
    ...textForms('storage.session, unlocked', inMemory.unlocked?.ct ?? ''),
  ]
  expect(needles.every(({ bytes }) => bytes.length >= 16)).toBe(true)
  const profile = info.outputPath('profile')
  expect(searched(profile, needles, [wordsOf('phrase', phrase)])).toEqual([])
  const found = searched(profile, [...marker.forms, ...marker.local], [marker.words])
  for (const { name } of [...marker.forms, marker.words]) expect(found).toContainEqual(inStore(name, 'IndexedDB'))
  for (const { name } of marker.local) expect(found).toContainEqual(inStore(name, 'Local Extension Settings'))

  async function view(name: string): Promise<string | undefined> {
    const request = { contract_address: address, entry_point_selector: selectorOf(name), calldata: [] }
    const answer = await devnet.rpc<string[]>('starknet_call', { request, block_id: 'latest' })
    // A guardian comes as an option of a signer: the key stands last.
    return answer.at(-1)
  }
})

test('T22: a phrase that was typed to import it leaves nothing in the closed profile either', async ({
  context,
  home,
}, info) => {
  const phrase = entropyToMnemonic(randomBytes(16), wordlist)
  const person = await personAt(context, home)
  await person.importWallet(phrase)
  await person.lock()
  await person.unlock()
  await context.close()
  const secrets = { owner: ownerKey(phrase, 0), guardian: guardianKey(phrase, 0, 0), ...secretsOf(phrase) }
  const needles = Object.entries(secrets).flatMap(([name, bytes]) => formsOf(name, bytes))
  const all = [...needles, ...textForms('password', PASSWORD)]
  expect(searched(info.outputPath('profile'), all, [wordsOf('phrase', phrase)])).toEqual([])
})

/*
 * Not searched for: sealed records and the address. Chromium's LevelDB keeps deleted rows in its files until it merges them,
 * which no extension can ask for; the screen says so.
 */
test('T22: after the wallet was erased no row is left, and the closed profile holds no phrase, key or password', async ({
  context,
  home,
  worker,
}, info) => {
  test.setTimeout(240_000)
  const person = await personAt(context, home)
  const address = await person.createWallet()
  const { owner, guardian, subkeys } = await keysOf(person.page, address)
  const phrase = person.phrase()
  await person.wipe()
  expect(await rowsOf(person.page)).toEqual([])
  expect(Object.keys(await sessionStorageOf(worker))).toEqual(['mark'])
  await context.close()
  const secrets = { owner, guardian, ...subkeys, ...secretsOf(phrase) }
  const needles = Object.entries(secrets).flatMap(([name, bytes]) => formsOf(name, bytes))
  const all = [...needles, ...textForms('password', PASSWORD)]
  expect(searched(info.outputPath('profile'), all, [wordsOf('phrase', phrase)])).toEqual([])
})

/** What else opens everything that the phrase opens. */
function secretsOf(phrase: string): Record<string, Uint8Array> {
  const seed = mnemonicToSeedSync(phrase)
  const { privateKey } = HDKey.fromMasterSeed(seed).derive("m/44'/60'/0'/0/0")
  if (privateKey === null) throw new Error('no key')
  return { entropy: mnemonicToEntropy(phrase, wordlist), seed, 'key of the first stage': privateKey }
}

function rowsOf(wallet: Page): Promise<Row[]> {
  return wallet.evaluate(
    () =>
      new Promise<Row[]>((resolve, reject) => {
        const opened = indexedDB.open('latchkey')
        opened.onerror = () => reject(opened.error)
        opened.onsuccess = () => {
          const all = opened.result.transaction('vault').objectStore('vault').getAll()
          all.onerror = () => reject(all.error)
          all.onsuccess = () => {
            opened.result.close()
            resolve(all.result)
          }
        }
      }),
  )
}

/** Opens a copy of the vault as it lies in the browser. */
async function keysOf(wallet: Page, address: string, session?: string) {
  const rows = await rowsOf(wallet)
  const now = () => Math.floor(Date.now() / 1000)
  const db = openDatabase({ now })
  await db.write(['vault'], 'strict', async (tx) => {
    for (const row of rows) await tx.putRow('vault', row)
  })
  const vault = createVault({ db, now, random: randomBytes, ticks: () => performance.now() })
  const opened = await vault.unlock(PASSWORD)
  if (!opened.ok) throw new Error('the vault did not open')
  const phrase = await vault.phrase(PASSWORD)
  const { owner, guardian, session: ofSessions, state } = opened.value.keys
  const account = addressOf(address)
  const secret = async (kind: 'owner' | 'guardian' | 'session', id: string, key: Uint8Array) => {
    const bytes = await vault.openSecret(kind, id, key)
    if (bytes === undefined) throw new Error(`no ${kind} key in the vault`)
    return bytes
  }
  return {
    phrase: phrase.ok ? phrase.value : '',
    owner: await secret('owner', ownerSecretId(account), owner),
    guardian: await secret('guardian', guardianSecretId(account, 0), guardian),
    session: session === undefined ? new Uint8Array() : await secret('session', session, ofSessions),
    subkeys: {
      'subkey owner': owner,
      'subkey guardian': guardian,
      'subkey session': ofSessions,
      'subkey state': state,
    },
  }
}

function sessionStorageOf(worker: Worker): Promise<Record<string, { ct: string }>> {
  return worker.evaluate(async () => {
    const all: Record<string, { ct?: unknown }> = await chrome.storage.session.get()
    return Object.fromEntries(Object.entries(all).map(([name, { ct }]) => [name, { ct: String(ct) }]))
  })
}

const inStore = (name: string, store: string) => expect.stringMatching(new RegExp(`^${name} in .*${store}`))

/**
 * A secret of nobody's, through the same doors: in every form into IndexedDB, as texts into `storage.local`. LevelDB writes a
 * row in blocks, so one may be cut where a form stands; the second copy is not cut at the same place.
 */
async function plant(wallet: Page, worker: Worker) {
  const forms = formsOf('marker', randomBytes(32))
  const phrase = entropyToMnemonic(randomBytes(16), wordlist)
  const values = [...forms.map(({ shape }) => shape), { text: phrase, wide: false }].map((shape) =>
    // One letter that does not fit into a byte makes all of them wide.
    'raw' in shape ? { bytes: [...shape.raw] } : { text: shape.wide ? `${shape.text}→` : shape.text },
  )
  await wallet.evaluate(
    (values) =>
      new Promise<void>((resolve, reject) => {
        const opened = indexedDB.open('latchkey')
        opened.onerror = () => reject(opened.error)
        opened.onsuccess = () => {
          const tx = opened.result.transaction('contacts', 'readwrite', { durability: 'strict' })
          const value = values.map((it) => ('bytes' in it ? new Uint8Array(it.bytes) : it.text))
          for (const key of ['marker 1', 'marker 2']) tx.objectStore('contacts').put({ key, v: 1, value })
          tx.onabort = () => reject(tx.error)
          tx.oncomplete = () => {
            opened.result.close()
            resolve()
          }
        }
      }),
    values,
  )
  const local = formsOf('local marker', randomBytes(32)).filter(({ shape }) => 'text' in shape && !shape.wide)
  await worker.evaluate(
    (texts) => chrome.storage.local.set({ marker: texts }),
    local.map(({ shape }) => ('text' in shape ? shape.text : '')),
  )
  return { forms, local, words: wordsOf('marker words', phrase) }
}
