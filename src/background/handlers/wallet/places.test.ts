import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it, test } from 'vitest'
import { type Address, address } from '../../../core/felt.ts'
import type { Origin, SessionId } from '../../../core/policy/policy.ts'
import type { Vault } from '../../keys/vault.ts'
import { createMove } from '../../moving.ts'
import { createApprovals } from '../../owners/approvals.ts'
import { createContacts } from '../../owners/contacts.ts'
import { createGrants } from '../../owners/grants.ts'
import { beginRules, createSettings } from '../../owners/settings.ts'
import { ACCOUNT, createWorld, NETWORK, ORIGIN, type World } from '../../sending/stub-world.ts'
import type { Unlocking } from '../../unlocking.ts'
import { contactVerbs } from './contacts.ts'
import { type KeyNeeds, keyVerbs } from './keys.ts'
import { settingVerbs } from './settings.ts'
import { siteVerbs } from './sites.ts'

const ANA = address(`0x4a1b${'2c3d'.repeat(13)}5e6f70a`)
const PASSWORD = 'test test test test'
const OWN = { address: ACCOUNT, name: 'Account 1' }

let world: World
let windows: number
let stops: number
let told: string[]
let approvals: ReturnType<typeof createApprovals>
let grants: ReturnType<typeof createGrants>
let settings: ReturnType<typeof createSettings>
let contacts: ReturnType<typeof contactVerbs>
let sites: ReturnType<typeof siteVerbs>
let verbs: ReturnType<typeof settingVerbs>
let keys: ReturnType<typeof keyVerbs>
let book: ReturnType<typeof createContacts>

beforeEach(async () => {
  world = await createWorld()
  windows = 0
  stops = 0
  told = []
  const now = () => world.clock.now
  const guard = () => world.guard
  const { db, networks, sessions } = world
  let ids = 0
  approvals = createApprovals({
    db,
    now,
    newId: () => {
      ids += 1
      return `a${ids}`
    },
    network: networks.get,
    window: {
      open: async () => {
        windows += 1
      },
      isOurs: async () => true,
    },
    changed: () => undefined,
  })
  grants = createGrants({ db, guard, now })
  settings = createSettings({ db, guard: () => world.guard })
  await world.db.write(['settings'], 'strict', (tx) => beginRules(tx, world.guard))
  book = createContacts({ db, guard, now })
  contacts = contactVerbs({ contacts: book, ownAccounts: async () => [OWN], changed: () => undefined })
  const changed = () => undefined
  sites = siteVerbs({
    approvals,
    grants,
    sessions,
    settings,
    networks,
    ownAccount: world.accounts.own,
    move: createMove({ grants, approvals, networks, tell: (_origin, name) => told.push(name), changed }),
    disconnect: async (origin) => {
      for (const { id } of sessions.live(origin as Origin)) await sessions.pause(id, 'person')
      return grants.remove(origin as Origin)
    },
    end: ({ id }) => sessions.revoke(id, now(), false),
    changed,
  })
  const vault = {
    verifyPassword: async (proof: unknown) => (proof === PASSWORD ? { ok: true, value: true } : { ok: false }),
  } as unknown as Vault
  verbs = settingVerbs({
    settings,
    vault,
    accounts: world.accounts,
    networks,
    approvals,
    // Only this is asked of it here.
    unlocking: {
      stopAll: async () => {
        stops += 1
        return (await sessions.pauseAll({}, 'person')).map(({ id }) => id)
      },
    } as unknown as Unlocking,
    resetNetwork: async () => undefined,
    refresh: () => undefined,
    openTab: async () => undefined,
    changed,
  })
  const workingSet = { setAutoLock: async () => undefined }
  keys = keyVerbs({ settings, vault, workingSet, now, changed } as unknown as KeyNeeds)
})

/** The same digits in front and at the end, and others between. */
const like = (of: Address) => address(`${of.slice(0, 12)}7777${of.slice(16)}`)

describe('contacts', () => {
  const add = (name: string, to: string = ANA) => contacts.addContact.act({ address: to, name })

  it('are added, renamed and removed, and outlive the worker', async () => {
    await add(' Ana ')
    await contacts.renameContact.act({ address: ANA, name: 'Ana M.' })
    expect(await book.all()).toEqual([{ address: ANA, name: 'Ana M.', at: world.clock.now }])
    await contacts.removeContact.act({ address: ANA })
    expect(await book.all()).toEqual([])
    await expect(contacts.renameContact.act({ address: ANA, name: 'Ana' })).rejects.toMatchObject({ code: 'gone' })
  })
  it('take an address as this wallet shows it, in groups', async () => {
    const grouped = `0x ${ANA.slice(2).replaceAll(/(.{4})/g, '$1 ')}`
    expect(await contacts.checkContact.act({ address: grouped })).toEqual({ address: ANA })
  })
  it('warn of an address that begins and ends like a known one', async () => {
    await add('Ana')
    expect((await contacts.checkContact.act({ address: like(ANA) })).warning).toMatchObject({
      key: 'contact_looksLike',
      args: { known: { address: ANA, name: 'Ana' } },
    })
    expect((await contacts.checkContact.act({ address: like(ACCOUNT) })).warning).toBeDefined()
    expect(await contacts.checkContact.act({ address: ANA })).toEqual({ address: ANA, known: 'Ana' })
  })
  test.each([
    ['nothing', ''],
    ['an Ethereum address', `0x${'ab'.repeat(20)}`],
    ['zero', '0x0'],
    ['more than an address', `0x${'f'.repeat(64)}`],
    ['words', 'ana.stark'],
    ['emoji', '💸'],
    ['a long text', 'a'.repeat(2_000)],
  ])('refuse %s as an address, and keep nothing', async (_, typed) => {
    await expect(add('Ana', typed)).rejects.toMatchObject({ code: 'blocked' })
    expect(await book.all()).toEqual([])
  })
  test.each([
    ['no name', ''],
    ['a name that cannot be seen', '\u200b'],
    ['a name that turns the text around it', 'Ana\u202e'],
    ['a name of 41 characters', 'a'.repeat(41)],
    ['the name of an own account', 'account 1'],
    ['a name that looks like one', 'Αccount l'],
  ])('refuse %s', async (_, name) => {
    await expect(add(name)).rejects.toMatchObject({ code: 'blocked' })
    expect(await book.all()).toEqual([])
  })
  it('refuse the name of another contact, and an address that is there already', async () => {
    await add('Ana')
    await expect(add('Аna', like(ANA))).rejects.toMatchObject({ line: { key: 'err_contactLooks' } })
    await expect(add('Bea')).rejects.toMatchObject({ line: { key: 'err_contactKnown' } })
    await contacts.renameContact.act({ address: ANA, name: 'ANA' })
  })
})

describe('a site', () => {
  it('is moved by the person: to another network, told to its own documents', async () => {
    await grants.give(ORIGIN, ACCOUNT, NETWORK)
    await sites.moveSite.act({ origin: ORIGIN, network: 'devnet' })
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'devnet', account: ACCOUNT })
    expect(told).toEqual(['networkChanged', 'accountsChanged'])
  })
  it('is not moved to mainnet before the phrase was checked, nor to what is not here', async () => {
    await grants.give(ORIGIN, ACCOUNT, NETWORK)
    await expect(sites.moveSite.act({ origin: ORIGIN, network: 'mainnet' })).rejects.toMatchObject({ code: 'blocked' })
    await expect(sites.moveSite.act({ origin: ORIGIN, network: 'added:aa' })).rejects.toMatchObject({ code: 'gone' })
    await expect(sites.moveSite.act({ origin: ORIGIN, account: ANA })).rejects.toMatchObject({ code: 'blocked' })
    await expect(sites.moveSite.act({ origin: 'https://b.example', network: 'devnet' })).rejects.toMatchObject({
      code: 'gone',
    })
    expect(told).toEqual([])
    await settings.set({ backupChecked: true })
    await sites.moveSite.act({ origin: ORIGIN, network: 'mainnet' })
    expect(await grants.get(ORIGIN)).toMatchObject({ network: 'mainnet' })
  })
  it('that is forgotten has no grant, no session that goes on, and may ask again', async () => {
    await grants.give(ORIGIN, ACCOUNT, NETWORK)
    await world.start('s1')
    await silence()
    await sites.forgetSite.act({ origin: ORIGIN })
    expect(await grants.get(ORIGIN)).toBeUndefined()
    expect(world.sessions.list().map(({ state }) => state)).toEqual(['revoked'])
    expect(await approvals.quiet()).toEqual([])
  })
  it('that was silenced is listened to again when the person says so', async () => {
    await silence()
    expect((await approvals.quiet()).map(({ origin }) => origin)).toEqual([ORIGIN])
    expect(await approvals.quietUntil(ORIGIN)).toBe(world.clock.now + 3_600)
    await sites.listenAgain.act({ origin: ORIGIN })
    expect(await approvals.quietUntil(ORIGIN)).toBeUndefined()
    const asked = question()
    asked.catch(() => undefined)
    await expect.poll(async () => (await approvals.waiting()).length).toBe(1)
  })
  it('is quiet no longer than it was silenced for', async () => {
    await silence()
    world.clock.now += 3_600
    expect(await approvals.quiet()).toEqual([])
  })
})

describe('the master switch', () => {
  it('off stops all and refuses what waits to begin; on resumes nothing by itself', async () => {
    await world.start('s1')
    const asked = approvals.ask(asker(), await sessionQuestion())
    asked.catch(() => undefined)
    await expect.poll(async () => (await approvals.waiting()).length).toBe(1)
    await verbs.setSessions.act({ on: false })
    await expect(asked).rejects.toMatchObject({ code: 113, data: { reason: 'context' } })
    expect(stops).toBe(1)
    expect(settings.sessionsOff()).toBe(true)
    expect(world.sessions.list().map(({ state }) => state)).toEqual(['paused'])
    await verbs.setSessions.act({ on: true })
    expect(settings.sessionsOff()).toBe(false)
    expect(world.sessions.list().map(({ state }) => state)).toEqual(['paused'])
  })
  it('is off before anything else is looked at: what starts meanwhile finds it', async () => {
    const off = verbs.setSessions.act({ on: false })
    await expect.poll(() => settings.sessionsOff()).toBe(true)
    await off
    expect((await settings.get()).sessionsOff).toBe(true)
  })
})

test('defaults of sessions: each is set alone, and taken back', async () => {
  await verbs.setSessionDefaults.act({ runWhileLocked: false })
  await verbs.setSessionDefaults.act({ life: 3_600 })
  await verbs.setSessionDefaults.act({ idlePause: 86_400 })
  expect(await settings.get()).toMatchObject({ restLocked: true, defaultLife: 3_600, idlePause: 86_400 })
  await verbs.setSessionDefaults.act({ runWhileLocked: true, idlePause: null, password: PASSWORD })
  const { restLocked, idlePause, defaultLife } = await settings.get()
  expect([restLocked, idlePause, defaultLife]).toEqual([undefined, undefined, 3_600])
})

test('what protects less than before asks for the password, and what protects more does not', async () => {
  const locks = async () => (await settings.get()).autoLock
  await keys.setAutoLock.act({ seconds: 300 })
  for (const seconds of [900, null]) {
    await expect(keys.setAutoLock.act({ seconds })).rejects.toMatchObject({ code: 'wrongPassword' })
    await expect(keys.setAutoLock.act({ seconds, password: 'another' })).rejects.toMatchObject({
      code: 'wrongPassword',
    })
  }
  expect(await locks()).toBe(300)
  await keys.setAutoLock.act({ seconds: null, password: PASSWORD })
  expect(await locks()).toBeUndefined()
  await keys.setAutoLock.act({ seconds: 3_600 })
  expect(await locks()).toBe(3_600)

  const pauses = async () => (await settings.get()).idlePause
  await verbs.setSessionDefaults.act({ idlePause: 86_400 })
  for (const idlePause of [604_800, null] as const)
    await expect(verbs.setSessionDefaults.act({ idlePause })).rejects.toMatchObject({ code: 'wrongPassword' })
  expect(await pauses()).toBe(86_400)
  await verbs.setSessionDefaults.act({ idlePause: 604_800, password: PASSWORD })
  expect(await pauses()).toBe(604_800)
})

test('the default account is one whose key is here and that is shown, or none', async () => {
  await verbs.setDefaultAccount.act({ account: ACCOUNT })
  expect((await settings.get()).defaultAccount).toBe(ACCOUNT)
  await expect(verbs.setDefaultAccount.act({ account: ANA })).rejects.toMatchObject({ code: 'gone' })
  await world.accounts.change(ACCOUNT, (it) => ({ ...it, hidden: true as const }))
  await expect(verbs.setDefaultAccount.act({ account: ACCOUNT })).rejects.toMatchObject({ code: 'gone' })
  expect((await settings.get()).defaultAccount).toBe(ACCOUNT)
  await verbs.setDefaultAccount.act({ account: null })
  expect(await settings.get()).not.toHaveProperty('defaultAccount')
})

test('from which share of a limit on its use is told, and whether hashes are shown, outlive the worker and are taken back', async () => {
  await verbs.setSessionDefaults.act({ limitsFrom: 80 })
  await verbs.setSessionDefaults.act({ life: 3_600 })
  await verbs.setShowHashes.act({ on: true })
  const later = createSettings({ db: world.db, guard: () => world.guard })
  expect(await later.get()).toMatchObject({ limitsFrom: 80, showHashes: true, defaultLife: 3_600 })
  await verbs.setSessionDefaults.act({ limitsFrom: 50 })
  await verbs.setShowHashes.act({ on: false })
  expect(await settings.get()).not.toHaveProperty('limitsFrom')
  expect(await settings.get()).not.toHaveProperty('showHashes')
})

test('that the limits were read outlives the worker, in the row that keeps others out', async () => {
  const later = () => createSettings({ db: world.db, guard: () => world.guard })
  expect(await later().get()).not.toHaveProperty('limitsRead')
  await verbs.readLimits.act(null)
  await verbs.setSessionDefaults.act({ life: 3_600 })
  expect(await later().get()).toMatchObject({ limitsRead: true, defaultLife: 3_600 })
  expect(await world.db.read(['settings'], (tx) => tx.get('settings', 'settings'))).toBeUndefined()
})

test('settings of an older wallet, without what came later, are read as they are', async () => {
  await world.db.write(['settings'], 'strict', (tx) =>
    tx.put('settings', 'settings', { network: 'devnet', theme: 'dark' }),
  )
  expect(await settings.get()).toMatchObject({ network: 'devnet', theme: 'dark' })
})

test('settings that are changed at the same time are all changed', async () => {
  await Promise.all([
    verbs.setLanguage.act({ language: 'ar' }),
    verbs.setTheme.act({ theme: 'dark' }),
    verbs.setSessionDefaults.act({ life: 3_600 }),
    verbs.setSessionDefaults.act({ idlePause: 86_400 }),
    verbs.setNotify.act({ kinds: ['sent'] }),
    verbs.setSessions.act({ on: false }),
  ])
  expect(await settings.get()).toMatchObject({
    language: 'ar',
    theme: 'dark',
    defaultLife: 3_600,
    idlePause: 86_400,
    notify: ['sent'],
    sessionsOff: true,
  })
  await Promise.all([verbs.setSessions.act({ on: true }), verbs.setLanguage.act({ language: null })])
  expect(await settings.get()).not.toHaveProperty('sessionsOff')
  expect(await settings.get()).not.toHaveProperty('language')
})

const asker = () => ({ origin: ORIGIN, document: 'd1', tab: 1, request: `${windows}`, gesture: true })
const question = () => approvals.ask(asker(), { kind: 'connect', account: ACCOUNT, network: NETWORK })
async function silence(): Promise<void> {
  const asked = question()
  asked.catch(() => undefined)
  await expect.poll(async () => (await approvals.waiting()).length).toBe(1)
  const [record] = await approvals.waiting()
  await approvals.decide(record!.id, record!.rev, approvals.digest(record!), 'quiet')
}
async function sessionQuestion() {
  const { asked, granted, effective, runWhileLocked } = world.sessions.list()[0]!
  return {
    kind: 'session' as const,
    network: NETWORK,
    account: ACCOUNT,
    connects: false,
    askedAt: world.clock.now,
    steps: [],
    done: [],
    asked,
    granted,
    effective,
    runWhileLocked,
    sessionId: 's2' as SessionId, // Of the test's own making.
  }
}
