// What badge and notifications say, in each language: the worker has no screen's catalogue, and the browser reads its own in
// one language alone.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** By BCP 47 code and key. */
export function alertWords(root: string): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const folder = join(root, 'public/_locales')
  return Object.fromEntries(
    readdirSync(folder).map((name) => {
      const catalogue: Record<string, { message: string }> = JSON.parse(
        readFileSync(join(folder, name, 'messages.json'), 'utf8'),
      )
      const said = Object.entries(catalogue).filter(([key]) => key === 'name' || /^(badge|notify)_/.test(key))
      return [name.replace('_', '-'), Object.fromEntries(said.map(([key, { message }]) => [key, message]))]
    }),
  )
}
