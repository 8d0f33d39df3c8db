// Ends with 0 when node_modules holds exactly what package-lock.json names; what is optional may be missing.
import { readFileSync } from 'node:fs'
import { at, isProgram } from './steps.mjs'

/** @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }>} */
const packagesOf = (path) => JSON.parse(readFileSync(at(path), 'utf8')).packages

/** @param {string} folder of the package, from the root of the repository */
export function installed(folder = '.') {
  try {
    const wanted = packagesOf(`${folder}/package-lock.json`)
    const here = packagesOf(`${folder}/node_modules/.package-lock.json`)
    return Object.entries(wanted).every(
      ([path, { version, integrity, optional, devOptional }]) =>
        path === '' ||
        (here[path] ? here[path].version === version && here[path].integrity === integrity : optional || devOptional),
    )
  } catch {
    return false
  }
}

if (isProgram(import.meta.url)) process.exitCode = installed() ? 0 : 1
