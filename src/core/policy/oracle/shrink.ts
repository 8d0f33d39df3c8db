type Json = unknown

/** Leaves out whatever can be left out: elements of lists, and members that may be absent. */
export function shrink<T>(whole: T, stillFails: (candidate: T) => boolean): T {
  let best = whole
  for (let again = true; again; ) {
    again = false
    for (const path of pathsOf(best)) {
      const candidate = without(best, path) as T
      if (!fails(candidate, stillFails)) continue
      best = candidate
      again = true
      break
    }
  }
  return best
}

/** A case that lost what the types demand is no case. */
function fails<T>(candidate: T, stillFails: (candidate: T) => boolean): boolean {
  try {
    return stillFails(candidate)
  } catch {
    return false
  }
}

const OPTIONAL = new Set([
  'perCall',
  'perTx',
  'recipients',
  'stream',
  'codePin',
  'wide',
  'adminAck',
  'notAToken',
  'args',
  'resets',
  'allowances',
])

/** The large parts first. */
function pathsOf(value: Json, path: readonly (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) {
    return [...value.map((_, i) => [...path, i]), ...value.flatMap((it, i) => pathsOf(it, [...path, i]))]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, it]) => [
    ...(OPTIONAL.has(key) ? [[...path, key]] : []),
    ...pathsOf(it, [...path, key]),
  ])
}

function without(value: Json, [head, ...rest]: readonly (string | number)[]): Json {
  if (Array.isArray(value)) {
    return rest.length === 0
      ? value.filter((_, i) => i !== head)
      : value.map((it, i) => (i === head ? without(it, rest) : it))
  }
  const { [head as string]: inner, ...others } = value as Record<string, Json>
  return rest.length === 0 ? others : { ...others, [head as string]: without(inner, rest) }
}
