/**
 * The policy engine in node: what a policy's length costs a decision, the way of one call from text to hold beside one
 * signature, and that bad input is refused before it costs what the largest legal request does (performance.md 10, policy.md 14).
 *
 * Usage: node bench/policy.mjs
 */
import { goal, importOurs, measure, printCircumstances, row, runBench } from './ready.mjs'

const LENGTHS = [1, 66, 200]
/** A decision is quick: one sample stands for so many in a row. */
const IN_A_ROW = 50

if (process.argv.includes('--measure')) {
  const ours = await importOurs('bench/policy-work.ts')
  const inARow = (act) => (round) => {
    for (let time = 0; time < IN_A_ROW; time += 1) act(round * IN_A_ROW + time)
  }
  const each = (acts) => Object.fromEntries(Object.entries(acts).map(([name, act]) => [name, inARow(act)]))
  const perAct = (times) => Object.fromEntries(Object.entries(times).map(([name, time]) => [name, time / IN_A_ROW]))
  const { largest, ...bad } = measure(
    { largest: ours.largestRequest(), ...ours.badRequests(), ...ours.badCalls() },
    { warmUp: 1, rounds: 5 },
  )
  console.log(
    JSON.stringify({
      decisions: perAct(measure(each(ours.decisions(LENGTHS)), { warmUp: 100, rounds: 60 })),
      call: perAct(measure(each({ call: ours.wayOfOneCall(), signature: ours.signature() }), { rounds: 30 })),
      largest,
      bad,
    }),
  )
} else {
  printCircumstances()
  process.exitCode = runBench(import.meta.url, {
    table: ({ decisions, call, largest, bad }) => {
      row(['', 'µs', 'a second'])
      for (const length of LENGTHS) {
        const time = decisions[length]
        row([`decision, ${length} ${length === 1 ? 'rule' : 'rules'}`, time.toFixed(2), perSecond(time)])
      }
      const beside = (name, time, other) => row([name, time.toFixed(0), other.toFixed(0), (time / other).toFixed(3)])
      row(['', 'µs', 'against µs', 'ratio'])
      beside('decode + evaluate + hold', call.call, call.signature)
      for (const [name, time] of Object.entries(bad)) beside(name, time, largest)
    },
    goals: ({ decisions, call, largest, bad }) => [
      ...goal('policy.rules', decisions[200] / decisions[1], '<=', 1.3),
      ...goal('policy.call', call.call / call.signature, '<=', 0.25),
      ...goal('policy.bad', Math.max(...Object.values(bad)) / largest, '<=', 1),
    ],
  })
}

function perSecond(micros) {
  return Math.round(1e6 / micros).toLocaleString('en')
}
