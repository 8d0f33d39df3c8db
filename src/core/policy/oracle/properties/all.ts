import { forgetting } from './forgetting.ts'
import { leaves } from './leaves.ts'
import { life } from './life.ts'
import { narrowing } from './narrowing.ts'
import { offs } from './offs.ts'
import { order } from './order.ts'
import { type Property, type PropertyTally, rare, runProperty } from './property.ts'
import { spelling } from './spelling.ts'
import { worst } from './worst.ts'

export { rare }

/** A property whose cases nobody else looks at. */
interface Runnable extends Pick<Property<never>, 'id' | 'says' | 'cases' | 'meets'> {
  readonly run: (
    seed: number,
    count: number,
    part?: { readonly first?: number; readonly step?: number },
  ) => PropertyTally
  readonly rare: (cases: number, met: PropertyTally['met']) => readonly string[]
}

function runnable<T>(property: Property<T>): Runnable {
  const { id, says, cases, meets } = property
  return {
    id,
    says,
    cases,
    meets,
    run: (seed, count, part) => runProperty(property, seed, count, part),
    rare: (cases, met) => rare(property, cases, met),
  }
}

/** Of policy.md 16, beside P1; P9 is a test of shapes, P11 is one of the stores (bench/interleavings.ts). */
export const PROPERTIES: readonly Runnable[] = [
  runnable(life),
  runnable(narrowing),
  runnable(spelling),
  runnable(leaves),
  runnable(offs),
  runnable(worst),
  runnable(order),
  runnable(forgetting),
]
