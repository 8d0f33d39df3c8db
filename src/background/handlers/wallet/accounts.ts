/** The account's own page: its steps, a take-over of it or by it, and devnet's tokens. */
import type { Address } from '../../../core/felt.ts'
import type { OwnStep } from '../../../core/protocol/session-info.ts'
import type { NetworkId } from '../../../core/records.ts'
import { address, exact, optional, picklist } from '../../../core/schema.ts'
import type { EscapeWatch } from '../../escape-watch.ts'
import type { Tried } from '../../keys/vault.ts'
import type { Life, Place } from '../../life.ts'
import { passwordCheck } from './keys.ts'
import { networkId, nothing, proof, type VerbRows } from './verb.ts'

export interface AccountVerbNeeds {
  readonly life: Pick<Life, 'planned' | 'run' | 'findKey'>
  readonly watch: Pick<EscapeWatch, 'remindLater' | 'leave'>
  /** Reads again what the account's page shows. */
  readonly lookAt: (place: Place) => Promise<void>
  readonly testTokens: () => Promise<void>
  readonly changed: () => void
}

type AccountVerb =
  | 'stepCost'
  | 'runStep'
  | 'findSecondKey'
  | 'remindLater'
  | 'leaveTakeOver'
  | 'lookAccount'
  | 'testTokens'

export function accountVerbs(needs: AccountVerbNeeds): VerbRows<AccountVerb> {
  const opened: (tried: Tried<unknown>) => void = passwordCheck(needs)
  const { life, watch } = needs
  return {
    stepCost: {
      params: exact({ step, ...where }),
      act: ({ step, ...at }) => life.planned(step, placeIn(at)),
    },
    runStep: {
      params: exact({ step, password: proof, ...where }),
      act: async ({ step, password, ...at }) => {
        opened(await life.run(step, password, placeIn(at)))
        return null
      },
    },
    findSecondKey: {
      params: exact({ password: proof, ...place }),
      act: async ({ password, ...at }) => {
        const { tried, found } = await life.findKey(password, at)
        opened(tried)
        return { found }
      },
    },
    remindLater: {
      params: exact(place),
      act: async ({ account, network }) => {
        await watch.remindLater(account, network)
        return null
      },
    },
    leaveTakeOver: {
      params: exact(place),
      act: async ({ account, network }) => {
        await watch.leave(account, network)
        return null
      },
    },
    lookAccount: {
      params: exact(place),
      act: async (at) => {
        await needs.lookAt(at)
        return null
      },
    },
    testTokens: {
      params: nothing,
      act: async () => {
        await needs.testTokens()
        return null
      },
    },
  }
}

const steps: readonly OwnStep[] = ['deploy', 'enable', 'upgrade', 'rotate', 'remove', 'takeOver', 'finish']
const step = picklist(steps)
const place = { account: address, network: networkId }
const where = { account: optional(address), network: optional(networkId) }

/** One without the other says nothing. */
function placeIn({
  account,
  network,
}: {
  readonly account?: Address
  readonly network?: NetworkId
}): Place | undefined {
  return account === undefined || network === undefined ? undefined : { account, network }
}
