import { beforeEach, describe, expect, it } from 'vitest'
import type { AccountRecord, NetworkId } from '../core/records.ts'
import { createLooking } from './looking.ts'

let network: NetworkId
let open: { readonly network: NetworkId; readonly end: () => void }[]
let reads: NetworkId[]
let watched: boolean

const account = { address: '0xa' } as AccountRecord
const world = () =>
  createLooking({
    isWatched: () => watched,
    selected: async () => ({ account, network }),
    read: (it) => {
      reads.push(it.network)
      return new Promise((end) => open.push({ network: it.network, end }))
    },
    changed: () => undefined,
    report: () => undefined,
  })
const settle = () => new Promise((done) => setTimeout(done))

beforeEach(() => {
  network = 'sepolia'
  open = []
  reads = []
  watched = true
})

describe('what somebody looks at', () => {
  it('is read of the chosen network although the node of the one before is silent', async () => {
    const refresh = world()
    refresh()
    await settle()
    network = 'devnet'
    refresh()
    await settle()
    expect(reads).toEqual(['sepolia', 'devnet'])
  })
  it('is read once more when it was asked during a reading, however often', async () => {
    const refresh = world()
    for (let times = 0; times < 5; times += 1) refresh()
    await settle()
    expect(reads).toEqual(['sepolia'])
    open[0]!.end()
    await settle()
    expect(reads).toEqual(['sepolia', 'sepolia'])
    open[1]!.end()
    await settle()
    expect(reads).toHaveLength(2)
  })
  it('is not read when nobody looks', async () => {
    const refresh = world()
    watched = false
    refresh()
    await settle()
    expect(reads).toEqual([])
  })
})
