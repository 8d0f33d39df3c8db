import { describe, expect, it } from 'vitest'
import { type AccountKind, readiness } from '../core/account.ts'
import { type Address, address, type ClassHash, type Felt, felt } from '../core/felt.ts'
import type { GrantRecord, OwnAccount } from '../core/records.ts'
import { nodeError } from '../platform/node-error.ts'
import {
  ARGENT_0_3_1,
  ARGENT_0_4_0,
  ARGENT_0_5_0,
  ARGENT_PROXY,
  OPENZEPPELIN_1_0_0,
  SELECTORS,
} from '../starknet/accounts.ts'
import { accountAddress } from '../starknet/deploy.ts'
import { readAccount, readOwner } from './account-state.ts'
import { connectHandlers } from './handlers/connect.ts'

const OWNER = felt('0x4dad50dec662c30231e53a23c8f3d414d837e39cba8ee3262db67b2d8b06137')
const own = (classHash: ClassHash, at?: Address): OwnAccount => ({
  address: at ?? accountAddress({ classHash, ownerPublicKey: OWNER }),
  name: 'Main',
  order: 0,
  createdAt: 1,
  classHash,
  owner: { from: 'key' },
  ownerPublicKey: OWNER,
  guardian: { publicKey: felt(0x2002), generation: 0 },
})
/** A node that has one class everywhere, and what its contracts answer. */
const chain = (classHash: Felt | undefined, call: (selector: Felt) => readonly Felt[] = () => [felt(0)]) => ({
  classHashAt: async () => classHash,
  call: async ({ selector }: { readonly selector: Felt }) => call(selector),
})
const never = () => {
  throw new Error('this class is not asked')
}

describe('what a chain says of an account', () => {
  it.each([
    [ARGENT_0_4_0, 'argent-0.4.0'],
    [ARGENT_0_5_0, 'argent-0.5.0'],
    [ARGENT_0_3_1, 'argent-0.3'],
  ] as const)('%s is asked for its second key', async (classHash, kind) => {
    const node = chain(classHash, (selector) => (selector === SELECTORS.get_guardian ? [felt(7)] : never()))
    expect(await readAccount(node, own(ARGENT_0_4_0))).toEqual({ classHash, kind, guardian: '0x7' })
  })

  it.each([
    [OPENZEPPELIN_1_0_0, 'openzeppelin'],
    [ARGENT_PROXY, 'argent-0.2'],
    [felt(0xb4aa705), 'unknown'],
  ] as const)('%s has none that is known, and is asked nothing', async (classHash, kind) => {
    expect(await readAccount(chain(classHash, never), own(ARGENT_0_4_0))).toEqual({ classHash, kind, guardian: '0x0' })
  })

  it('several second keys on 0.5.0 are nobody of ours; a node that fails otherwise is told', async () => {
    const fails = (rpcCode: number) =>
      chain(ARGENT_0_5_0, () => {
        throw nodeError('rpc', ['argent/multiple-guardians'], { rpcCode })
      })
    const read = await readAccount(fails(40), own(ARGENT_0_5_0))
    expect(readiness({ ...read, at: 1 }, own(ARGENT_0_5_0))).toBe('off')
    await expect(readAccount(fails(63), own(ARGENT_0_5_0))).rejects.toMatchObject({ kind: 'node' })
  })

  it('where nothing is, the class it would be deployed with; an address that does not follow from the key stays away', async () => {
    const nothing = chain(undefined, never)
    const read = async (account: OwnAccount) => {
      const state = await readAccount(nothing, account)
      return [state.kind, readiness({ ...state, at: 1 }, account)]
    }
    expect(await read(own(ARGENT_0_4_0))).toEqual(['argent-0.4.0', 'needs_deploy'])
    expect(await read(own(OPENZEPPELIN_1_0_0))).toEqual(['openzeppelin', 'needs_deploy'])
    expect(await read(own(OPENZEPPELIN_1_0_0, address('0x5afe')))).toEqual(['openzeppelin', 'off'])
    expect(await read(own(felt(0xb4aa705) as ClassHash, address('0x5afe')))).toEqual(['unknown', 'off'])
    expect(await read(own(ARGENT_PROXY, address('0x5afe')))).toEqual(['argent-0.2', 'off'])
  })

  it('an owner that no entrypoint names is unknown', async () => {
    const deaf = () => {
      throw nodeError('rpc', ['no such entrypoint'], { rpcCode: 21 })
    }
    for (const kind of ['argent-0.4.0', 'openzeppelin', 'argent-0.2', 'unknown'] as const satisfies AccountKind[]) {
      expect(await readOwner(chain(undefined, deaf), kind, address('0x5afe'))).toBeUndefined()
      expect(
        await readOwner(
          chain(undefined, () => [felt(0)]),
          kind,
          address('0x5afe'),
        ),
      ).toBeUndefined()
      expect(
        await readOwner(
          chain(undefined, () => [OWNER]),
          kind,
          address('0x5afe'),
        ),
      ).toBe(OWNER)
    }
  })
})

describe('wallet_deploymentData', () => {
  const asked = async (account: OwnAccount, there?: ClassHash) => {
    const grant = { account: account.address, network: 'devnet' } as GrantRecord
    const handlers = connectHandlers({
      access: { seen: async () => grant } as never,
      accounts: {
        own: async () => account,
        state: async () => ({ ...(await readAccount(chain(there), account)), at: 1 }),
      } as never,
      approvals: undefined as never,
      disconnect: undefined as never,
    })
    return handlers
      .wallet_deploymentData({ origin: 'https://a.example' } as never, null as never)
      .catch((it: unknown) => it)
  }
  it.each([
    ['0.4.0', ARGENT_0_4_0, ['0x0', OWNER, '0x1']],
    ['0.5.0', ARGENT_0_5_0, ['0x0', OWNER, '0x1']],
    ['0.3.1', ARGENT_0_3_1, [OWNER, '0x0']],
    ['OpenZeppelin', OPENZEPPELIN_1_0_0, [OWNER]],
  ] as const)('of %s is what its constructor takes', async (_version, classHash, calldata) => {
    const account = own(classHash)
    expect(await asked(account)).toMatchObject({ calldata, version: 1 })
    expect(await asked(account, classHash)).toMatchObject({ code: 115 })
  })
  it('of an address that does not follow from the key: there is none', async () => {
    expect(await asked(own(OPENZEPPELIN_1_0_0, address('0x5afe')))).toMatchObject({ code: 116 })
  })
})
