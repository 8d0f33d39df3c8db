import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import manifest from '../../manifest.json' with { type: 'json' }

type Messages = Readonly<Record<string, { readonly message: string; readonly placeholders?: unknown }>>

/** What is drawn: by the wallet, and by the gallery from canned Views. */
const folders = ['..', '../../e2e/gallery'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
const sources = folders
  .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n')
const locales = fileURLToPath(new URL('../../public/_locales', import.meta.url))
/** As the browser gets it: what is imported has lost its lists of placeholders (vite.config.ts). */
const catalogueOf = (folder: string): Messages =>
  JSON.parse(readFileSync(join(locales, folder, 'messages.json'), 'utf8'))
const english = catalogueOf('en')
const keys = Object.keys(english)
/** Every other language, by its folder: `zh_CN`. */
const languages = readdirSync(locales)
  .filter((folder) => folder !== 'en')
  .map((folder) => [folder, catalogueOf(folder)] as const)
/** A plural is asked for by its `_other`; the language's rules choose among its forms. */
const asked = (key: string) => key.replace(/_(zero|one|two|few|many)$/, '_other')
/** Keys put together in the source: `'ui_state_${state}'`. */
const stems = [...sources.matchAll(/`([a-z]+_[A-Za-z_]*)\$\{/g)].map((found) => found[1] as string)

describe('the catalogue', () => {
  test('every sentence is used', () => {
    const used = (key: string) =>
      sources.includes(`'${key}'`) ||
      sources.includes(`'${asked(key)}'`) ||
      stems.some((stem) => key.startsWith(stem)) ||
      JSON.stringify(manifest).includes(`__MSG_${key}__`)
    expect(keys.filter((key) => !used(key))).toEqual([])
  })
  test('its keys stand in order', () => {
    expect(keys).toEqual([...keys].sort())
  })
})

describe.each(languages)('the catalogue of %s', (folder, messages) => {
  const own = Object.keys(messages)
  test('it has every sentence of English, each plural in the forms that its rules ask for, and no other', () => {
    expect(own).toEqual(keysFor(folder.replace('_', '-')))
  })
  test('each sentence has the places for figures that the English one has', () => {
    const wrong = own.filter((key) => {
      const model = modelOf(key)
      return JSON.stringify(holes(messages[key])) !== JSON.stringify(holes(model))
    })
    expect(wrong).toEqual([])
    expect(own.map((key) => [key, messages[key]?.placeholders])).toEqual(
      own.map((key) => [key, modelOf(key)?.placeholders]),
    )
  })
  test('no sentence is empty, and none has space around it that English has not', () => {
    const padded = ({ message }: { message: string }) => message !== message.trim()
    const wrong = own.filter((key) => {
      const it = messages[key]
      return it === undefined || it.message.trim() === '' || (padded(it) && !padded(modelOf(key) ?? it))
    })
    expect(wrong).toEqual([])
  })
})

test('Spanish has one word for what is left, of money and of time, that fits one and many', () => {
  const spanish = catalogueOf('es')
  const left = keys.filter((key) => /^\$[A-Z]+\$ left$|: \$LEFT\$ left,/.test(english[key]?.message ?? ''))
  expect(left.length).toBeGreaterThan(8)
  expect(left.filter((key) => !/restante:? \$/i.test(spanish[key]?.message ?? ''))).toEqual([])
})

/** A sentence with a number called `n` and two English forms. `ui_file_one` is no plural: nothing is counted there. */
function pluralStem(key: string): string | undefined {
  const stem = /^(.*)_(one|other)$/.exec(key)?.[1]
  const counts = stem !== undefined && `${stem}_one` in english && english[`${stem}_other`]?.message.includes('$N$')
  return counts ? stem : undefined
}

/** In order. */
function keysFor(language: string): readonly string[] {
  const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories
  const all = keys.flatMap((key) => {
    const stem = pluralStem(key)
    return stem === undefined ? [key] : forms.map((form) => `${stem}_${form}`)
  })
  return [...new Set(all)].sort()
}

/** The English sentence that one is written after: `_other` for forms that English has not. */
const modelOf = (key: string) => english[key] ?? english[asked(key)]

const holes = (it: { readonly message: string } | undefined) => (it?.message.match(/\$[A-Z0-9_]+\$/g) ?? []).sort()
