/**
 * Our Poseidon against @scure/starknet: equal results, in less than half the time (performance.md 5 and 10).
 *
 * Usage: node bench/poseidon.mjs
 */
import { randomBytes } from 'node:crypto'
import { goal, importOurs, installPeers, measure, printCircumstances, row, runBench } from './ready.mjs'

const REQUIRED = 0.5
const STRETCH = 0.43
const P = 2n ** 251n + 17n * 2n ** 192n + 1n

const randomFelt = () => BigInt(`0x${randomBytes(40).toString('hex')}`) % P

if (process.argv.includes('--measure')) {
  console.log(JSON.stringify({ ...(await medians()), vectors: await shareOfEqual() }))
} else {
  installPeers()
  printCircumstances()
  process.exitCode = runBench(import.meta.url, {
    table: printTable,
    goals: ({ many40, vectors }) => [
      ...goal('poseidon.many40', many40.ratio, '<=', REQUIRED, STRETCH),
      ...goal('poseidon.vectors', vectors, '=', 1),
    ],
  })
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

function printTable({ vectors: _, ...results }) {
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
