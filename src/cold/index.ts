/** What the worker may ask while a person waits (architecture.md 9). Only these names reach the bundle. */
export { describeCall, entrypoints, hasView } from './abi.ts'
export { readClass } from './contract-class.ts'
export { messageRules } from './message-rules.ts'
export { checkPhrase, guardianKey, newPhrase, openPhrase, ownerKey, WORDS } from './phrase.ts'
export { classify } from './reserved.ts'
export { parameters } from './shapes.ts'
