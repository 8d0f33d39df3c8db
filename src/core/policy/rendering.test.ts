import { expect, test } from 'vitest'
import english from '../../../public/_locales/en/messages.json'
import spanish from '../../../public/_locales/es/messages.json'
import chinese from '../../../public/_locales/zh_CN/messages.json'
import { type Address, padded } from '../felt.ts'
import { type Catalogue, type Line, say, type TokenName } from '../words.ts'
import { type ExplainFacts, type Explanation, explain } from './explain.ts'
import { createDice } from './oracle/dice.ts'
import { ACCOUNT, aPolicy, aTime, DECIDED, TOKENS } from './oracle/parts.ts'
import { ADMIN, MONEY_NAMES } from './oracle/tables.ts'
import type { AmountCap, CountCap, SessionPolicy } from './policy.ts'

const CASES = 200
/** From here on nobody can hold it: it is read as a word. */
const EVERYTHING = 2n ** 127n
/** One token that somebody listed, and one that nobody did. */
const LISTED: Readonly<Record<string, TokenName>> = { [TOKENS[0] as string]: { symbol: 'STRK', decimals: 18 } }
/** Names that everybody knows, also where a class says none. */
const COMMON: Readonly<Record<string, string>> = Object.fromEntries(
  [...ADMIN, ...MONEY_NAMES].map(([name, selector]) => [selector, name]),
)
const known: ExplainFacts = {
  host: 'play.g.io',
  account: ACCOUNT,
  tokens: LISTED as ExplainFacts['tokens'],
  names: { [TOKENS[0] as Address]: 'STRK' },
  actions: {},
  backing: 'chain',
  runWhileLocked: true,
  words: {},
  balances: {},
  allowances: [],
  replaceable: [],
  enterable: [],
}

const LANGUAGES: readonly (readonly [locale: string, catalogue: Catalogue])[] = [
  ['en', english],
  ['es', spanish],
  ['zh-CN', chinese],
]

test.each(LANGUAGES)(
  `F10: in %s every contract, action, limit, end, count and risk of ${CASES} policies is read, and no digit is cut`,
  (locale, catalogue) => {
    let told = 0
    for (let seed = 1; seed <= CASES; seed += 1) {
      const dice = createDice(seed)
      const now = aTime(dice)
      const policy = aPolicy(dice, now, (feature) => DECIDED.includes(feature))
      const it = explain(policy, known, now)
      const said = (line: Line) => say(line, catalogue, { locale, zone: 'UTC', now })
      const sentences = linesOf(it).map(said)
      const text = [...sentences, contractsOf(it)].join('\n')
      const [whole, figures] = [text.replaceAll(/\s/g, ''), figuresIn(text)]
      const wanted = factsOf(policy)
      told += wanted.length
      const isRead = (fact: string) => (/^[0-9.]+$/.test(fact) ? figures.has(bare(fact)) : whole.includes(fact))
      expect(
        wanted.filter((fact) => !isRead(fact)),
        `seed ${seed}:\n${text}`,
      ).toEqual([])
      expect(
        sentences.filter((it) => /\$|undefined|NaN/.test(it)),
        `seed ${seed}`,
      ).toEqual([])
      // What holds nobody back is told in the worst case and on top of the risks.
      const any = policy.calls.some(({ contract, enabled }) => contract === '*' && enabled)
      expect(it.risks[0]?.line.key === 'policy_riskAny', `seed ${seed}`).toBe(any)
      expect(it.danger || !any, `seed ${seed}`).toBe(true)
    }
    expect(told).toBeGreaterThan(10 * CASES)
  },
)

/** Each language has its own points and groups: a figure is the same when its digits are, all of them. */
const bare = (figure: string) => figure.replaceAll(/\D/g, '')
const figuresIn = (text: string) =>
  new Set([...text.matchAll(/\d[\d.,\u00a0\u202f]*/g)].map(([figure]) => bare(figure)))

const linesOf = (it: Explanation): readonly Line[] => [
  it.headline,
  it.worst,
  it.notCounted,
  it.summary.worst,
  it.summary.end,
  ...it.can.flatMap(({ line, qualifiers }) => [line, ...qualifiers]),
  ...it.cannot,
  ...it.limits.flatMap(({ title, line }) => [title, line]),
  ...it.risks.flatMap(({ line, detail }) => (detail === undefined ? [line] : [line, detail])),
  ...it.held,
  ...it.details,
]

/** The heading over the rows of a contract. */
const contractsOf = (it: Explanation) =>
  it.can.map(({ contract }) => (contract === '*' ? '' : padded(contract))).join(' ')

/** What the policy holds, put down here by other means than the wallet's. */
function factsOf(policy: SessionPolicy): readonly string[] {
  const { spend, fees, usage, calls, validUntil } = policy
  const counts = (caps: readonly CountCap[]) => caps.map(({ max }) => String(max))
  return [
    new Date(validUntil * 1_000).toISOString().slice(11, 16),
    ...calls.flatMap(({ contract, entrypoints, caps }) => [
      ...(contract === '*' ? [] : [padded(contract)]),
      ...(entrypoints === '*' ? [] : entrypoints.map(({ selector, name }) => name ?? COMMON[selector] ?? selector)),
      ...counts(caps),
    ]),
    ...spend.limits.flatMap((limit) =>
      limit.asset === 'erc20'
        ? [limit.perCall, limit.perTx, ...amountsOf(limit.caps)].map((value) => amount(value, limit.token))
        : [padded(limit.collection), ...counts(limit.maxOut), ...(limit.tokenIds ?? [])],
    ),
    ...fees.tokens.flatMap(({ token, perTx, caps }) =>
      [perTx, ...amountsOf(caps)].map((value) => amount(value, token)),
    ),
    ...counts(usage.tx),
    ...counts(usage.calls),
  ].filter((fact) => fact !== undefined)
}

const amountsOf = (caps: readonly AmountCap[]) => caps.map(({ max }) => max)

function amount(value: string | undefined, token: Address): string | undefined {
  if (value === undefined || BigInt(value) >= EVERYTHING) return undefined
  const decimals = LISTED[token]?.decimals ?? 0
  const digits = value.padStart(decimals + 1, '0')
  const fraction = decimals === 0 ? '' : digits.slice(-decimals).replace(/0+$/, '')
  return `${digits.slice(0, digits.length - decimals)}${fraction === '' ? '' : `.${fraction}`}`
}
