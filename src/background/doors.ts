declare const require: (id: string) => unknown

/**
 * Decision: the worker is one file in four parts, and three of them stay behind a door until somebody needs them. At the
 * start runs what knows who asks and what is stored. Vite wraps what is reached through `require()` of a source file into a
 * function that runs at the first call; a service worker cannot `import()` (architecture.md 9).
 */

/** A site's request, or a wallet that is open: the policy decides, the signer signs, recovery finishes. */
export const sites = () => require('./sites.ts') as typeof import('./sites.ts')

/** A person: the screens' verbs and Views, the vault, the way from a yes to a session. */
export const person = () => require('./person.ts') as typeof import('./person.ts')

/** A phrase, or what a contract says of itself. */
export const cold = () => require('../cold/index.ts') as typeof import('../cold/index.ts')
export type Cold = typeof cold
