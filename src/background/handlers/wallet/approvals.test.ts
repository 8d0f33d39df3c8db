import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { classify } from '../../../cold/reserved.ts'
import { OUTSIDE_TYPES } from '../../../cold/samples.ts'
import { LISTED, STRK } from '../../../core/account.ts'
import { felt } from '../../../core/felt.ts'
import type { ApprovalRecord, MessageQuestion } from '../../../core/records.ts'
import { createApprovals } from '../../owners/approvals.ts'
import { ACCOUNT, account, CHAIN_ID, createWorld, NETWORK, ORIGIN, START } from '../../sending/stub-world.ts'
import { approvalView, holdsBack } from '../../views/approvals.ts'
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
  const { clock, db, networks } = await createWorld()
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
      stepState: () => 'todo',
      outcome: undefined,
    })
  const verbs = approvalVerbs({
    approvals,
    unlocking: { state: async () => 'unlocked' } as unknown as Parameters<typeof approvalVerbs>[0]['unlocking'],
    account: async () => account,
    stepUp: async () => false,
    checked: async () => {
      throw new Error('no password is asked')
    },
    holdsBack: async (record) => holdsBack(shown(record)),
    asks: {} as Parameters<typeof approvalVerbs>[0]['asks'],
    goOn: () => undefined,
    changed: () => undefined,
  })
  const ask = async (seconds: number, effects?: MessageQuestion['effects']) => {
    const question: MessageQuestion = {
      kind: 'message',
      network: NETWORK,
      account: ACCOUNT,
      data: outside(seconds),
      hash: felt(1),
      reasons: [],
      ...(effects === undefined ? {} : { effects }),
    }
    const asker = { origin: ORIGIN, document: 'd1', tab: 1, request: 'r1', gesture: true }
    approvals.ask(asker, question).catch(() => undefined)
    const waiting = async () => (await approvals.waiting())[0]
    await expect.poll(waiting).toBeDefined()
    return (await waiting()) as ApprovalRecord
  }
  const decide = (record: ApprovalRecord, more: { readonly ticked?: boolean }) =>
    verbs.decide.act({
      id: record.id,
      rev: record.rev,
      digest: approvals.digest(record),
      decision: 'allow',
      ...more,
    })
  return { approvals, ask, decide, shown }
}
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
  it('are not signed before they were tried out', async () => {
    const record = await life.ask(3_600)
    await expect(life.decide(record, {})).rejects.toMatchObject({ code: 'blocked' })
    expect(await phase()).toBe('asking')
  })
})
