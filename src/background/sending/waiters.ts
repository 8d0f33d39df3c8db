/** Whoever waits for a key is told once; who does not wait any more leaves nothing behind. */
export type Waiters<K, T> = Map<K, Set<(value: T) => void>>

export function waitFor<K, T>(
  waiters: Waiters<K, T>,
  key: K,
): { readonly done: Promise<T>; readonly drop: () => void } {
  let tell: (value: T) => void = () => {}
  const done = new Promise<T>((resolve) => {
    tell = resolve
  })
  const all = waiters.get(key) ?? new Set()
  waiters.set(key, all.add(tell))
  return {
    done,
    drop: () => {
      all.delete(tell)
      if (all.size === 0 && waiters.get(key) === all) waiters.delete(key)
    },
  }
}

export function wake<K, T>(waiters: Waiters<K, T>, key: K, value: T): void {
  const all = waiters.get(key)
  waiters.delete(key)
  for (const tell of all ?? []) tell(value)
}
