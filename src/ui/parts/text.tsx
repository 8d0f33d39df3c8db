import type { Address as AddressOf } from '../../core/felt.ts'
import { inFours, type Line, parts, type TokenName } from '../../core/words.ts'
import { catalogue, exactly, glance, shortAddress, t, voice } from '../words.ts'

/**
 * `limits`: amounts, counts and ends stand out. `names`: what is named and what it costs, for questions about one act.
 * `first`: the first number alone, for meters.
 */
export function Sentence({
  line,
  strong = 'limits',
}: {
  readonly line: Line
  readonly strong?: 'limits' | 'names' | 'first'
}) {
  const pieces = parts(line, catalogue(), voice())
  const first = pieces.findIndex((part) => part.strong)
  return (
    <>
      {pieces.map((part, index) => {
        const standsOut =
          strong === 'limits'
            ? part.strong
            : strong === 'first'
              ? index === first
              : ['text', 'address', 'amount'].includes(part.kind) && part.text.length < 64
        // Amount and unit never part; a long name may.
        const whole = part.text.length < 24 && part.kind !== 'text' ? 'whole' : ''
        return standsOut ? (
          <b key={index} class={whole}>
            {part.text}
          </b>
        ) : (
          part.text
        )
      })}
    </>
  )
}

/** All 66 digits, in two lines of 8 groups; where they have no room in four lines of 4. */
export function FullAddress({ address }: { readonly address: AddressOf }) {
  const groups = inFours(address).split(' ')
  const four = (from: number) => <span>{groups.slice(from, from + 4).join(' ')}</span>
  return (
    <span class="address">
      <span>
        {four(0)} {four(4)}{' '}
      </span>
      <span>
        {four(8)} {four(12)}
      </span>
    </span>
  )
}

export function ShortAddress({ address }: { readonly address: AddressOf }) {
  return <span class="mono whole">{shortAddress(address)}</span>
}

/** A balance at a glance; the exact one is its title. */
export function Glance({ amount, token }: { readonly amount: string; readonly token: TokenName }) {
  return (
    <span class="num" title={exactly(amount, token)}>
      {glance(amount, token)}
      {'\u00a0'}
      {token.symbol}
    </span>
  )
}

export function Quote({ text }: { readonly text: string }) {
  return <q class="quote">{text}</q>
}

export function Badge({
  tint,
  initial,
  size = 36,
}: {
  readonly tint: number
  readonly initial: string
  readonly size?: 24 | 32 | 36 | 48
}) {
  return <span class={`badge s${size} tint${tint}`} data-initial={initial} aria-hidden="true" />
}

export function Circle({ name }: { readonly name: string }) {
  return <span class="badge round round32" data-initial={Array.from(name)[0]?.toUpperCase()} aria-hidden="true" />
}

export const byWords = { chain: 'ui_by_chain', wallet: 'ui_by_wallet', both: 'ui_by_both' } as const
export const enforcedBy = (by: keyof typeof byWords): string => t(byWords[by])
