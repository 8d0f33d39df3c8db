/**
 * A bounded memory of pure results, keyed by all their inputs: it cannot be stale, and losing it costs time, never safety.
 *
 * @param most how many stay; the least recently used goes first
 */
export function keep<T>(most: number): (key: string, make: () => T) => T {
  const known = new Map<string, T>()
  return (key, make) => {
    const found = known.has(key)
    const value = found ? (known.get(key) as T) : make()
    // A Map lists its keys in the order of insertion: to insert again is to move to the young end.
    if (found) known.delete(key)
    else if (known.size >= most) known.delete(known.keys().next().value as string)
    known.set(key, value)
    return value
  }
}
