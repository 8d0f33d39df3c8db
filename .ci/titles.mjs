// No test title names an id that the design does not have. e2e/ids.json holds its ids: rows of the founding documents
// (AO, CH, BI, XS, AL), threats T, invariants I, resilience R, fuzz F and properties P.
import { readdirSync, readFileSync } from 'node:fs'
import { at, isProgram } from './steps.mjs'

const TITLE = /\b(?:test|it|describe)(?:\.\w+)*\s*(?:\([^()]*\)\s*)?\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g
const ID = /\b(?:(?:AO|CH|BI|XS|AL)-\d+|[TIRFP]\d{1,2})\b/g

/** @returns {readonly string[]} every id that a title of this source names */
export function idsNamed(source) {
  return [...source.matchAll(TITLE)].flatMap(([, , title]) => title.match(ID) ?? [])
}

/** @returns {number} how many titles name an unknown id */
export function titles() {
  const known = new Set(Object.values(JSON.parse(readFileSync(at('e2e/ids.json'), 'utf8'))).flat())
  const files = ['src', 'e2e'].flatMap((folder) =>
    readdirSync(at(folder), { recursive: true })
      .map((name) => `${folder}/${name}`)
      .filter((name) => /\.(test|spec)\.tsx?$/.test(name) && !name.includes('node_modules')),
  )
  const named = files.flatMap((file) => idsNamed(readFileSync(at(file), 'utf8')).map((id) => ({ file, id })))
  const unknown = named.filter(({ id }) => !known.has(id))
  for (const { file, id } of unknown) console.log(`titles: ${file} names ${id}, which no design document has`)
  console.log(
    `titles: ${new Set(named.map(({ id }) => id)).size} ids named in ${files.length} files, ${unknown.length} unknown`,
  )
  return unknown.length
}

if (isProgram(import.meta.url)) process.exitCode = titles() === 0 ? 0 : 1
