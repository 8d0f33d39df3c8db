/** Names that a person gives: to a network, to a contact. */

/**
 * As it is stored: NFC, without spaces around it. What cannot be seen, or changes the direction of what stands beside it,
 * is refused, not taken out: the person shall know the name they see.
 *
 * @param max code points
 */
export function parseName(typed: string, max: number): string | undefined {
  const name = typed.normalize('NFC').trim()
  // Cc, Cf (bidi, zero-width), Zl, Zp, and halves of surrogate pairs.
  if (name === '' || [...name].length > max || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)) return undefined
  return name
}

/** Two names that a person would take for one: letters of one look, whatever case, spaces left out. */
export function sameName(a: string, b: string): boolean {
  return skeleton(a) === skeleton(b)
}

/** Letters of other alphabets that look like Latin ones, and figures that do (Unicode UTS 39 has them all; these are read). */
const LOOKS: Readonly<Record<string, string>> = {
  а: 'a',
  е: 'e',
  о: 'o',
  р: 'p',
  с: 'c',
  х: 'x',
  у: 'y',
  і: 'i',
  ј: 'j',
  ѕ: 's',
  һ: 'h',
  ԁ: 'd',
  ԛ: 'q',
  ԝ: 'w',
  к: 'k',
  м: 'm',
  н: 'h',
  т: 't',
  в: 'b',
  α: 'a',
  ο: 'o',
  ρ: 'p',
  ν: 'v',
  ι: 'i',
  κ: 'k',
  τ: 't',
  υ: 'u',
  χ: 'x',
  η: 'n',
  ɑ: 'a',
  ı: 'i',
  '0': 'o',
  '1': 'l',
  '|': 'l',
  i: 'l',
}

function skeleton(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/gu, '')
  return Array.from(plain, (sign) => {
    const once = LOOKS[sign] ?? sign
    return LOOKS[once] ?? once
  }).join('')
}
