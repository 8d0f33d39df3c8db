import { byteArray, type Call, CallData, cairo, hash } from 'starknet'
import { type ContractName, type Devnet, declare, deploy, hashesOf, sierraOf, startDevnet } from './devnet.ts'
import { expect, test } from './world.ts'

test.describe.configure({ mode: 'serial' })

test('the committed Sierra has the class hash that is committed beside it', () => {
  const names: ContractName[] = [
    'token',
    'game',
    'collection',
    'market',
    'fee_token',
    'replaceable',
    'replacement',
    'rebasing',
    'proxy',
  ]
  for (const name of names) expect(hash.computeContractClassHash(sierraOf(name))).toBe(hashesOf(name).class_hash)
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

test('collection: says what it is, and items leave by every way a person can give them away', async ({
  devnet,
  fixtures,
}) => {
  const { account } = devnet
  const { collection, game } = fixtures
  const me = account.address
  const { view, act } = onContract(devnet, collection)
  const erc721 = '0x33eb2f84c309543403fd69f0d0f363781ef06ef6faeb0131ff16ea3175bd943'
  const erc1155 = '0x6114a8f75559e1b39fcba08ce02961a1aa082d9256a158dd3e64964e4b1b52'
  expect(await view('supports_interface', erc721)).toEqual([1n])
  expect(await view('supports_interface', erc1155)).toEqual([0n])

  const items = [1, 2, 3, 4]
  await send(devnet, ...items.map((id) => act('mint', me, ...coins(id))))
  expect(await view('balance_of', me)).toEqual([4n, 0n])
  await expect(account.execute(act('mint', me, ...coins(1)))).rejects.toThrow(/already minted/)
  const { events } = await send(
    devnet,
    act('transfer_from', me, game, ...coins(1)),
    act('transferFrom', me, game, ...coins(2)),
    act('safe_transfer_from', me, game, ...coins(3), '0x0'),
    act('safeTransferFrom', me, game, ...coins(4), '0x1', '0x7'),
  )
  expect(await view('balanceOf', me)).toEqual([0n, 0n])
  for (const id of items) expect(await view('ownerOf', ...coins(id))).toEqual([BigInt(game)])
  const moved = events.filter(({ from_address }) => BigInt(from_address) === BigInt(collection))
  expect(moved.map(({ keys, data }) => [...keys, ...data].map(BigInt))).toEqual(
    items.map((id) => [hash.getSelectorFromName('Transfer'), me, game, id, 0].map(BigInt)),
  )
})

test('collection: an item goes to whom it was approved for, all of them to an operator, none to anybody else', async ({
  devnet,
  fixtures,
}) => {
  const { account } = devnet
  const { collection, market } = fixtures
  const me = account.address
  const { view, act } = onContract(devnet, collection)
  const take = (id: number) => onContract(devnet, market).act('take', collection, me, ...coins(id))
  await send(devnet, ...[11, 12, 13].map((id) => act('mint', me, ...coins(id))))

  await expect(account.execute(take(11))).rejects.toThrow(/not allowed/)
  await send(devnet, act('approve', market, ...coins(11)), take(11))
  await expect(account.execute(take(12))).rejects.toThrow(/not allowed/)
  await send(devnet, act('setApprovalForAll', market, '0x1'), take(12), act('set_approval_for_all', market, '0x0'))
  await expect(account.execute(take(13))).rejects.toThrow(/not allowed/)
  expect(await view('owner_of', ...coins(11))).toEqual([BigInt(market)])
  expect(await view('owner_of', ...coins(12))).toEqual([BigInt(market)])
  expect(await view('owner_of', ...coins(13))).toEqual([BigInt(me)])
})

test('market: swaps as it says, more once it is turned, and pulls what an allowance still gives', async ({
  devnet,
  fixtures,
}) => {
  const { token, coin, market } = fixtures
  const me = devnet.account.address
  const on = { token: onContract(devnet, token), coin: onContract(devnet, coin), market: onContract(devnet, market) }
  const had = async () =>
    [await on.token.view('balance_of', me), await on.coin.view('balance_of', me)].map(([low]) => low)
  const [tokens = 0n, other = 0n] = await had()

  await send(
    devnet,
    on.token.act('mint', me, ...coins(100)),
    on.token.act('approve', market, ...coins(50)),
    on.market.act('swap', token, ...coins(10), coin, ...coins(20)),
  )
  expect(await had()).toEqual([tokens + 90n, other + 20n])
  expect(await on.token.view('allowance', me, market)).toEqual([40n, 0n])
  await send(devnet, on.market.act('swap_more', token, ...coins(10), coin, ...coins(20)))
  expect(await had()).toEqual([tokens + 80n, other + 40n])
  await send(devnet, on.market.act('turn', ...coins(5)))
  await send(devnet, on.market.act('swap_more', token, ...coins(10), coin, ...coins(20)))
  expect(await had()).toEqual([tokens + 65n, other + 60n])
  await send(devnet, on.market.act('turn', ...coins(0)), on.market.act('pull', token, me, ...coins(15)))
  expect(await had()).toEqual([tokens + 50n, other + 60n])
  expect(await on.token.view('allowance', me, market)).toEqual([0n, 0n])
  expect(await on.market.view('swaps', me)).toEqual([3n])
})

test('fee_token: a tenth more leaves the sender than the calldata says', async ({ devnet, fixtures }) => {
  const address = await deploy(devnet, await declare(devnet, 'fee_token'))
  const { view, act } = onContract(devnet, address)
  const me = devnet.account.address
  await send(devnet, act('mint', me, ...coins(1000)))
  const { events } = await send(devnet, act('transfer', fixtures.game, ...coins(100)))
  expect(await view('balance_of', me)).toEqual([890n, 0n])
  expect(await view('balance_of', fixtures.game)).toEqual([100n, 0n])
  const moved = events.filter(({ from_address }) => BigInt(from_address) === BigInt(address))
  expect(moved.map(({ data }) => data.map(BigInt))).toEqual([
    [100n, 0n],
    [10n, 0n],
  ])
})

test('replaceable: another class stands behind the same address, and plays otherwise', async ({ devnet }) => {
  const address = await deploy(devnet, await declare(devnet, 'replaceable'))
  const { view, act } = onContract(devnet, address)
  await send(devnet, act('play'))
  expect(await view('plays')).toEqual([1n])
  await send(devnet, act('replace', await declare(devnet, 'replacement')))
  await send(devnet, act('play'))
  expect(await view('plays')).toEqual([101n])
  expect(BigInt(await devnet.account.provider.getClassHashAt(address))).toBe(BigInt(hashesOf('replacement').class_hash))
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

function onContract({ account }: Devnet, contractAddress: string) {
  return {
    view: async (entrypoint: string, ...calldata: string[]) =>
      (await account.provider.callContract({ contractAddress, entrypoint, calldata })).map(BigInt),
    act: (entrypoint: string, ...calldata: string[]): Call => ({ contractAddress, entrypoint, calldata }),
  }
}

async function send({ account, rpc }: Devnet, ...calls: Call[]) {
  const { transaction_hash } = await account.execute(calls)
  const receipt = await account.provider.waitForTransaction(transaction_hash, { retryInterval: 50 })
  expect(receipt.isSuccess()).toBe(true)
  return rpc<{ events: { from_address: string; keys: string[]; data: string[] }[] }>('starknet_getTransactionReceipt', {
    transaction_hash,
  })
}

const coins = (n: number) => [`0x${n.toString(16)}`, '0x0']
const u256 = ([low = '0x0', high = '0x0']: string[]) => BigInt(low) + (BigInt(high) << 128n)
const unpadded = (felt: string) => `0x${BigInt(felt).toString(16)}`
