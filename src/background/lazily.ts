/** Parts that are made when they are first used, and made anew when the wallet they were for is gone. */
let wallet = 0

/** The wallet that was here is gone: each part below is made anew at its next use and knows nothing of it. */
export function renew(): void {
  wallet += 1
}

/** Does nothing any more once the wallet it was for is gone. */
export function forThisWallet(act: () => void): () => void {
  const mine = wallet
  return () => {
    if (mine === wallet) act()
  }
}

/** A part that is made at its first use; its door stays shut until then. */
export function lazily<T extends object>(make: () => T): T {
  let made: { readonly of: number; readonly part: T } | undefined
  const part = () => {
    if (made?.of !== wallet) made = { of: wallet, part: make() }
    return made.part
  }
  // Stands for an object or a function alike: the handler below never looks at it.
  return new Proxy((() => undefined) as unknown as T, {
    get: (_, name) => Reflect.get(part(), name),
    apply: (_, self, args) => Reflect.apply(part() as () => unknown, self, args),
  })
}
