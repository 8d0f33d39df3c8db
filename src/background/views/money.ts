/** What screens say of tokens, of an address that somebody typed, and of the fee. */
import type { Address } from '../../core/felt.ts'
import type { RecipientView, RiskView, TokenView } from '../../core/protocol/ui.ts'
import { isDanger, type NoRecipient, type Recipient, type RecipientRisk } from '../../core/recipient.ts'
import { type KnownToken, lookAlike } from '../../core/tokens.ts'
import { count, type Line, line, place, text } from '../../core/words.ts'
import type { Balance, FoundToken, Tokens } from '../owners/tokens.ts'

const REFUSED: Readonly<Record<NoRecipient, Line>> = {
  empty: line('to_empty'),
  ethereum: line('to_ethereum'),
  zero: line('to_zero'),
  tooLarge: line('to_tooLarge'),
  notHex: line('to_notHex'),
  self: line('to_self'),
}

export function recipientView(recipient: Recipient, network: string): RecipientView {
  if (!recipient.ok) return { refused: REFUSED[recipient.why] }
  const label = labelOf(recipient)
  return {
    address: recipient.address,
    ...(label === undefined ? {} : { label }),
    risks: recipient.risks.map((risk) => riskOf(risk, network)),
  }
}

function labelOf({ known, name, times }: Extract<Recipient, { ok: true }>): Line | undefined {
  if (known === 'own') return line('to_own', { name: text(name ?? '') })
  if (known === 'contact') return line('to_contact', { name: text(name ?? '') })
  return known === 'used' ? line('to_used_other', { n: count(times) }) : undefined
}

export function riskOf(risk: RecipientRisk, network: string): RiskView {
  const level = isDanger(risk) ? 'danger' : risk.kind === 'unknown' ? 'note' : 'warn'
  switch (risk.kind) {
    case 'lookAlike':
      return {
        level,
        line: risk.name === undefined ? line('to_lookAlikeUsed') : line('to_lookAlike', { name: text(risk.name) }),
        detail: line('to_lookAlikeDetail', { address: place(risk.of) }),
      }
    case 'token':
      return { level, line: line('to_token') }
    case 'new':
      return { level, line: line('to_new') }
    case 'notDeployed':
      return { level, line: line('to_notDeployed', { network: text(network) }) }
    case 'unknown':
      return { level, line: line('to_unknown') }
  }
}

/** What has to be ticked before Allow. */
export function ticksOf(risks: readonly RecipientRisk[]): readonly Line[] {
  return risks.flatMap(({ kind }) =>
    kind === 'lookAlike' ? [line('to_lookAlikeTick')] : kind === 'token' ? [line('to_tokenTick')] : [],
  )
}

export function tokenViews(known: ReturnType<Tokens['known']>, balances: readonly Balance[]): readonly TokenView[] {
  return known.map(({ address, symbol, decimals, title, added, hidden }) => {
    const held = balances.find(({ token }) => token.address === address)
    return {
      token: address,
      name: { symbol, decimals },
      ...(title === undefined ? {} : { title }),
      ...(held === undefined ? {} : { amount: held.amount, at: held.at }),
      added: added === true,
      hidden,
    }
  })
}

/** Home's: the fee token always, others with something of them, and what the person added. */
export function isShown({ token, amount }: Balance, feeToken: Address): boolean {
  return token.address === feeToken || amount !== '0' || token.added === true
}

export function foundTokenRefusal(found: Extract<FoundToken, { ok: false }>, network: string): Line {
  const lines = {
    nothing: line('token_nothing', { network: text(network) }),
    noToken: line('token_noToken'),
    symbol: line('token_symbol'),
    decimals: line('token_decimals'),
  }
  return lines[found.why]
}

export function tokenRisks(token: KnownToken, known: readonly KnownToken[]): readonly RiskView[] {
  const like = lookAlike(token, known)
  return [
    ...(like === undefined
      ? []
      : [
          {
            level: 'danger' as const,
            line: line('token_lookAlike', { symbol: text(like.symbol) }),
            detail: line('token_lookAlikeDetail', { address: place(like.address) }),
          },
        ]),
    { level: 'note', line: line('token_chain') },
  ]
}
