/** One session as tests and story pages know it: a game, two tokens, a site. Selectors are those of the names beside them. */
import { STRK } from '../account.ts'
import { MONEY } from '../call.ts'
import { type Address, address, type ClassHash, type Felt, felt, type Selector, u256 } from '../felt.ts'
import { DAY, type UnixSeconds } from '../time.ts'
import { emptyBook } from './book.ts'
import type { Facts, Transaction } from './facts.ts'
import type { Call, Hold, Origin, RuleId, SessionId, SessionPolicy, SessionRecord } from './policy.ts'
import type { ClassFacts, ResolveFacts } from './resolve.ts'

export const NOW: UnixSeconds = 1_800_000_000
export const ACCOUNT = address('0x42a6')
export const OTHER_ACCOUNT = address('0x42a7')
export const GAME = address('0x1c3')
export const USD = address('0x53c9')
export const FRIEND = address('0xf00d')
export const STRANGER = address('0xbad')
export const SITE = 'https://play.g.io' as Origin
export const CHAIN = felt('0x534e5f5345504f4c4941') // SN_SEPOLIA
export const GENESIS = felt('0x9e0')
export const GAME_CLASS = '0x9a3e' as ClassHash
export const TOKEN_CLASS = '0x70c3' as ClassHash
export const ACCOUNT_CLASS = '0xacc' as ClassHash

export const MOVE = '0x239e4c8fbd11b680d7214cfc26d1780d5c099453f0832beb15fd040aebd4ebb' as Selector // move
export const BUY = '0x2d88e868af0a1983e3886d5f3e95a2fafbd6c3450bc229e27342283dc429ccc' as Selector // buy
export const moneySelector = (name: string) => MONEY.find(([known]) => known === name)?.[1] as Selector

export const strk = (units: number | bigint) => u256(BigInt(units) * 10n ** 18n)

export function call(to: Address, selector: Selector, calldata: readonly Felt[] = []): Call {
  return { to, selector, calldata: [...calldata] }
}

/** A u256 as two limbs. */
export function limbs(amount: bigint): [Felt, Felt] {
  return [felt(amount & (2n ** 128n - 1n)), felt(amount >> 128n)]
}

export function transfer(token: Address, to: Felt, amount: bigint, name = 'transfer'): Call {
  return call(token, moneySelector(name), [to, ...limbs(amount)])
}

export function transferFrom(token: Address, from: Felt, to: Felt, amount: bigint, name = 'transfer_from'): Call {
  return call(token, moneySelector(name), [from, to, ...limbs(amount)])
}

/** move and buy on the game, transfer of STRK: 25 in all, 5 each; 200 uses, 10 in any minute; fees 0.8 STRK. */
export function samplePolicy(changes: Partial<SessionPolicy> = {}): SessionPolicy {
  return {
    v: 1,
    validAfter: NOW,
    validUntil: NOW + DAY,
    calls: [
      {
        id: 'r0' as RuleId,
        contract: GAME,
        entrypoints: [{ selector: MOVE, name: 'move' }],
        caps: [],
        sums: [],
        enabled: true,
        required: true,
        codePin: { classHash: GAME_CLASS, onChange: 'pause' },
      },
      {
        id: 'r1' as RuleId,
        contract: GAME,
        entrypoints: [{ selector: BUY }],
        caps: [{ window: { kind: 'session' }, max: 50 }],
        sums: [],
        enabled: true,
        required: false,
        codePin: { classHash: GAME_CLASS, onChange: 'pause' },
      },
      {
        id: 'r2' as RuleId,
        contract: STRK,
        entrypoints: [
          { selector: moneySelector('transfer_from'), name: 'transfer_from' },
          { selector: moneySelector('transfer'), name: 'transfer' },
        ],
        caps: [],
        sums: [],
        enabled: true,
        required: false,
        codePin: { classHash: TOKEN_CLASS, onChange: 'pause' },
      },
    ],
    deny: [],
    spend: {
      limits: [
        {
          asset: 'erc20',
          token: STRK,
          perCall: strk(5),
          caps: [{ window: { kind: 'session' }, max: strk(25) }],
          spenders: [],
          approvals: 'forbid',
          foreignTransferFrom: 'forbid',
        },
      ],
      look: 'receipt',
    },
    fees: {
      payer: 'account',
      tokens: [{ token: STRK, caps: [{ window: { kind: 'session' }, max: u256(8n * 10n ** 17n) }] }],
    },
    usage: {
      tx: [
        { window: { kind: 'session' }, max: 200 },
        { window: { kind: 'rolling', seconds: 60 }, max: 10 },
      ],
      calls: [],
      maxCallsPerTx: 20,
      minGap: 0,
      maxInFlight: 16,
    },
    messages: [],
    ...changes,
  }
}

export function sampleSession(
  policy: SessionPolicy = samplePolicy(),
  changes: Partial<SessionRecord> = {},
): SessionRecord {
  return {
    id: '0a'.repeat(16) as SessionId,
    origin: SITE,
    chainId: CHAIN,
    genesis: { hash: GENESIS, at: 0 },
    account: ACCOUNT,
    accountClass: ACCOUNT_CLASS,
    backing: 'chain',
    key: { by: 'wallet', guid: felt('0x91d') },
    words: {},
    asked: undefined,
    granted: policy,
    policyHash: `0x${'0'.repeat(64)}` as SessionRecord['policyHash'],
    effective: policy,
    runWhileLocked: true,
    mayNarrow: true,
    state: 'active',
    createdAt: NOW,
    seq: 0,
    ...changes,
  }
}

export const sampleBook = () => emptyBook(sampleSession().id)

export function sampleTx(calls: readonly Call[], changes: Partial<Transaction> = {}): Transaction {
  return {
    origin: SITE,
    chainId: CHAIN,
    account: ACCOUNT,
    calls,
    fee: { token: STRK, max: 10n ** 15n, tipPerGas: 0n },
    unsupported: [],
    ...changes,
  }
}

export function sampleFacts(now: UnixSeconds = NOW, changes: Partial<Facts> = {}): Facts {
  const readAt = now
  return {
    ownAccounts: [ACCOUNT, OTHER_ACCOUNT],
    unlocked: true,
    workingSet: true,
    clockWrong: false,
    classes: {
      [ACCOUNT]: { classHash: ACCOUNT_CLASS, readAt },
      [GAME]: { classHash: GAME_CLASS, readAt },
      [STRK]: { classHash: TOKEN_CLASS, readAt },
      [USD]: { classHash: TOKEN_CLASS, readAt },
    },
    liveAllowance: false,
    simulation: 'none',
    reverts: { inARow: 0, lastAt: 0 },
    ...changes,
  }
}

export function sampleHold(changes: Partial<Hold> = {}): Hold {
  return {
    id: 'h0',
    session: sampleSession().id,
    group: 'g0',
    via: 'node',
    hash: felt('0x1'),
    calls: [],
    charges: [],
    at: NOW,
    status: 'sent',
    ...changes,
  }
}

export const TOKEN: ClassFacts = {
  classHash: TOKEN_CLASS,
  asset: 'erc20',
  entrypoints: ['transfer', 'transfer_from', 'approve'].map((name) => ({
    name,
    selector: moneySelector(name),
    kind: 'external',
  })),
}

export function sampleResolve(changes: Partial<ResolveFacts> = {}): ResolveFacts {
  return {
    account: ACCOUNT,
    ownAccounts: [ACCOUNT, OTHER_ACCOUNT],
    classes: {
      [GAME]: { classHash: GAME_CLASS, entrypoints: [{ name: 'move', selector: MOVE, kind: 'external' }] },
      [STRK]: TOKEN,
      [USD]: TOKEN,
    },
    strk: STRK,
    allowances: [],
    ...changes,
  }
}
