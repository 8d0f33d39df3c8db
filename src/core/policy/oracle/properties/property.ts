import { seedOf } from '../dice.ts'
import { shrink } from '../shrink.ts'

/** One statement about all policies (policy.md 16), tried on one random case after the other. */
export interface Property<T> {
  readonly id: string
  readonly says: string
  /** Cases of a run of the table. */
  readonly cases: number
  readonly make: (seed: number) => T
  /**
   * @param met tells what the case was good for, so that a run that never met what it is about is seen
   * @returns what is wrong; `undefined`: the property holds
   */
  readonly check: (it: T, met: (what: string) => void) => string | undefined
  /** What a run has to meet, and in how many of 1,000 cases. */
  readonly meets: Readonly<Record<string, number>>
}

export interface PropertyTally {
  readonly cases: number
  readonly met: Readonly<Record<string, number>>
  readonly failed: number
  /** The first few, shrunk. */
  readonly failures: readonly string[]
}

const SHOWN = 2

/** Every `step`th case of a run from `first` on: what one of `step` workers does of it. */
export function runProperty<T>(
  property: Property<T>,
  seed: number,
  count: number,
  { first = 0, step = 1 }: { readonly first?: number; readonly step?: number } = {},
): PropertyTally {
  const met: Record<string, number> = {}
  const failures: string[] = []
  let [cases, failed] = [0, 0]
  for (let index = first; index < count; index += step) {
    const it = property.make(seedOf(seed, index))
    const seen = new Set<string>()
    cases += 1
    const why = judge(property, it, (what) => seen.add(what))
    for (const what of seen) met[what] = (met[what] ?? 0) + 1
    if (why === undefined) continue
    failed += 1
    if (failures.length >= SHOWN) continue
    // A part left out may break what the types demand; that would be another failure.
    const small = shrink(it, (candidate) => sort(judge(property, candidate)) === sort(why))
    failures.push(`${property.id}, seed ${seed}, case ${index}: ${judge(property, small)}\n  case: ${print(small)}`)
  }
  return { cases, met, failed, failures }
}

/** What a run of so many cases met too rarely to say that it was tried. */
export function rare({ meets }: Pick<Property<never>, 'meets'>, cases: number, met: PropertyTally['met']): string[] {
  return Object.entries(meets).flatMap(([what, share]) =>
    (met[what] ?? 0) * 1_000 < share * cases ? [`${what} ${met[what] ?? 0} of ${cases}`] : [],
  )
}

/** Numbers, steps and meters aside. */
function sort(why: string | undefined): string | undefined {
  return why?.replace(/0x[0-9a-f]+|[0-9]+|{.*}/g, '')
}

function judge<T>({ check }: Property<T>, it: T, met: (what: string) => void = () => {}): string | undefined {
  return check(it, met)
}

/** JSON; amounts that are no texts in the types are told as `"12n"`. */
function print(value: unknown): string {
  return JSON.stringify(value, (_, it) => (typeof it === 'bigint' ? `${it}n` : it))
}
