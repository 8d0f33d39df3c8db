import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { classify } from '../../../cold/reserved.ts'
import { OUTSIDE_TYPES } from '../../../cold/samples.ts'
import { LISTED, STRK } from '../../../core/account.ts'
import { felt } from '../../../core/felt.ts'
import type {
  ApprovalRecord,
  MessageQuestion,
  NetworkId,
  Question,
  SessionQuestion,
  StoredSession,
} from '../../../core/records.ts'
import { createApprovals } from '../../owners/approvals.ts'
import { ACCOUNT, account, CHAIN_ID, createWorld, NETWORK, ORIGIN, START } from '../../sending/stub-world.ts'
import { approvalView, areLimitsUnread, holdsBack } from '../../views/approvals.ts'
import { namingOf, siteOf } from '../../views/facts.ts'
import { approvalVerbs } from './approvals.ts'

const StarknetDomain = ['name', 'version', 'chainId', 'revision'].map((name) => ({ name, type: 'shortstring' }))
/** Calls that anyone may send for so many seconds. */
const outside = (seconds: number) => ({
  types: { StarknetDomain, ...OUTSIDE_TYPES },
  primaryType: 'OutsideExecution',
  domain: { name: 'Account.execute_from_outside', version: '2', chainId: CHAIN_ID, revision: '1' },
  message: {
    Caller: '0x414e595f43414c4c4552',
    Nonce: '0x2a',
    'Execute After': 1,
    'Execute Before': START + seconds,
    Calls: [{ To: STRK, Selector: 'transfer', Calldata: ['0xabc', '0x5', '0x0'] }],
  },
})

let life: Awaited<ReturnType<typeof createLife>>
beforeEach(async () => {
  life = await createLife()
})

async function createLife() {
  const { clock, db, networks, start, sessions } = await createWorld()
  /** What the person has read so far. */
  let settings: Parameters<typeof areLimitsUnread>[2] = {}
  let lock: 'locked' | 'unlocked' = 'unlocked'
  let locksMeanwhile = false
  const approvals = createApprovals({
    db,
    now: () => clock.now,
    newId: () => 'a1',
    network: networks.get,
    window: { open: async () => undefined, isOurs: async () => true },
    changed: () => undefined,
  })
  const shown = (record: ApprovalRecord) =>
    approvalView(record, {
      now: clock.now,
      digest: approvals.digest(record),
      site: siteOf(ORIGIN, undefined, 0),
      naming: namingOf([account], LISTED as never),
      account,
      networkName: 'Sepolia',
      nameOf: () => 'Sepolia',
      balances: {},
      choices: [],
      described: [],
      session: undefined,
      replaced: {},
      replaceable: [],
      allowances: [],
      typedData:
        record.question.kind === 'message'
          ? classify(record.question.data, { account: ACCOUNT, chainId: CHAIN_ID })
          : undefined,
      recipients: [],
      stepUp: false,
      limitsUnread: areLimitsUnread(record, networks.get(networkOf(record.question)), settings),
      stepState: () => 'todo',
      outcome: undefined,
    })
  const verbs = approvalVerbs({
    approvals,
    unlocking: { state: async () => lock } as unknown as Parameters<typeof approvalVerbs>[0]['unlocking'],
    account: async () => account,
    stepUp: async () => false,
    checked: async () => {
      throw new Error('no password is asked')
    },
    holdsBack: async (record) => {
      if (locksMeanwhile) lock = 'locked'
      return holdsBack(lock === 'locked' ? undefined : shown(record))
    },
    asks: {} as Parameters<typeof approvalVerbs>[0]['asks'],
    goOn: () => undefined,
    changed: () => undefined,
  })
  const asked = async (question: Question) => {
    const asker = { origin: ORIGIN, document: 'd1', tab: 1, request: 'r1', gesture: true }
    approvals.ask(asker, question).catch(() => undefined)
    const waiting = async () => (await approvals.waiting())[0]
    await expect.poll(waiting).toBeDefined()
    return (await waiting()) as ApprovalRecord
  }
  const ask = (seconds: number, effects?: MessageQuestion['effects']) =>
    asked({
      kind: 'message',
      network: NETWORK,
      account: ACCOUNT,
      data: outside(seconds),
      hash: felt(1),
      reasons: [],
      ...(effects === undefined ? {} : { effects }),
    })
  const askSession = async (network: NetworkId, more: Partial<SessionQuestion> = {}) => {
    if (sessions.list().length === 0) await start('s1')
    const { granted } = sessions.list()[0] as StoredSession
    return asked({
      kind: 'session',
      network,
      account: ACCOUNT,
      connects: false,
      askedAt: clock.now,
      steps: [],
      done: [],
      // Nothing else of what its site asked is drawn.
      asked: { words: {}, limits: [], mayNarrow: true } as unknown as SessionQuestion['asked'],
      granted,
      effective: granted,
      runWhileLocked: true,
      sessionId: 's2' as SessionQuestion['sessionId'], // Of the test's own making.
      ...more,
    })
  }
  const decide = (
    record: ApprovalRecord,
    more: { readonly ticked?: boolean; readonly decision?: 'allow' | 'refuse' } = {},
  ) =>
    verbs.decide.act({
      id: record.id,
      rev: record.rev,
      digest: approvals.digest(record),
      decision: 'allow',
      ...more,
    })
  const read = () => {
    settings = { limitsRead: true }
  }
  const lockMeanwhile = () => {
    locksMeanwhile = true
  }
  return { approvals, ask, askSession, decide, shown, read, lockMeanwhile }
}
const networkOf = (question: Question): NetworkId => ('network' in question ? question.network : NETWORK)
const phase = async () => (await life.approvals.get('a1'))?.phase

describe('calls for somebody else to send', () => {
  it('that can be sent for more than an hour are a danger, and are not signed without their tick', async () => {
    const record = await life.ask(3_601, { moves: [] })
    expect(life.shown(record)).toMatchObject({
      risks: [{ level: 'danger' }, { level: 'note' }],
      ticks: [{ key: 'outside_tick' }],
    })
    for (const more of [{}, { ticked: false }])
      await expect(life.decide(record, more)).rejects.toMatchObject({ code: 'blocked', line: { key: 'err_tick' } })
    expect(await phase()).toBe('asking')
    await life.decide(record, { ticked: true })
    expect(await phase()).toBe('running')
  })

  it('that end within an hour are warned about, with nothing to tick', async () => {
    const record = await life.ask(3_600, { moves: [] })
    expect(life.shown(record)).toMatchObject({ risks: [{ level: 'warn' }, { level: 'note' }], ticks: [] })
    await life.decide(record, {})
    expect(await phase()).toBe('running')
  })
  it('are not signed where the wallet locks while their yes is looked at', async () => {
    const record = await life.ask(3_601, { moves: [] })
    life.lockMeanwhile()
    await expect(life.decide(record)).rejects.toMatchObject({ code: 'locked' })
    expect(await phase()).toBe('asking')
  })
  it('are not signed before they were tried out', async () => {
    const record = await life.ask(3_600)
    await expect(life.decide(record, {})).rejects.toMatchObject({ code: 'blocked' })
    expect(await phase()).toBe('asking')
  })
})

describe('before the first session on mainnet', () => {
  it('the limits are read first: until then a yes is refused, whatever comes with it', async () => {
    const record = await life.askSession('mainnet')
    expect(life.shown(record)).toMatchObject({ kind: 'session', limitsUnread: true })
    for (const more of [{}, { ticked: true }])
      await expect(life.decide(record, more)).rejects.toMatchObject({
        code: 'blocked',
        line: { key: 'err_limitsFirst' },
      })
    expect(await phase()).toBe('asking')
    life.read()
    expect(life.shown(record)).not.toHaveProperty('limitsUnread')
    await life.decide(record)
    expect(await phase()).toBe('running')
  })
  it('a refusal needs no reading, and is none', async () => {
    const first = await life.askSession('mainnet')
    await life.decide(first, { decision: 'refuse' })
    expect(await phase()).toBeUndefined()
    expect(life.shown(await life.askSession('mainnet'))).toMatchObject({ limitsUnread: true })
  })
  it('they are asked for of a change and of several sessions as well, and of nothing that is allowed already', async () => {
    const { askSession, shown } = life
    const record = await askSession('mainnet', { more: [] })
    const { asked, granted, effective, runWhileLocked, sessionId } = record.question as SessionQuestion
    const part = { asked, granted, effective, runWhileLocked, sessionId }
    for (const change of [{ change: 'renew' }, { more: [part] }] as const)
      expect(shown({ ...record, question: { ...(record.question as SessionQuestion), ...change } })).toMatchObject({
        limitsUnread: true,
      })
    expect(shown({ ...record, phase: 'running' })).not.toHaveProperty('limitsUnread')
  })
  it.each(['sepolia', 'devnet'] as const)('of %s nothing is read', async (network) => {
    const record = await life.askSession(network)
    expect(life.shown(record)).not.toHaveProperty('limitsUnread')
    await life.decide(record)
    expect(await phase()).toBe('running')
  })
  it('of another question on mainnet nothing is read', async () => {
    const record = await life.ask(3_600, { moves: [] })
    const moved = { ...record, question: { ...(record.question as MessageQuestion), network: 'mainnet' as const } }
    expect(life.shown(moved)).not.toHaveProperty('limitsUnread')
  })
})
