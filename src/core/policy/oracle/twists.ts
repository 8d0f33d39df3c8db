import type { Address, Selector, U256 } from '../../felt.ts'
import type { Facts } from '../facts.ts'
import type { AmountCap, CountCap, DenyRule, RuleId, TokenLimit } from '../policy.ts'
import type { Dice } from './dice.ts'
import { aGrantingPast, approveMuch, bendResets, narrowApprovals } from './grants.ts'
import {
  ACCOUNT,
  type ACCOUNT_CLASS,
  APPROVALS,
  amountCaps,
  aStream,
  countCaps,
  type Draft,
  ERC20,
  type Feature,
  GAMES,
  hex,
  itemData,
  limbs,
  money,
  OWN,
  PAYMASTERS,
  PEOPLE,
  PLAIN,
  simulateWell,
  someCharges,
  TOKENS,
  TWO_128,
  text,
  UNLISTED,
} from './parts.ts'
import { listOf } from './story.ts'
import { ADMIN, BANNED, MONEY_NAMES } from './tables.ts'

interface Twist {
  readonly needs?: Feature
  /** Before the caps are fitted. */
  readonly bend: (dice: Dice, draft: Draft) => void
  /** After it. */
  readonly late?: (dice: Dice, draft: Draft) => void
}

const nothing = () => {}

function limitTo(limit: TokenLimit, people: TokenLimit['recipients'] & object): readonly string[] {
  limit.recipients ??= people
  return limit.recipients
}

const aboutToken = (draft: Draft, dice: Dice) =>
  dice.pick([...draft.policy.spend.limits.filter((it) => it.asset === 'erc20'), undefined])

/** A money call that its own rule allows, so that only what is bent about it is wrong. */
function moneyCall(dice: Dice, draft: Draft, names: readonly string[], data: (limit: TokenLimit) => string[]): void {
  const limit = aboutToken(draft, dice)
  if (limit === undefined) return
  const selector = money[dice.pick(names)]!
  const others = draft.policy.calls
  others.push({
    id: `r${others.length}` as RuleId,
    contract: limit.token,
    entrypoints: [{ selector }],
    caps: [],
    sums: [],
    enabled: true,
    required: false,
  })
  draft.tx.calls.push({ to: limit.token, selector, calldata: data(limit) })
}

const outsider = (list: readonly string[] | undefined) => PEOPLE.find((it) => !list?.includes(it)) ?? '0xdead'

/** One lower than what is used and wanted: each of these is the smallest refusal there is. */
const lower = (caps: readonly (AmountCap | CountCap)[], dice: Dice) => {
  if (caps.length === 0) return
  const cap = dice.pick(caps)
  const less = dice.pick([1n, 1n, 5n])
  if (typeof cap.max === 'number') (cap as CountCap).max = Math.max(0, cap.max - Number(less))
  else (cap as AmountCap).max = text(BigInt(cap.max) - less)
}

export const TWISTS: readonly Twist[] = [
  {
    bend: nothing,
    late: (_, { tx }) => {
      tx.calls.splice(0)
    },
  },
  {
    bend: (dice, { tx }) => {
      const target = dice.pick([64, 65])
      while (tx.calls.length < target) tx.calls.push(tx.calls[0]!)
    },
  },
  {
    bend: (dice, { tx }) => {
      const rest = tx.calls.slice(1).reduce((sum, { calldata }) => sum + calldata.length, 0)
      tx.calls[0] = { ...tx.calls[0]!, calldata: Array.from({ length: dice.pick([5000, 5001]) - rest }, () => '0x1') }
    },
  },
  {
    needs: 'spellings',
    bend: (dice, { tx }) => {
      const bad = ['0X1', hex(2n ** 251n + 17n * 2n ** 192n + 1n), '01', '-1', '1.5', ' 0x1', '0x', '', 'hello']
      const call = tx.calls[0]
      if (call === undefined) return
      const word = dice.pick(bad)
      const address = dice.pick([...bad, '0x0', hex((1n << 251n) - 256n)])
      const selector = dice.pick([...bad, hex(1n << 250n), '1234'])
      tx.calls[0] = dice.pick([
        { ...call, to: address },
        { ...call, selector },
        { ...call, calldata: [...call.calldata, word] },
      ])
    },
  },
  {
    bend: (dice, { tx }) => {
      tx.unsupported = [dice.pick(['proof', 'paymaster_data', 'version'])]
    },
  },
  {
    bend: (_, { tx }) => {
      tx.origin = 'https://evil.io' as typeof tx.origin
    },
  },
  {
    bend: (dice, { tx, facts }) => {
      if (dice.chance(0.5)) tx.chainId = '0x1' as typeof tx.chainId
      else facts.genesis = '0x9e1' as typeof tx.chainId
    },
  },
  {
    bend: (_, { tx }) => {
      tx.account = OWN
    },
  },
  {
    bend: (dice, { tx }) => {
      const to = dice.pick([ACCOUNT, OWN])
      tx.calls[dice.int(0, Math.max(0, tx.calls.length - 1))] = {
        to,
        selector: dice.pick([PLAIN[0]!, BANNED[0]![1]]),
        calldata: [],
      }
    },
  },
  {
    bend: (dice, { tx }) => {
      const index = dice.int(0, Math.max(0, tx.calls.length - 1))
      tx.calls[index] = { to: dice.pick([...GAMES, UNLISTED]), selector: dice.pick(BANNED)[1], calldata: [] }
    },
  },
  {
    bend: (dice, { session }) =>
      (session.state = dice.pick(['revoked', 'revoking', 'superseded', 'paused', 'paused', 'pending', 'pending'])),
  },
  {
    bend: (_, { session }) => {
      session.state = 'pending'
    },
  },
  {
    bend: (_, { session }) => {
      session.state = 'paused'
    },
  },
  {
    bend: (dice, { session, facts }) => {
      facts.unlocked = dice.chance(0.3)
      facts.workingSet = dice.chance(0.5)
      session.runWhileLocked = dice.chance(0.5)
    },
  },
  {
    bend: (dice, { policy, now }) => {
      policy.validAfter = now + dice.pick([0, 1, 2, 60])
    },
  },
  {
    bend: (dice, { policy, now }) => {
      policy.validUntil = now + dice.int(-1, 61)
    },
  },
  {
    bend: (dice, { policy, now }) => {
      policy.validUntil = now + dice.pick([59, 60, 61, 62])
    },
  },
  {
    bend: (_, { facts }) => {
      facts.clockWrong = true
    },
  },
  {
    bend: (dice, { facts, tx, now }) => {
      const at = dice.pick([ACCOUNT, ...tx.calls.map(({ to }) => to)]) as Address
      const before = facts.classes[at]
      if (before === undefined) return
      const { impl: _, ...plain } = before
      const bent = dice.pick([
        undefined,
        { ...before, classHash: '0xbad' as typeof ACCOUNT_CLASS },
        { ...before, readAt: now - 60 },
        { ...before, readAt: now - 61 },
        { ...before, impl: '0xbad' as typeof ACCOUNT_CLASS },
        plain,
      ])
      const { [at]: _gone, ...others } = facts.classes
      facts.classes = bent === undefined ? others : { ...others, [at]: bent }
    },
  },
  {
    needs: 'deny',
    bend: (dice, { policy, tx }) => {
      const call = dice.pick(tx.calls)
      if (call === undefined) return
      policy.deny.push({
        contract: dice.pick([call.to as Address, call.to as Address, '*']),
        entrypoints: dice.pick<DenyRule['entrypoints']>([[call.selector as Selector], '*', [PLAIN[2]!]]),
        by: 'person',
      })
    },
  },
  {
    bend: (dice, { tx }) => {
      tx.calls.splice(dice.pick([0, tx.calls.length]), dice.pick([0, 1]), {
        to: dice.pick([UNLISTED, ...GAMES, ...TOKENS]),
        selector: dice.pick(['0xeee', PLAIN[0]!]),
        calldata: [],
      })
    },
  },
  {
    bend: (dice, { policy, tx }) => {
      const call = dice.pick(tx.calls)
      const rule = policy.calls.find(
        (it) =>
          it.contract === call?.to &&
          it.entrypoints !== '*' &&
          it.entrypoints.some(({ selector }) => selector === call?.selector),
      )
      if (rule !== undefined) rule.enabled = false
    },
  },
  {
    bend: (dice, { policy, tx }) => {
      const rule = dice.pick(policy.calls)
      const selector = dice.pick(ADMIN)[1] as Selector
      if (rule.contract === '*' || rule.entrypoints === '*') return
      rule.entrypoints = [...rule.entrypoints, { selector }]
      delete rule.adminAck
      const [acked, wide] = [dice.chance(0.3), dice.chance(0.3)]
      if (acked) rule.adminAck = true
      else if (wide) rule.wide = true
      tx.calls.push({ to: rule.contract, selector, calldata: [] })
    },
  },
  {
    bend: (dice, { tx }) => {
      const index = tx.calls.findIndex(({ selector }) => MONEY_NAMES.some(([, it]) => it === selector))
      const call = tx.calls[index]
      if (call === undefined) return
      const { calldata } = call
      tx.calls[index] = {
        ...call,
        calldata: dice.pick([
          calldata.slice(0, -1),
          [...calldata, '0x0'],
          [...calldata.slice(0, -1), hex(TWO_128)],
          [...calldata.slice(0, -2), hex(TWO_128), '0x0'],
          [...calldata.slice(0, -2), hex(TWO_128 - 1n), '0x0'],
          [...calldata.slice(0, -1), '0x1'],
          [...calldata.slice(0, -2), hex(1n << 127n), hex(TWO_128 - 1n)],
          [],
        ]),
      }
    },
  },
  {
    bend: (dice, draft) =>
      moneyCall(dice, draft, ERC20, () =>
        dice.pick([
          [PEOPLE[0]!, hex(TWO_128), '0x0'],
          [PEOPLE[0]!, '0x1', '0x0', '0x0'],
          [PEOPLE[0]!, '0x1'],
          [ACCOUNT, '0x1', '0x2', hex(TWO_128)],
        ]),
      ),
  },
  {
    bend: (dice, { policy, tx }) => {
      const selector = money[dice.pick(MONEY_NAMES)[0]]!
      policy.calls.push({
        id: `r${policy.calls.length}` as RuleId,
        contract: dice.pick([UNLISTED, GAMES[0]!]),
        entrypoints: [{ selector }],
        ...(dice.chance(0.3) ? { wide: true } : {}),
        ...(dice.chance(0.2) ? { notAToken: true } : {}),
        caps: [],
        sums: [],
        enabled: true,
        required: false,
      })
      tx.calls.push({
        to: policy.calls.at(-1)!.contract,
        selector,
        calldata: [PEOPLE[0]!, dice.pick(['0x0', '0x5']), '0x0'],
      })
    },
  },
  {
    bend: (dice, draft) =>
      moneyCall(dice, draft, APPROVALS, (limit) => [
        dice.pick([...limit.spenders, ...PEOPLE]),
        ...limbs(dice.pick([0n, 1n, 1n << 127n, (1n << 127n) - 1n])),
      ]),
  },
  {
    bend: (dice, draft) =>
      moneyCall(dice, draft, APPROVALS, (limit) => [outsider(limit.spenders), ...limbs(dice.pick([0n, 1n, 7n]))]),
  },
  {
    bend: (dice, draft) =>
      moneyCall(dice, draft, ['transfer'], (limit) => [outsider(limitTo(limit, [])), ...limbs(dice.pick([0n, 3n]))]),
  },
  {
    bend: (dice, draft) =>
      moneyCall(dice, draft, ['transfer_from', 'transferFrom'], (limit) => [
        ACCOUNT,
        outsider(limitTo(limit, [PEOPLE[0]!])),
        ...limbs(dice.pick([0n, 3n])),
      ]),
  },
  {
    bend: (dice, draft) =>
      moneyCall(dice, draft, ['transfer', 'transfer_from', 'transferFrom'], () => [ACCOUNT, ACCOUNT, '0x5', '0x0']),
  },
  { bend: (dice, draft) => moneyCall(dice, draft, ['transfer'], () => [ACCOUNT, '0x5', '0x0']) },
  {
    bend: (dice, draft) =>
      moneyCall(dice, draft, ['transfer_from', 'transferFrom'], (limit) => {
        limit.foreignTransferFrom = dice.pick(['forbid', 'forbid', 'count'])
        return [PEOPLE[0]!, dice.pick([ACCOUNT, ...PEOPLE]), ...limbs(dice.pick([0n, 9n]))]
      }),
  },
  { bend: nothing, late: (dice, { policy }) => lower(policy.usage.tx, dice) },
  {
    bend: (dice, { policy, now }) => {
      policy.usage.tx = countCaps(dice, now, 1)
    },
    late: (dice, { policy }) => lower(policy.usage.tx, dice),
  },
  {
    bend: (dice, { policy, now }) => {
      policy.usage.calls = countCaps(dice, now, 1)
    },
    late: (dice, { policy }) => lower(policy.usage.calls, dice),
  },
  {
    bend: (dice, { policy, now }) => {
      for (const rule of policy.calls) rule.caps = countCaps(dice, now, 1)
    },
    late: (dice, { policy }) => {
      for (const { caps } of policy.calls) lower(caps, dice)
    },
  },
  {
    bend: (dice, { policy, now }) => {
      for (const fee of policy.fees.tokens) fee.caps = amountCaps(dice, now, 1)
    },
    late: (dice, { policy }) => {
      for (const { caps } of policy.fees.tokens) lower(caps, dice)
    },
  },
  {
    bend: (dice, draft) => moneyCall(dice, draft, ['transfer'], () => [PEOPLE[0]!, '0x5', '0x0']),
    late: (dice, { policy }) => {
      for (const limit of policy.spend.limits) if (limit.asset === 'erc20') lower(limit.caps, dice)
    },
  },
  {
    bend: (dice, draft) => moneyCall(dice, draft, ['transfer'], () => [PEOPLE[0]!, '0x5', '0x0']),
    late: (dice, { policy }) =>
      policy.spend.limits.forEach((limit) => {
        if (limit.asset === 'erc20') limit.perCall = text(dice.pick([4n, 5n]))
      }),
  },
  {
    bend: (dice, draft) => moneyCall(dice, draft, ['transfer'], () => [PEOPLE[0]!, '0x5', '0x0']),
    late: (dice, { policy }) =>
      policy.spend.limits.forEach((limit) => {
        if (limit.asset === 'erc20') limit.perTx = text(dice.pick([4n, 5n]))
      }),
  },
  {
    needs: 'stream',
    bend: (dice, draft) =>
      moneyCall(dice, draft, ['transfer'], (limit) => {
        limit.stream = aStream(dice, draft.now, draft.policy.validAfter)
        return [PEOPLE[0]!, '0x5', '0x0']
      }),
    late: (dice, { policy, now }) =>
      policy.spend.limits.forEach((limit) => {
        if (limit.asset !== 'erc20' || limit.stream === undefined) return
        const { stream } = limit
        if (dice.chance(0.3)) stream.start = now + dice.pick([0, 1, 5])
        else if (BigInt(stream.initial) > 0n) stream.initial = text(BigInt(stream.initial) - 1n)
        else if (stream.max !== undefined) stream.max = text(BigInt(stream.max) - 1n)
      }),
  },
  {
    bend: (dice, { policy }) => {
      policy.fees.payer = dice.pick(['paymaster', 'either'])
    },
  },
  {
    bend: (dice, { policy }) => {
      dice.pick(policy.calls).sponsoredOnly = true
    },
  },
  {
    // Somebody else pays who may not.
    bend: (dice, { policy, tx }) => {
      tx.paymaster = dice.pick([...PAYMASTERS, 'https://pay.example:8443'])
      if (dice.chance(0.5)) policy.fees.payer = 'account'
      else policy.fees.paymasters = PAYMASTERS.filter((one) => one !== tx.paymaster && dice.chance(0.5))
    },
  },
  {
    // Somebody else pays who may, for how much of the account's.
    bend: (dice, { policy, tx }) => {
      tx.paymaster = dice.pick(policy.fees.paymasters ?? PAYMASTERS)
      policy.fees.payer = dice.pick(['paymaster', 'either'])
      if (dice.chance(0.5)) tx.fee = { ...tx.fee, max: 0n }
      if (dice.chance(0.2)) policy.fees.tokens = []
      if (dice.chance(0.4)) dice.pick(policy.calls).sponsoredOnly = true
    },
  },
  {
    bend: (_, { tx }) => {
      tx.fee = { ...tx.fee, token: UNLISTED }
    },
  },
  {
    bend: nothing,
    late: (dice, { policy, tx }) => {
      policy.fees.maxTipPerGas = text(tx.fee.tipPerGas - dice.pick([0n, 1n]))
    },
  },
  {
    bend: nothing,
    late: (dice, { policy, tx }) => {
      for (const fee of policy.fees.tokens) fee.perTx = text(tx.fee.max - dice.pick([0n, 1n, 1n]))
    },
  },
  {
    bend: nothing,
    late: (dice, { policy, tx }) => {
      policy.usage.maxCallsPerTx = Math.max(1, tx.calls.length - dice.pick([0, 1]))
    },
  },
  {
    bend: (dice, draft) => {
      const { story, now, policy } = draft
      const last = now - dice.pick([0, 1, 29, 30, 31])
      story.push({ hold: { id: 'last', group: 'last', at: last, charges: someCharges(dice, policy) } })
    },
    late: (_, { policy }) => {
      policy.usage.minGap = 30
    },
  },
  {
    bend: (dice, { facts, now }) => {
      const inARow = dice.int(2, 9)
      facts.reverts = { inARow, lastAt: now - dice.pick([0, 29, 30, 31, 59, 60, 61, 119, 120, 599, 600, 601]) }
    },
  },
  {
    needs: 'history',
    bend: (dice, { story, policy, now }) => {
      const open = dice.int(1, 4)
      for (let i = 0; i < open; i++) {
        const group = dice.pick([`open${i}`, 'open0'])
        story.push({ hold: { id: `open${i}`, group, at: now, charges: someCharges(dice, policy) } })
      }
    },
    late: (dice, { policy, story, session }) => {
      const open = listOf(story, session).filter(({ settled }) => settled === undefined)
      policy.usage.maxInFlight = Math.max(1, new Set(open.map(({ group }) => group)).size + dice.pick([0, 1]))
      policy.usage.minGap = 0
    },
  },
  {
    needs: 'simulate',
    bend: (dice, draft) => {
      simulateWell(dice, draft)
      const { facts, now } = draft
      facts.simulation = dice.pick<Facts['simulation']>([
        'none',
        { ok: false, at: now, words: 'reverted' },
        { ok: true, at: now - 16, out: {}, items: {}, odd: [] },
        { ok: true, at: now - 15, out: {}, items: {}, odd: [] },
      ])
    },
  },
  {
    needs: 'simulate',
    bend: (dice, draft) => {
      simulateWell(dice, draft)
      const { facts, now } = draft
      facts.simulation = {
        ok: true,
        at: now,
        out: dice.pick<Record<string, U256>>([{ [UNLISTED]: '1' as U256 }, { [UNLISTED]: '0' as U256 }, {}]),
        items: dice.pick([{}, { [UNLISTED]: '1' as U256 }]),
        odd: dice.pick([[], [TOKENS[0]!]]),
      }
    },
  },
  {
    needs: 'simulate',
    bend: (dice, draft) => simulateWell(dice, draft),
    late: (dice, { policy, facts }) => {
      const { simulation } = facts
      if (typeof simulation === 'string' || !simulation.ok) return
      for (const limit of policy.spend.limits) {
        if (limit.asset === 'erc20' && simulation.out[limit.token] !== undefined)
          limit.perCall = text(dice.pick([5n, 40n]))
      }
    },
  },
  {
    // An item that is not one of those, or to somebody who is not; single, safe and in a batch.
    needs: 'nft',
    bend: (dice, draft) => {
      const limits = draft.policy.spend.limits.filter((it) => it.asset !== 'erc20')
      if (limits.length === 0) return
      const limit = dice.pick(limits)
      const names = limit.asset === 'erc721' ? ['transfer_from', 'safeTransferFrom', 'approve'] : ['safe_transfer_from']
      const name = dice.pick([...names, 'setApprovalForAll'])
      const isId = name !== 'setApprovalForAll' && dice.chance(0.7)
      if (isId) limit.tokenIds = dice.pick([[], ['1', '2']]) as U256[]
      else if (name !== 'setApprovalForAll') limit.recipients ??= []
      const to = dice.pick(
        name === 'approve' || name === 'setApprovalForAll' ? limit.spenders : (limit.recipients ?? PEOPLE),
      )
      const data = itemData(dice, name, { ...limit, tokenIds: isId ? (['3', '9'] as U256[]) : (limit.tokenIds ?? []) })
      const selector = money[name]!
      draft.policy.calls.push({
        id: `r${draft.policy.calls.length}` as RuleId,
        contract: limit.collection,
        entrypoints: [{ selector }],
        caps: [],
        sums: [],
        enabled: true,
        required: false,
      })
      const place = name === 'approve' || name === 'setApprovalForAll' ? 0 : 1
      const calldata = isId && to !== undefined ? data.with(place, to) : data
      draft.tx.calls.push({ to: limit.collection, selector, calldata })
    },
  },
  { needs: 'approvals', bend: (dice, draft) => approveMuch(dice, draft, 'count') },
  { needs: 'approvals', bend: (dice, draft) => approveMuch(dice, draft, 'resetAfter') },
  {
    needs: 'approvals',
    bend: (dice, draft) => approveMuch(dice, draft, 'resetAfter'),
    late: (dice, draft) => bendResets(dice, draft),
  },
  { needs: 'approvals', bend: nothing, late: (dice, draft) => bendResets(dice, draft) },
  { needs: 'approvals', bend: (dice, draft) => aGrantingPast(dice, draft) },
  {
    needs: 'approvals',
    bend: (dice, draft) => {
      for (const limit of draft.policy.spend.limits) if (limit.asset === 'erc20') limit.approvals = 'count'
      aGrantingPast(dice, draft)
    },
  },
  {
    needs: 'approvals',
    bend: (dice, draft) => aGrantingPast(dice, draft),
    late: (dice, draft) => {
      draft.narrowed = (policy) => narrowApprovals(dice, policy)
    },
  },
]
