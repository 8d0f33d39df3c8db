/** What only a person waits for (doors.ts). Only these names are kept. */
export { exposure, isDangerous } from '../core/policy/exposure.ts'
export { createWalletVerbs, refusalOf, verbError } from './handlers/wallet.ts'
export { createVault } from './keys/vault.ts'
export { createTokens } from './owners/tokens.ts'
export { createStarter } from './starting.ts'
export { createUpkeep, mintBody } from './upkeep.ts'
export { createView } from './view.ts'
export { enableFacts, plannedSteps, tooPoor } from './views/approvals.ts'
