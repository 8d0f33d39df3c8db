import { describe, expect, it, vi } from 'vitest'
import { siteError } from '../core/errors.ts'
import { isRequest, type RequestFrame, type ToBridge } from '../core/protocol/frame.ts'
import { createProvider, ICON, VERSION } from './provider.ts'

const MAIN = 'starknet:0x534e5f4d41494e'
const SEPOLIA = 'starknet:0x534e5f5345504f4c4941'
const ELSEWHERE = '0x4b4154414e41'
const [ME, OTHER] = [`0x${'0'.repeat(62)}ab`, `0x${'0'.repeat(62)}cd`]

/** A page whose worker answers from `knows`; what is missing there is refused. */
function page(knows: { accounts?: readonly string[]; chain?: string } = { accounts: [ME], chain: SEPOLIA.slice(9) }) {
  const posted: ToBridge[] = []
  const thrown: unknown[] = []
  let receive: (frame: unknown) => void = () => undefined
  let ids = 0
  const { wallet, standard } = createProvider({
    post: (frame) => {
      posted.push(frame)
      if (!isRequest(frame)) return
      const result = frame.type === 'wallet_requestAccounts' ? knows.accounts : knows.chain
      const answer = { v: 1, kind: 'answer', id: frame.id }
      queueMicrotask(() =>
        receive(
          result === undefined
            ? { ...answer, ok: false, error: siteError('USER_REFUSED_OP', { reason: 'refused' }) }
            : { ...answer, ok: true, result },
        ),
      )
    },
    listen: (listener) => {
      receive = listener
    },
    randomId: () => (++ids).toString(16).padStart(32, '0'),
    after: () => undefined,
    apart: (run) => {
      try {
        run()
      } catch (error) {
        thrown.push(error)
      }
    },
  })
  receive({ v: 1, kind: 'hello' })
  return {
    wallet,
    standard,
    knows,
    posted,
    thrown,
    asked: () =>
      posted.filter((it): it is RequestFrame => isRequest(it)).map(({ type, params }) => `${type} ${params}`),
    event: (name: string, ...args: unknown[]) => receive({ v: 1, kind: 'event', name, args }),
    connect: (how?: { silent?: boolean }) => standard.features['standard:connect'].connect(how),
    disconnect: () => standard.features['standard:disconnect'].disconnect(),
    on: (listener: (changed: object) => void) => standard.features['standard:events'].on('change', listener),
  }
}
const account = (address: string, ...chains: string[]) => ({
  address,
  publicKey: new Uint8Array(),
  chains,
  features: ['starknet:walletApi'],
})

describe('the wallet standard’s entry', () => {
  it('has the four features that lists ask for, and the one of sessions', () => {
    const { standard, wallet, posted } = page()
    expect(standard).toMatchObject({
      version: '1.0.0',
      name: wallet.name,
      icon: ICON,
      chains: [MAIN, SEPOLIA],
      accounts: [],
      features: {
        'standard:connect': { version: '1.0.0' },
        'standard:disconnect': { version: '1.0.0' },
        'standard:events': { version: '1.0.0' },
        'starknet:walletApi': { version: '1.0.0', id: 'latchkey', walletVersion: VERSION, request: wallet.request },
        'latchkey:sessions': { version: '0.1.0' },
      },
    })
    expect(Object.keys(standard.features)).toHaveLength(5)
    for (const it of [standard, standard.features, ...Object.values(standard.features)])
      expect(Object.isFrozen(it)).toBe(true)
    // Looking at it, and a name it does not know, wake nobody.
    standard.features['standard:events'].on('accounts', () => undefined)()
    expect(posted).toEqual([])
  })

  it('connect asks for accounts and then for their network', async () => {
    const { standard, connect, asked, on } = page()
    const changes = vi.fn()
    on(changes)
    const expected = { accounts: [account(ME, SEPOLIA)] }
    expect(await connect()).toEqual(expected)
    expect(asked()).toEqual(['wallet_requestAccounts {"silent_mode":false}', 'wallet_requestChainId {}'])
    expect(standard.accounts).toEqual(expected.accounts)
    expect(changes.mock.calls).toEqual([[expected]])
    const known = standard.accounts
    expect((await connect()).accounts).toBe(known)
    expect(changes).toHaveBeenCalledTimes(1)
  })

  it('a silent connect that finds nothing is an empty list, not an error', async () => {
    const { standard, connect, asked, on } = page({ accounts: [] })
    const changes = vi.fn()
    on(changes)
    expect(await connect({ silent: true })).toEqual({ accounts: [] })
    expect(asked()).toEqual(['wallet_requestAccounts {"silent_mode":true}'])
    expect(standard.accounts).toEqual([])
    expect(changes).not.toHaveBeenCalled()
  })

  it('a refusal is thrown with its code', async () => {
    const { connect, standard } = page({})
    await expect(connect()).rejects.toMatchObject({ code: 113, data: { reason: 'refused' } })
    expect(standard.accounts).toEqual([])
  })
})

describe('change', () => {
  it('tells accounts when they are granted, other ones, on another network, and gone; and nothing twice', async () => {
    const { standard, event, on } = page()
    const changes = vi.fn()
    on(changes)
    on(changes)
    event('accountsChanged', [ME])
    await vi.waitFor(() => expect(standard.accounts).toEqual([account(ME, SEPOLIA)]))
    // An unlock says the same account again.
    event('accountsChanged', [ME])
    event('accountsChanged', [OTHER])
    event('networkChanged', MAIN.slice(9), [OTHER])
    event('accountsChanged', [OTHER])
    event('accountsChanged')
    expect(changes.mock.calls).toEqual([
      [{ accounts: [account(ME, SEPOLIA)] }],
      [{ accounts: [account(OTHER, SEPOLIA)] }],
      [{ accounts: [account(OTHER, MAIN)] }],
      [{ accounts: [] }],
    ])
    expect(standard.chains).toEqual([MAIN, SEPOLIA])
  })

  it('the first account on a further network brings the network first', async () => {
    const { standard, event, connect, on } = page()
    await connect()
    const seen: unknown[] = []
    on((changed) => seen.push(changed, standard.chains.length))
    event('networkChanged', ELSEWHERE, [ME])
    event('networkChanged', MAIN.slice(9), [ME])
    event('networkChanged', ELSEWHERE, [ME])
    const chains = [MAIN, SEPOLIA, `starknet:${ELSEWHERE}`]
    expect(seen).toEqual([
      { chains },
      3,
      { accounts: [account(ME, `starknet:${ELSEWHERE}`)] },
      3,
      { accounts: [account(ME, MAIN)] },
      3,
      { accounts: [account(ME, `starknet:${ELSEWHERE}`)] },
      3,
    ])
  })

  it('an account that comes back is on the network that it has then', async () => {
    const { standard, knows, event, connect, asked } = page()
    await connect()
    event('accountsChanged')
    expect(standard.accounts).toEqual([])
    knows.chain = MAIN.slice(9)
    event('accountsChanged', [ME])
    await vi.waitFor(() => expect(standard.accounts).toEqual([account(ME, MAIN)]))
    // An unlock says the same account again, and nobody is asked.
    const before = asked().length
    event('accountsChanged', [ME])
    event('accountsChanged', [OTHER])
    expect(standard.accounts).toEqual([account(OTHER, MAIN)])
    expect(asked()).toHaveLength(before)
  })

  it('disconnect empties this document alone, until the next connect', async () => {
    const { standard, event, connect, disconnect, on, asked } = page()
    await connect()
    const changes = vi.fn()
    on(changes)
    const before = asked().length
    await disconnect()
    await disconnect()
    event('accountsChanged', [OTHER])
    event('networkChanged', MAIN.slice(9), [OTHER])
    expect(asked()).toHaveLength(before)
    expect(standard.accounts).toEqual([])
    expect(changes.mock.calls).toEqual([[{ accounts: [] }]])
    expect((await connect()).accounts).toEqual([account(ME, SEPOLIA)])
  })

  it('a refused connect does not undo a disconnect', async () => {
    const { standard, connect, disconnect, knows, event } = page()
    await connect()
    await disconnect()
    delete knows.accounts
    await expect(connect()).rejects.toMatchObject({ code: 113 })
    event('accountsChanged', [OTHER])
    expect(standard.accounts).toEqual([])
  })

  it('a network that could not be asked for is asked for at the next event', async () => {
    const { standard, knows, event, on, thrown, asked } = page({ accounts: [ME] })
    on(() => undefined)
    event('accountsChanged', [ME])
    await vi.waitFor(() => expect(asked()).toHaveLength(1))
    await new Promise((resolve) => setImmediate(resolve))
    expect(standard.accounts).toEqual([])
    knows.chain = SEPOLIA.slice(9)
    event('accountsChanged', [ME])
    await vi.waitFor(() => expect(standard.accounts).toEqual([account(ME, SEPOLIA)]))
    expect(thrown).toEqual([])
  })

  it('a listener that left is not called, and one that throws stops no other', async () => {
    const { connect, on, thrown } = page()
    const [gone, good] = [vi.fn(), vi.fn()]
    const off = on(gone)
    on(() => {
      throw new Error('mine')
    })
    on(good)
    off()
    off()
    await connect()
    expect(gone).not.toHaveBeenCalled()
    expect(good).toHaveBeenCalledTimes(1)
    expect(thrown).toEqual([new Error('mine')])
  })

  it('is no event of the wallet object: who listens there by that name hears nothing', async () => {
    const { wallet, connect, on } = page()
    const [never, changes] = [vi.fn(), vi.fn()]
    for (const name of ['change', {}]) wallet.on(name, never)
    on(changes)
    await connect()
    expect(changes).toHaveBeenCalledTimes(1)
    expect(never).not.toHaveBeenCalled()
  })
})
