import { STRK } from '../account.ts'
import { canonicalJson } from '../canonical.ts'
import { malformed } from '../errors.ts'
import type { Address, U256 } from '../felt.ts'
import type { Edits } from '../protocol/ui.ts'
import type { UnixSeconds } from '../time.ts'
import type { Asked, AskedAmount, AskedCount, AskedFeeToken, AskedItems, AskedRule, AskedStream } from './asked.ts'
import { itemLimit } from './assets.ts'
import { nftMeter } from './book.ts'
import { hasSameArguments } from './class-arguments.ts'
import { DEFAULTS } from './defaults.ts'
import { adminName } from './forbidden.ts'
import { LIMITS } from './limits.ts'
import { narrows } from './narrow.ts'
import type {
  AmountCap,
  CallRule,
  CountCap,
  NftLimit,
  SessionPolicy,
  SessionRecord,
  StreamCap,
  Window,
} from './policy.ts'
import { resolveFees, resolveUsage } from './resolve.ts'
import { anchored, sameWindow } from './windows.ts'
import { content } from './wire-arguments.ts'
import { type AskedMessage, sameScope } from './wire-messages.ts'

/** What the edits are measured against. */
export interface EditScope {
  /** Nothing may become wider than this: the asked policy before Allow, `granted` afterwards. */
  readonly within: SessionPolicy
  /** Unix seconds, to count a chosen duration from. */
  readonly now: UnixSeconds
  /** The latest end the person may choose; absent: that of `within`. */
  readonly latest?: UnixSeconds
  /** Tokens for which the site named no total: there the person may enter one. */
  readonly enterable?: readonly Address[]
  /** `false`: the site says all or nothing. The end can still be shortened. */
  readonly adjustable?: boolean
}

/**
 * The person's tightening: a second complete policy. Limits by the ids of their fields: `spend:<token>:total`, `:perCall`,
 * `:perTx` · `fee:<token>:total`, `:perTx` · `tx:session`; of other windows `:rolling:<seconds>`, `:fixed:<seconds>:<anchor>`,
 * `:calendar:<unit>`. Amounts in base units. Of collections `nft:<collection>:total` and so on, in items, and the switches
 * `:approveOne`, `:approveAll` with 1 and 0.
 *
 * @throws 114 for an unknown field and for whatever would make the policy wider
 */
export function applyEdits(policy: SessionPolicy, edits: Edits, scope: EditScope): SessionPolicy {
  const changes = Object.entries(edits.limits ?? {})
  const switches = Object.entries(edits.rules ?? {})
  if (scope.adjustable === false && changes.length + switches.length > 0) {
    throw malformed('/limits', 'expected no change: the site says all or nothing')
  }
  const end = edits.validUntil ?? (edits.duration === undefined ? policy.validUntil : scope.now + edits.duration)
  if (end <= policy.validAfter) throw malformed('/validUntil', 'expected an end after the start')
  let next: SessionPolicy = { ...policy, validUntil: end }
  for (const [id, on] of switches) next = switched(next, id, on)
  for (const [id, value] of changes) next = limited(next, id, value)
  const wider = narrows(next, bound(next, scope))
  if (wider !== true) throw malformed(wider[0] ?? '', 'expected nothing wider than what is asked')
  return next
}

/**
 * The policy as it is shown and granted when a rule lists entrypoints that hand over control: allowing it is the person's
 * confirmation, with the danger line and its tick before the button. Without it such calls ask each time.
 */
export function confirmAdmin(policy: SessionPolicy): SessionPolicy {
  const hands = (rule: SessionPolicy['calls'][number]) =>
    rule.contract !== '*' &&
    rule.entrypoints !== '*' &&
    rule.entrypoints.some(({ selector }) => adminName(selector) !== undefined)
  return { ...policy, calls: policy.calls.map((rule) => (hands(rule) ? { ...rule, adminAck: true } : rule)) }
}

/**
 * JSON pointers into the request of what the person changed (provider.md 7.2): members the site did not name are told by
 * the nearest one that would hold them.
 *
 * @param approvedAt unix seconds of the approval: a duration and a missing end count from it
 */
export function narrowedPointers(asked: Asked, effective: SessionPolicy, approvedAt: UnixSeconds): string[] {
  const found = new Set<string>()
  const end = asked.validUntil ?? approvedAt + (asked.duration ?? DEFAULTS.life)
  const begin = asked.validAfter ?? approvedAt
  if (effective.validUntil !== end) found.add(asked.duration === undefined ? '/valid_until' : '/duration')
  asked.calls.forEach((rule, index) => {
    const now = effective.calls[index]
    if (now === undefined) return
    if (now.enabled !== rule.enabled) found.add(`/calls/${index}/enabled`)
    pointCaps(rule.caps, now.caps, `/calls/${index}`, begin, found)
  })
  for (const limit of effective.spend.limits) {
    if (limit.asset !== 'erc20') continue
    const index = asked.limits.findIndex((one) => one.token === limit.token)
    const wanted = asked.limits[index]
    const at = index < 0 ? '/spend_limits' : `/spend_limits/${index}`
    const named = wanted !== undefined && (wanted.caps.length > 0 || wanted.stream !== undefined)
    pointCaps(named ? wanted.caps : [nothing(at)], limit.caps, at, begin, found)
    if (limit.perCall !== wanted?.perCall) found.add(wanted?.perCall === undefined ? at : `${at}/per_call`)
    if (limit.perTx !== wanted?.perTx) found.add(wanted?.perTx === undefined ? at : `${at}/per_tx`)
  }
  for (const limit of effective.spend.limits) if (limit.asset !== 'erc20') pointItems(asked, limit, begin, found)
  for (const fee of effective.fees.tokens) {
    const wanted = resolveFees(asked.fees, STRK, begin).tokens.find(({ token }) => token === fee.token)
    const named = fee.token === STRK ? asked.fees : asked.fees?.tokens?.find(({ token }) => token === fee.token)
    const at = named?.at ?? '/fees'
    pointCaps(placed(wanted?.caps ?? [], named?.caps ?? [], at, begin), fee.caps, at, begin, found)
    if (fee.perTx !== wanted?.perTx) found.add(named?.perTx === undefined ? at : `${at}/max_per_tx`)
  }
  const usage = resolveUsage(asked.usage, begin)
  pointCaps(placed(usage.tx, asked.usage?.tx ?? [], '/usage', begin), effective.usage.tx, '/usage', begin, found)
  return [...found]
}

/**
 * Whether a running session already answers a request: it asks the same, or all it names is inside what is enforced now.
 * What it does not name is not compared, so neither a person's tightening nor our defaults make a page prompt on every
 * load (policy.md 11).
 *
 * @param running a running session of the site's account and chain
 */
export function covers(running: SessionRecord, asked: Asked, now: UnixSeconds): boolean {
  if (asked.replaces !== undefined || asked.hash !== undefined) return false
  if (asked.account !== undefined && asked.account !== running.account) return false
  if (asked.chainId !== undefined && asked.chainId !== running.chainId) return false
  if (asked.tag !== undefined && asked.tag !== running.tag) return false
  if (!sameHolder(running.key, asked.key)) return false
  const before = running.asked as Asked // stored by us as it was parsed
  // Its page calls it by this key, and no other.
  if (asked.pageKey !== undefined && asked.pageKey !== before.pageKey) return false
  if (sameRequest(before, asked)) return true
  // Sent, or signed, once: by the request that asked for it.
  if (asked.setup !== undefined || asked.schedule !== undefined) return false
  const { effective } = running
  const end = asked.validUntil ?? (asked.duration === undefined ? undefined : now + asked.duration)
  return (
    (end === undefined || end <= effective.validUntil) &&
    (asked.validAfter === undefined || asked.validAfter >= effective.validAfter) &&
    asked.calls.every((rule) => coversRule(effective, rule)) &&
    coversDeny(effective, asked) &&
    asked.limits.every((limit) => coversLimit(effective, limit, running.account)) &&
    (asked.items ?? []).every((limit) => coversItems(effective, limit, running.account)) &&
    coversFees(effective, asked) &&
    coversUsage(effective, asked) &&
    (asked.messages ?? []).every((rule) => coversMessage(effective, rule))
  )
}

function sameHolder(running: SessionRecord['key'], asked: Asked['key']): boolean {
  if (asked === undefined || running.by === 'wallet') return asked === undefined && running.by === 'wallet'
  // By its guid alone nobody has it: that of a session its site wrote.
  return running.by === asked.by && running.publicKey === asked.publicKey
}

function switched(policy: SessionPolicy, id: string, on: boolean): SessionPolicy {
  const rule = policy.calls.find((one) => one.id === id)
  if (rule === undefined) throw malformed(`/rules/${id}`, 'expected the id of a rule')
  if (rule.required && !on) throw malformed(`/rules/${id}`, 'expected on: the site needs it')
  return { ...policy, calls: policy.calls.map((one) => (one.id === id ? { ...one, enabled: on } : one)) }
}

function limited(policy: SessionPolicy, id: string, value: U256): SessionPolicy {
  const [meter, subject, ...rest] = id.split(':')
  const field = rest.join(':')
  const edited = { done: false }
  const once = <T>(hit: boolean, before: T, after: T | undefined): T => {
    if (!hit || after === undefined) return before
    edited.done = true
    return after
  }
  const max = Number(value)
  const next: SessionPolicy = {
    ...policy,
    spend: {
      ...policy.spend,
      limits: policy.spend.limits.map((limit) =>
        limit.asset !== 'erc20'
          ? once(meter === 'nft' && limit.collection === subject, limit, withItems(limit, field, value))
          : meter !== 'spend'
            ? limit
            : once(
                limit.token === subject,
                limit,
                field === 'perCall' ? { ...limit, perCall: value } : withField(limit, field, value),
              ),
      ),
    },
    fees: {
      ...policy.fees,
      tokens: policy.fees.tokens.map((fee) =>
        once(meter === 'fee' && fee.token === subject, fee, withField(fee, field, value)),
      ),
    },
    usage: {
      ...policy.usage,
      tx: policy.usage.tx.map((cap) => once(id === txField(cap) && Number.isSafeInteger(max), cap, { ...cap, max })),
    },
  }
  if (!edited.done) throw malformed(`/limits/${id}`, 'expected the id of a limit')
  return next
}

/** The id of the field that edits a cap of `usage.tx`. */
export function txField({ window }: CountCap): string {
  return `tx:${window.kind === 'session' ? 'session' : windowField(window)}`
}

/** The end of the id of the field that edits a cap of an amount. */
export function windowField(window: Window): string {
  switch (window.kind) {
    case 'session':
      return 'total'
    case 'rolling':
      return `rolling:${window.seconds}`
    case 'fixed':
      return `fixed:${window.seconds}:${window.anchor}`
    case 'calendar':
      return `calendar:${window.unit}`
  }
}

/** The id of the field that switches off who may take items. */
export function approvalField(collection: Address, which: 'approveOne' | 'approveAll'): string {
  return `${nftMeter(collection)}:${which}`
}

function withItems(limit: NftLimit, field: string, value: U256): NftLimit | undefined {
  const max = Number(value)
  if (field === 'approveOne' || field === 'approveAll') {
    return max > 1 ? undefined : { ...limit, [field]: max === 1 ? 'allow' : 'forbid' }
  }
  if (max > LIMITS.count || !limit.maxOut.some((cap) => windowField(cap.window) === field)) return undefined
  return { ...limit, maxOut: limit.maxOut.map((cap) => (windowField(cap.window) === field ? { ...cap, max } : cap)) }
}

function withField<T extends { caps: AmountCap[]; perTx?: U256 }>(limit: T, field: string, value: U256) {
  if (field === 'perTx') return { ...limit, perTx: value }
  if (!limit.caps.some((cap) => windowField(cap.window) === field)) return undefined
  return { ...limit, caps: limit.caps.map((cap) => (windowField(cap.window) === field ? { ...cap, max: value } : cap)) }
}

/** The policy that must not be widened, with what the person may enter freely taken from the edited one. */
function bound(next: SessionPolicy, scope: EditScope): SessionPolicy {
  const { within } = scope
  const limits = within.spend.limits.map((limit) => {
    if (limit.asset !== 'erc20') {
      if (scope.enterable?.includes(limit.collection) !== true) return limit
      return { ...limit, maxOut: itemLimit(next, limit.collection)?.maxOut ?? limit.maxOut }
    }
    if (scope.enterable?.includes(limit.token) !== true) return limit
    const entered = next.spend.limits.find((one) => one.asset === 'erc20' && one.token === limit.token)
    return entered?.asset === 'erc20' ? { ...limit, caps: entered.caps } : limit
  })
  return {
    ...within,
    validUntil: scope.latest ?? within.validUntil,
    spend: { ...within.spend, limits },
  }
}

function pointItems(asked: Asked, limit: NftLimit, begin: UnixSeconds, found: Set<string>): void {
  const index = asked.items?.findIndex((one) => one.collection === limit.collection) ?? -1
  const wanted = asked.items?.[index]
  const at = index < 0 ? '/nft_limits' : `/nft_limits/${index}`
  const named = wanted !== undefined && wanted.caps.length > 0
  pointCaps(named ? wanted.caps : [noItem(at)], limit.maxOut, at, begin, found)
  if (limit.approveOne !== (wanted?.approveOne ?? 'forbid')) found.add(`${at}/approve_one`)
  if (limit.approveAll !== (wanted?.approveAll ?? 'forbid')) found.add(`${at}/approve_all`)
}

function noItem(at: string): AskedCount {
  return { window: { kind: 'session' }, max: 0, at } // the default cap of a limit without one
}

function nothing(at: string): AskedAmount {
  return { window: { kind: 'session' }, max: '0' as U256, at } // the default cap of a limit without one
}

function placed<T extends AmountCap | CountCap>(
  caps: readonly T[],
  asked: readonly (AskedAmount | AskedCount)[],
  fallback: string,
  begin: UnixSeconds,
): readonly (T & { readonly at: string })[] {
  const atOf = ({ window }: T) => asked.find((one) => sameWindow(anchored(one.window, begin), window))?.at
  return caps.map((cap) => ({ ...cap, at: atOf(cap) ?? fallback }))
}

function pointCaps(
  asked: readonly (AskedAmount | AskedCount)[],
  now: readonly (AmountCap | CountCap)[],
  fallback: string,
  begin: UnixSeconds,
  found: Set<string>,
): void {
  for (const cap of now) {
    const wanted = asked.find((one) => sameWindow(anchored(one.window, begin), cap.window))
    if (wanted?.max !== cap.max) found.add(wanted?.at ?? fallback)
  }
}

/** Sites write lists in any order and lengths; where a cap stood in the request does not matter. */
function sameRequest(a: Asked, b: Asked): boolean {
  return JSON.stringify(membersOf(a)) === JSON.stringify(membersOf(b))
}

function membersOf(asked: Asked) {
  const caps = (list: readonly (AskedAmount | AskedCount)[]) => list.map(({ window, max }) => [window, max])
  return [
    asked.validAfter,
    asked.validUntil,
    asked.duration,
    asked.mayNarrow,
    asked.enabled,
    asked.setup === undefined ? null : canonicalJson(asked.setup),
    asked.schedule === undefined ? null : canonicalJson(asked.schedule),
    asked.calls.map((rule) => [
      rule.contract,
      selectors(rule),
      rule.args === undefined ? null : content(rule.args),
      caps(rule.caps),
      (rule.sums ?? []).map((sum) => [sum.path, sum.as, caps(sum.caps)]),
      rule.enabled,
      rule.required,
      rule.sponsoredOnly,
    ]),
    inOrder((asked.deny ?? []).map((deny) => [deny.contract, deny.entrypoints, deny.args && content(deny.args)])),
    [...asked.limits]
      .sort((x, y) => (x.token < y.token ? -1 : 1))
      .map((limit) => [
        limit.token,
        caps(limit.caps),
        limit.perCall,
        limit.perTx,
        limit.stream === undefined ? null : canonicalJson(limit.stream),
        limit.recipients,
        limit.spenders,
        limit.approvals,
        limit.foreignTransferFrom,
      ]),
    inOrder(
      (asked.items ?? []).map(({ collection, tokenIds, caps: most, recipients, spenders, approveOne, approveAll }) => [
        collection,
        tokenIds,
        caps(most),
        recipients,
        spenders,
        approveOne,
        approveAll,
      ]),
    ),
    asked.fees === undefined
      ? null
      : [
          caps(asked.fees.caps),
          asked.fees.perTx,
          asked.fees.maxTipPerGas,
          asked.fees.payer,
          asked.fees.paymasters,
          asked.fees.service,
          (asked.fees.tokens ?? []).map((fee) => [fee.token, caps(fee.caps), fee.perTx]),
        ],
    asked.usage === undefined
      ? null
      : [
          caps(asked.usage.tx),
          caps(asked.usage.calls),
          asked.usage.maxCallsPerTx,
          asked.usage.minGap,
          asked.usage.maxInFlight,
        ],
    (asked.messages ?? []).map(({ domainHash, typeHash, fields, caps: most, enabled, required }) => [
      domainHash,
      typeHash,
      canonicalJson(fields),
      caps(most),
      enabled,
      required,
    ]),
  ]
}

function inOrder(items: readonly unknown[]): readonly string[] {
  return items.map((item) => JSON.stringify(item)).sort()
}

/** As its site wrote it. */
function wordsOf({ entrypoints, wide }: CallRule): Pick<AskedRule, 'entrypoints'> {
  return { entrypoints: wide === true ? '*' : entrypoints }
}

function selectors({ entrypoints }: Pick<AskedRule, 'entrypoints'>): readonly string[] {
  return entrypoints === '*' ? ['*'] : entrypoints.map(({ selector }) => selector)
}

function coversRule(effective: SessionPolicy, asked: AskedRule): boolean {
  const rule = effective.calls.find(
    (one) =>
      one.contract === asked.contract &&
      String(selectors(wordsOf(one))) === String(selectors(asked)) &&
      hasSameArguments(asked, one, one.entrypoints === '*' ? [] : one.entrypoints.map(({ selector }) => selector)),
  )
  return (
    rule !== undefined &&
    // Only a site sets it: what it does not name again, it does not want.
    asked.sponsoredOnly === rule.sponsoredOnly &&
    (rule.enabled || !asked.enabled) &&
    capsInside(asked.caps, rule.caps) &&
    (asked.sums ?? []).every((sum) => {
      const same = rule.sums.find((one) => canonicalJson(one.arg) === canonicalJson(sum.path))
      return same !== undefined && (sum.as ?? same.as) === same.as && capsInside(sum.caps, same.caps)
    })
  )
}

/** A site that names what it never does gets no session that does more: each deny there is must be one that it names. */
function coversDeny(effective: SessionPolicy, { deny: asked }: Asked): boolean {
  if (asked === undefined) return true
  return effective.deny.every((deny) =>
    asked.some((one) => {
      const listed = one.entrypoints === '*' ? [] : one.entrypoints
      return (
        one.contract === deny.contract &&
        String(one.entrypoints) === String(deny.entrypoints) &&
        hasSameArguments(one, deny, listed)
      )
    }),
  )
}

function coversLimit(effective: SessionPolicy, asked: Asked['limits'][number], account: Address): boolean {
  const limit = effective.spend.limits.find((one) => one.asset === 'erc20' && one.token === asked.token)
  if (limit?.asset !== 'erc20') return false
  const { recipients } = limit
  return (
    capsInside(asked.caps, limit.caps) &&
    inside(asked.perCall, limit.perCall) &&
    inside(asked.perTx, limit.perTx) &&
    (asked.stream === undefined || coversStream(limit.stream, asked.stream)) &&
    (asked.foreignTransferFrom !== 'count' || limit.foreignTransferFrom === 'count') &&
    (asked.approvals === undefined || asked.approvals === 'forbid' || asked.approvals === limit.approvals) &&
    (asked.spenders ?? []).every((one) => limit.spenders.includes(one)) &&
    (asked.recipients === undefined ||
      recipients === undefined ||
      asked.recipients.every((one) => recipients.includes(one === 'self' ? account : one)))
  )
}

function coversItems(effective: SessionPolicy, asked: AskedItems, account: Address): boolean {
  const limit = itemLimit(effective, asked.collection)
  const within = (named: readonly string[] | undefined, now: readonly string[] | undefined) =>
    named === undefined || now === undefined || named.every((one) => now.includes(one))
  return (
    limit !== undefined &&
    capsInside(asked.caps, limit.maxOut) &&
    within(asked.tokenIds, limit.tokenIds) &&
    within(
      asked.recipients?.map((one) => (one === 'self' ? account : one)),
      limit.recipients,
    ) &&
    within(asked.spenders, limit.spenders) &&
    (asked.approveOne !== 'allow' || limit.approveOne === 'allow') &&
    (asked.approveAll !== 'allow' || limit.approveAll === 'allow')
  )
}

function coversStream(now: StreamCap | undefined, asked: AskedStream): boolean {
  return (
    now !== undefined &&
    (asked.start ?? now.start) >= now.start &&
    inside(asked.initial, now.initial) &&
    inside(asked.perSecond, now.perSecond) &&
    // No ceiling asked for is more than any ceiling.
    (now.max === undefined || (asked.max !== undefined && inside(asked.max, now.max)))
  )
}

function coversFees({ fees: now }: SessionPolicy, { fees }: Asked): boolean {
  if (fees === undefined) return true
  const pays = ({ token, caps, perTx }: Pick<AskedFeeToken, 'token' | 'caps' | 'perTx'>) => {
    if (caps.length === 0 && perTx === undefined) return true
    const fee = now.tokens.find((one) => one.token === token)
    return fee !== undefined && capsInside(caps, fee.caps) && inside(perTx, fee.perTx)
  }
  return (
    [{ ...fees, token: STRK }, ...(fees.tokens ?? [])].every(pays) &&
    (fees.payer === undefined || fees.payer === now.payer || now.payer === 'either') &&
    (fees.paymasters ?? []).every((one) => now.paymasters === undefined || now.paymasters.includes(one)) &&
    (fees.service === undefined || fees.service === now.service) &&
    inside(fees.maxTipPerGas, now.maxTipPerGas)
  )
}

function coversUsage({ usage }: SessionPolicy, { usage: asked }: Asked): boolean {
  if (asked === undefined) return true
  return (
    capsInside(asked.tx, usage.tx) &&
    // No cap on calls is no limit of its own: any number fits.
    (usage.calls.length === 0 || capsInside(asked.calls, usage.calls)) &&
    (asked.maxCallsPerTx ?? 0) <= usage.maxCallsPerTx &&
    (asked.maxInFlight ?? 0) <= usage.maxInFlight &&
    (asked.minGap ?? usage.minGap) >= usage.minGap
  )
}

/** Of this domain and type it signs whatever the request describes. */
function coversMessage({ messages }: SessionPolicy, asked: AskedMessage): boolean {
  const rule = sameScope(messages, asked)
  const named = new Set(asked.fields.map(canonicalJson))
  return (
    rule !== undefined &&
    (rule.enabled || !asked.enabled) &&
    rule.fields.every((field) => named.has(canonicalJson(field))) &&
    capsInside(asked.caps, rule.caps)
  )
}

/** Each named cap has one of the same window that is not smaller; where no anchor is named, any will do. */
function capsInside(asked: readonly (AskedAmount | AskedCount)[], now: readonly (AmountCap | CountCap)[]): boolean {
  const fits = ({ window: named, max }: AskedAmount | AskedCount, { window, max: most }: AmountCap | CountCap) =>
    sameWindow(window.kind === 'fixed' ? anchored(named, window.anchor) : named, window) && BigInt(max) <= BigInt(most)
  return asked.every((cap) => now.some((one) => fits(cap, one)))
}

function inside(asked: U256 | undefined, now: U256 | undefined): boolean {
  return asked === undefined || now === undefined || BigInt(asked) <= BigInt(now)
}
