// One hash for all that the extension is built from: same sources, same hash. Settings and the browser's page of extensions
// show its beginning, so that two people can see whether they have the same wallet.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SHOWN = 16
const SINGLE = ['manifest.json', 'package-lock.json', 'vite.config.ts']

/** Hex. */
export function buildHash(root: string): string {
  const found = ['src', 'public'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(test\.tsx?|snap|md)$/.test(entry.name))
      .map((entry) =>
        join(entry.parentPath ?? entry.path, entry.name)
          .slice(root.length)
          .replaceAll('\\', '/'),
      ),
  )
  const digest = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const paths = [...SINGLE, ...found.map((path) => path.replace(/^\//, ''))].sort()
  return digest(paths.map((path) => `${path} ${digest(readFileSync(join(root, path)))}\n`).join('')).slice(0, SHOWN)
}
