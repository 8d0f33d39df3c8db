// Ends with 0 when node_modules holds exactly what package-lock.json names; what is optional may be missing.
import { readFileSync } from 'node:fs'
import { at } from './steps.mjs'

/** @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }>} */
const packagesOf = (path) => JSON.parse(readFileSync(at(path), 'utf8')).packages

function installed() {
  try {
    const wanted = packagesOf('package-lock.json')
    const here = packagesOf('node_modules/.package-lock.json')
    return Object.entries(wanted).every(
      ([path, { version, integrity, optional, devOptional }]) =>
        path === '' ||
        (here[path] ? here[path].version === version && here[path].integrity === integrity : optional || devOptional),
    )
  } catch {
    return false
  }
}

process.exitCode = installed() ? 0 : 1
