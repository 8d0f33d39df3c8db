/** What the worker may ask while a person waits (architecture.md 9). Only these names reach the bundle. */
export { describeCall, entrypoints, hasView } from './abi.ts'
export { checkPhrase, guardianKey, newPhrase, openPhrase, ownerKey, WORDS } from './phrase.ts'
export { parameters } from './shapes.ts'
