/** What only a person waits for (doors.ts). Only these names are kept. */
export { createDesk } from './desk.ts'
export { refusalOf } from './handlers/wallet/verb.ts'
export { createVault } from './keys/vault.ts'
export { createContacts } from './owners/contacts.ts'
