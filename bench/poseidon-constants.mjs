/**
 * Derives the 107 compressed round constants of src/starknet/poseidon.ts from the published 3 × 91.
 *
 * The published ones are sha256('Hades' ‖ index) mod P (Starkware's poseidon3; the same rule as @scure/starknet). In a
 * partial round only the third felt passes the S-box, so what is added to the first two can travel through the linear
 * layer to the next round; the first of the last full rounds takes what is left. 3·4 + 83 + 3·4 constants remain.
 *
 * Usage: node bench/poseidon-constants.mjs            writes src/starknet/poseidon-constants.ts
 *        node bench/poseidon-constants.mjs --check    fails when the file is not what it would write
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const P = 2n ** 251n + 17n * 2n ** 192n + 1n
const FULL = 4
const PARTIAL = 83

const file = fileURLToPath(new URL('../src/starknet/poseidon-constants.ts', import.meta.url))
const text = `// Written by bench/poseidon-constants.mjs, which says where these come from. Do not edit.
/** Lines of 63 hex digits: 12 for the first four full rounds, 83 for the partial ones, 12 for the last four. */
export const CONSTANTS = \`
${compress(published())
  .map((value) => value.toString(16).padStart(63, '0'))
  .join('\n')}
\`
`

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('src/starknet/poseidon-constants.ts differs from its derivation')
    process.exit(1)
  }
} else {
  writeFileSync(file, text)
}

function published() {
  const at = (index) => BigInt(`0x${createHash('sha256').update(`Hades${index}`).digest('hex')}`) % P
  return Array.from({ length: 2 * FULL + PARTIAL }, (_, round) => [0, 1, 2].map((column) => at(3 * round + column)))
}

function compress(rows) {
  const kept = rows.slice(0, FULL).flat()
  let carried = [0n, 0n, 0n]
  for (const row of rows.slice(FULL, FULL + PARTIAL)) {
    const [a, b, c] = row.map((value, column) => value + carried[column])
    kept.push(c % P)
    carried = [3n * a + b, a - b, a + b].map((value) => ((value % P) + P) % P)
  }
  const [first, ...rest] = rows.slice(FULL + PARTIAL)
  kept.push(...first.map((value, column) => (value + carried[column]) % P), ...rest.flat())
  return kept
}
