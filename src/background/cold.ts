declare const require: (id: string) => unknown

/**
 * The one lazy door: starknet.js, ABIs and phrases, evaluated at first use. Vite wraps what is reached through `require()`
 * of a source file into a function; a service worker cannot `import()` (architecture.md 9).
 */
export const cold = () => require('../cold/index.ts') as typeof import('../cold/index.ts')
export type Cold = typeof cold
