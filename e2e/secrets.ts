import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** A secret in one of the shapes it could have been written in; texts also in two bytes a letter, as V8 keeps some. */
export interface Needle {
  readonly name: string
  readonly bytes: Buffer
}
/** `shape`: how to write it down, for whoever plants it. */
export interface Form extends Needle {
  readonly shape: { readonly text: string; readonly wide: boolean } | { readonly raw: Buffer }
}

/** Raw, turned round (as a bigint is stored), hex, decimal, and base64 at each of the three places a byte can have in it. */
export function formsOf(secret: string, bytes: Uint8Array): readonly Form[] {
  const raw = Buffer.from(bytes)
  // Without leading zeros: part of what is written with them, with 0x or without.
  const hex = raw.toString('hex').replace(/^0+/, '')
  const texts: [string, string][] = [
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['decimal', BigInt(`0x${hex}`).toString()],
  ]
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), raw]).toString('base64')
    // The letters at the ends also hold bits of what stands before and after.
    const own = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + raw.length) * 8) / 6))
    texts.push([`base64 after ${before}`, own])
    texts.push([`base64url after ${before}`, own.replaceAll('+', '-').replaceAll('/', '_')])
  }
  return [
    { name: `${secret}, raw`, bytes: raw, shape: { raw } },
    {
      name: `${secret}, raw and turned round`,
      bytes: Buffer.from(raw).reverse(),
      shape: { raw: Buffer.from(raw).reverse() },
    },
    ...texts.flatMap(([name, text]) => textForms(`${secret}, ${name}`, text)),
  ]
}

export function textForms(name: string, text: string): readonly Form[] {
  return [
    { name, bytes: Buffer.from(text, 'utf8'), shape: { text, wide: false } },
    { name: `${name}, wide`, bytes: Buffer.from(text, 'utf16le'), shape: { text, wide: true } },
  ]
}

/** Three words in the phrase's order, with nothing but signs between them: no shorter run tells whose words they are. */
export function wordsOf(name: string, phrase: string): { readonly name: string; readonly runs: readonly RegExp[] } {
  const words = phrase.split(' ')
  const runs = words.slice(2).map((_, at) => new RegExp(words.slice(at, at + 3).join('[^a-z]{0,12}'), 'i'))
  return { name, runs }
}

/** Every hit in every file of the folder, as "what in which file". */
export function searched(
  folder: string,
  needles: readonly Needle[],
  phrases: readonly ReturnType<typeof wordsOf>[],
): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    const bytes = readFileSync(path)
    // Wide letters become narrow ones.
    const text = bytes.toString('latin1').replaceAll('\0', '')
    const found = [
      ...needles.filter((needle) => bytes.includes(needle.bytes)),
      ...phrases.filter(({ runs }) => runs.some((run) => run.test(text))),
    ]
    return found.map(({ name }) => `${name} in ${relative(folder, path)}`)
  })
}
