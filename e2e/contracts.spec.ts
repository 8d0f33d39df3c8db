import { byteArray, type Call, CallData, cairo, hash } from 'starknet'
import { hashesOf, sierraOf, startDevnet } from './devnet.ts'
import { expect, test } from './world.ts'

test.describe.configure({ mode: 'serial' })

test('the committed Sierra has the class hash that is committed beside it', () => {
  for (const name of ['token', 'game'] as const)
    expect(hash.computeContractClassHash(sierraOf(name))).toBe(hashesOf(name).class_hash)
})

test('token: mint, transfer, approve and transfer_from move what they say, in both spellings', async ({
  devnet,
  fixtures,
}) => {
  const { token, game } = fixtures
  const me = devnet.account.address
  const view = async (name: string, ...calldata: string[]) => u256(await read(token, name, ...calldata))
  const before = await view('total_supply')

  await send({ contractAddress: token, entrypoint: 'mint', calldata: [me, ...coins(666)] })
  expect(await view('total_supply')).toBe(before + 666n)
  const mine = await view('balance_of', me)

  await send({ contractAddress: token, entrypoint: 'transfer', calldata: [game, ...coins(6)] })
  await send(
    { contractAddress: token, entrypoint: 'approve', calldata: [me, ...coins(10)] },
    { contractAddress: token, entrypoint: 'increase_allowance', calldata: [me, ...coins(2)] },
    { contractAddress: token, entrypoint: 'increaseAllowance', calldata: [me, ...coins(2)] },
    { contractAddress: token, entrypoint: 'transfer_from', calldata: [me, game, ...coins(4)] },
    { contractAddress: token, entrypoint: 'transferFrom', calldata: [me, game, ...coins(3)] },
  )
  expect(await view('balance_of', me)).toBe(mine - 13n)
  expect(await view('balanceOf', me)).toBe(mine - 13n)
  expect(await view('balanceOf', game)).toBe(13n)
  expect(await view('allowance', me, me)).toBe(7n)
  expect(await view('totalSupply')).toBe(before + 666n)
  expect(BigInt((await read(token, 'decimals'))[0] ?? '')).toBe(18n)

  async function read(contractAddress: string, entrypoint: string, ...calldata: string[]) {
    return devnet.account.provider.callContract({ contractAddress, entrypoint, calldata })
  }
  async function send(...calls: Call[]) {
    const { transaction_hash } = await devnet.account.execute(calls)
    const receipt = await devnet.account.provider.waitForTransaction(transaction_hash, { retryInterval: 50 })
    expect(receipt.isSuccess()).toBe(true)
    return receipt
  }
})

test('token: events carry selector, from and to as keys', async ({ devnet, fixtures }) => {
  const { transaction_hash } = await devnet.account.execute({
    contractAddress: fixtures.token,
    entrypoint: 'transfer',
    calldata: [fixtures.game, ...coins(0)],
  })
  const { events } = await devnet.rpc<{ events: { from_address: string; keys: string[]; data: string[] }[] }>(
    'starknet_getTransactionReceipt',
    { transaction_hash },
  )
  const [transfer] = events.filter(({ from_address }) => BigInt(from_address) === BigInt(fixtures.token))
  expect(transfer?.keys.map(BigInt)).toEqual(
    [hash.getSelectorFromName('Transfer'), devnet.account.address, fixtures.game].map(BigInt),
  )
  expect(transfer?.data).toEqual(['0x0', '0x0'])
})

test('game: every act is there to be read back, and fail fails', async ({ devnet, fixtures }) => {
  const { token, game } = fixtures
  const { account } = devnet
  const me = account.address
  const act = (entrypoint: string, ...calldata: string[]): Call => ({ contractAddress: game, entrypoint, calldata })
  const read = (entrypoint: string, ...calldata: string[]) =>
    account.provider.callContract({ contractAddress: game, entrypoint, calldata: [me, ...calldata] })
  const text = 'A text of more than thirty-one bytes, so that it takes words of its own'
  const items = CallData.compile([
    [
      { kind: 1, x: 2, y: 3, weight: cairo.uint256(4) },
      { kind: 5, x: 6, y: 7, weight: cairo.uint256(2n ** 128n) },
    ],
  ])

  const { transaction_hash } = await account.execute([
    act('move', '0x3', '0x4'),
    act('move', '0x5', '0x6'),
    act('doAction', '0x7'),
    { contractAddress: token, entrypoint: 'mint', calldata: [me, ...coins(9)] },
    { contractAddress: token, entrypoint: 'approve', calldata: [game, ...coins(9)] },
    act('buy', token, ...coins(9)),
    act('say', ...CallData.compile([byteArray.byteArrayFromString(text)])),
    act('place', ...items),
    act('fill', '0x10'),
  ])
  const receipt = await account.provider.waitForTransaction(transaction_hash, { retryInterval: 50 })
  expect(receipt.isSuccess()).toBe(true)

  expect((await read('position')).map(BigInt)).toEqual([5n, 6n])
  expect((await read('moves')).map(BigInt)).toEqual([2n])
  expect((await read('actions')).map(BigInt)).toEqual([1n])
  expect((await read('last_action')).map(BigInt)).toEqual([7n])
  expect(u256(await read('paid', token))).toBe(9n)
  expect((await read('placed')).map(BigInt)).toEqual([2n])
  expect((await read('item', '0x1')).map(BigInt)).toEqual([5n, 6n, 7n, 0n, 1n])
  expect(await read('said')).toEqual(CallData.compile([byteArray.byteArrayFromString(text)]).map(unpadded))
  const filled = { contractAddress: game, entrypoint: 'filled', calldata: [] }
  expect((await account.provider.callContract(filled)).map(BigInt)).toEqual([16n])

  await expect(account.execute(act('fail'))).rejects.toThrow(/fails as asked/)
  await account.execute(act('reset'))
  expect((await read('position')).map(BigInt)).toEqual([0n, 0n])
  expect((await read('moves')).map(BigInt)).toEqual([0n])
})

test('devnet: money, blocks and time move as asked', async () => {
  // A chain of its own: the others on a shared one would see the time jump.
  const devnet = await startDevnet()
  try {
    const block = () =>
      devnet.rpc<{ block_number: number; timestamp: number }>('starknet_getBlockWithTxHashes', { block_id: 'latest' })
    const before = await block()
    await devnet.createBlock()
    expect((await block()).block_number).toBe(before.block_number + 1)
    await devnet.increaseTime(3_600)
    expect((await block()).timestamp).toBeGreaterThanOrEqual(before.timestamp + 3_600)
    const later = before.timestamp + 100_000
    await devnet.setTime(later)
    expect((await block()).timestamp).toBeGreaterThanOrEqual(later)

    const poor = '0x123456789'
    await devnet.mint(poor, 10n ** 24n + 1n)
    const strk = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
    const balance = { contractAddress: strk, entrypoint: 'balance_of', calldata: [poor] }
    expect(BigInt((await devnet.account.provider.callContract(balance))[0] ?? '')).toBe(10n ** 24n + 1n)
  } finally {
    await devnet.stop()
  }
})

const coins = (n: number) => [`0x${n.toString(16)}`, '0x0']
const u256 = ([low = '0x0', high = '0x0']: string[]) => BigInt(low) + (BigInt(high) << 128n)
const unpadded = (felt: string) => `0x${BigInt(felt).toString(16)}`
