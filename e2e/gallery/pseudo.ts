/** Languages nobody speaks, made from the English catalogue: they are never shipped. */
import en from '../../public/_locales/en/messages.json' with { type: 'json' }
import type { Catalogue } from '../../src/core/words.ts'

/** A third longer than English, as German and Spanish are, with signs above and below the letters. */
export function longer(): Catalogue {
  return mapped((words) => {
    const text = words.replace(/[aeiouAEIOUcnsy]/g, (letter) => ACCENTS[letter] ?? letter)
    const more = Math.ceil(words.replace(/\s/g, '').length * 0.35)
    return `${text}${more > 2 && /[A-Za-z]/.test(words) ? ` ${'ẅörd '.repeat(Math.ceil(more / 5)).trim()}` : ''}`
  })
}

/** Letters of a script that runs from right to left. */
export function mirrored(): Catalogue {
  return mapped((words) =>
    words.replace(/[A-Za-z]/g, (letter) => HEBREW[(letter.toLowerCase().charCodeAt(0) - 97) % HEBREW.length] as string),
  )
}

/** What stands between the placeholders; they stay. */
function mapped(change: (words: string) => string): Catalogue {
  return Object.fromEntries(
    Object.entries(en as Catalogue).map(([key, { message }]) => {
      const pieces = message.split(/(\$\$|\$[A-Za-z0-9_@]+\$)/)
      const longest = pieces.reduce(
        (at, piece, index) => (index % 2 === 0 && piece.length > (pieces[at]?.length ?? 0) ? index : at),
        0,
      )
      return [
        key,
        {
          message: pieces
            .map((piece, index) =>
              index % 2 === 1 ? piece : index === longest ? change(piece) : accented(piece, change),
            )
            .join(''),
        },
      ]
    }),
  )
}

/** Short pieces beside the longest are changed letter by letter, and no longer. */
function accented(piece: string, change: (words: string) => string): string {
  return change('a') === 'á' ? piece.replace(/[aeiouAEIOUcnsy]/g, (letter) => ACCENTS[letter] ?? letter) : change(piece)
}

const ACCENTS: Readonly<Record<string, string>> = {
  a: 'á',
  e: 'é',
  i: 'í',
  o: 'ö',
  u: 'ü',
  A: 'Á',
  E: 'É',
  I: 'Í',
  O: 'Ö',
  U: 'Ü',
  c: 'ç',
  n: 'ñ',
  s: 'š',
  y: 'ý',
}
const HEBREW = Array.from('אבגדהוזחטיכלמנסעפצקרשת')
