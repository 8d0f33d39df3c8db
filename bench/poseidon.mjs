/**
 * Our Poseidon against @scure/starknet: equal results, in less than half the time (performance.md 5 and 10).
 *
 * Usage: node bench/poseidon.mjs
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { importOurs, installPeers, isMet, judge, measure, printCircumstances } from './ready.mjs'

const REQUIRED = 0.5
const STRETCH = 0.43
const P = 2n ** 251n + 17n * 2n ** 192n + 1n

const randomFelt = () => BigInt(`0x${randomBytes(40).toString('hex')}`) % P

if (process.argv.includes('--measure')) {
  // A fresh process for each measurement; what it prints is for the parent.
  console.log(JSON.stringify(await medians()))
} else {
  installPeers()
  printCircumstances()
  const vectors = await shareOfEqual()
  const required = { name: 'poseidon.many40', op: '<=', bound: REQUIRED }
  let best = inFreshProcess()
  if (!isMet({ ...required, value: best.many40.ratio })) {
    // A goal that misses is measured once more, and fails when both miss.
    const again = inFreshProcess()
    if (again.many40.ratio < best.many40.ratio) best = again
  }
  printTable(best)
  process.exitCode = judge([
    { ...required, value: best.many40.ratio },
    { ...required, name: 'poseidon.many40.stretch', bound: STRETCH, value: best.many40.ratio },
    { name: 'poseidon.vectors', op: '=', bound: 1, value: vectors },
  ])
}

async function medians() {
  const { poseidon, poseidon2 } = await importOurs('src/starknet/poseidon.ts')
  const peer = await import('@scure/starknet')
  const results = {}
  for (const [name, length] of [
    ['many2', 2],
    ['many10', 10],
    ['many40', 40],
  ]) {
    const felts = Array.from({ length }, randomFelt)
    results[name] = compare(
      () => poseidon(felts),
      () => peer.poseidonHashMany(felts),
    )
  }
  const [a, b] = [randomFelt(), randomFelt()]
  results.pair = compare(
    () => poseidon2(a, b),
    () => peer.poseidonHash(a, b),
  )
  return results
}

function compare(ours, theirs) {
  const times = measure({ ours, theirs })
  return { ...times, ratio: times.ours / times.theirs }
}

function inFreshProcess() {
  const self = fileURLToPath(import.meta.url)
  return JSON.parse(
    execFileSync(process.execPath, [self, '--measure'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] }),
  )
}

async function shareOfEqual() {
  const { poseidon } = await importOurs('src/starknet/poseidon.ts')
  const { poseidonHashMany } = await import('@scure/starknet')
  const kinds = [() => 0n, () => 1n, () => P - 1n, randomFelt, randomFelt]
  const total = 630
  let equal = 0
  for (let vector = 0; vector < total; vector++) {
    const felts = Array.from({ length: vector % 42 }, (_, at) => kinds[(at + vector) % kinds.length]())
    if (poseidon(felts) === poseidonHashMany(felts)) equal++
  }
  return equal / total
}

function printTable(results) {
  const row = (cells) => console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(10) : cell.padStart(12))).join(''))
  row(['', 'ours µs', 'scure µs', 'ratio', 'goal'])
  for (const [name, { ours, theirs, ratio }] of Object.entries(results)) {
    row([
      name,
      ours.toFixed(0),
      theirs.toFixed(0),
      ratio.toFixed(3),
      name === 'many40' ? `<=${REQUIRED.toFixed(2)}` : '',
    ])
  }
}
