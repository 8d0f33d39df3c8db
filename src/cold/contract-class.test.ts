import { readFileSync } from 'node:fs'
import { hash } from 'starknet'
import { describe, expect, it, test } from 'vitest'
import { type Felt, felt } from '../core/felt.ts'
import { readClass as readSlowly } from './contract-class.ts'

const names = ['game', 'token', 'market', 'collection', 'fee_token', 'proxy', 'rebasing'] as const
const sierraOf = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../e2e/contracts/${name}.sierra.json`, import.meta.url), 'utf8'))
/** As WalletAccount of starknet.js hands it over: its ABI as text without spaces. */
const handed = (name: string) => {
  const sierra = sierraOf(name)
  return { ...sierra, abi: JSON.stringify(sierra.abi) }
}
const game = handed('game')
const readClass = (input: unknown, named: Felt | undefined) =>
  readSlowly(input, named, { turn: (hash) => hash(), breathe: async () => undefined })
const refusal = async (change: object) => {
  const read = await readClass({ ...game, ...change }, undefined)
  return read.ok ? undefined : read.at
}

test.each(names)('differential: the class hash equals starknet.js: %s', async (name) => {
  const read = await readClass(handed(name), undefined)
  expect(read.ok && read.classHash).toBe(hash.computeContractClassHash(sierraOf(name)))
})

test('the ABI is published as compilers write it, or as it stands where the site named that hash', async () => {
  const spaced = await readClass(game, undefined)
  if (!spaced.ok) throw new Error('the class was refused')
  expect(JSON.parse(spaced.contractClass.abi)).toEqual(sierraOf('game').abi)
  expect(spaced.contractClass.abi).toContain('": "')
  // Written with spaces of another kind, it is the same class.
  const odd = { ...game, abi: JSON.stringify(sierraOf('game').abi, null, 3) }
  expect(await readClass(odd, undefined)).toEqual(spaced)
  // Spaces inside a text are part of it.
  const quoted = await readClass({ ...game, abi: '[{"name":"a,b : \\" c"}]' }, undefined)
  expect(quoted.ok && quoted.contractClass.abi).toBe('[{"name": "a,b : \\" c"}]')

  const exact = await readClass({ ...game, abi: spaced.contractClass.abi }, spaced.classHash)
  expect(exact).toEqual(spaced)
  const bare = await namedAsItStands()
  expect(bare.contractClass.abi).toBe(game.abi)
  expect(bare.classHash).not.toBe(spaced.classHash)
})

async function namedAsItStands() {
  // The hash of the text as it stands is what starknet.js gives for a class whose ABI it cannot space again.
  const { sierra_program: program, entry_points_by_type: entries } = sierraOf('game')
  const table = (kind: string) =>
    hash.computePoseidonHashOnElements(
      entries[kind].flatMap((it: { selector: string; function_idx: number }) => [it.selector, it.function_idx]),
    )
  const named = felt(
    hash.computePoseidonHashOnElements([
      '0x434f4e54524143545f434c4153535f56302e312e30',
      table('EXTERNAL'),
      table('L1_HANDLER'),
      table('CONSTRUCTOR'),
      `0x${hash.starknetKeccak(game.abi).toString(16)}`,
      hash.computePoseidonHashOnElements(program),
    ]),
  )
  const read = await readClass(game, named)
  if (!read.ok) throw new Error('the class was refused')
  expect(read.classHash).toBe(named)
  return read
}

test('what is no part of a class is left out, and its felts go on in one spelling', async () => {
  const read = await readClass(
    { ...game, sierra_program: ['0x01', '0xAB'], sierra_program_debug_info: { names: [] }, more: 1 },
    undefined,
  )
  expect(read.ok && Object.keys(read.contractClass)).toEqual([
    'sierra_program',
    'contract_class_version',
    'entry_points_by_type',
    'abi',
  ])
  expect(read.ok && read.contractClass.sierra_program).toEqual(['0x1', '0xab'])
})

describe('refuses, with its path', () => {
  it.each([
    ['no program', { sierra_program: [] }, '/sierra_program'],
    ['a compressed program', { sierra_program: 'H4sI' }, '/sierra_program'],
    ['a decimal in the program', { sierra_program: ['0x1', '12'] }, '/sierra_program/1'],
    ['a number in the program', { sierra_program: [1] }, '/sierra_program/0'],
    [
      'P in the program',
      { sierra_program: [`0x${(2n ** 251n + 17n * 2n ** 192n + 1n).toString(16)}`] },
      '/sierra_program/0',
    ],
    ['a program beyond every limit', { sierra_program: Array(150_001).fill('0x1') }, '/sierra_program'],
    ['another version', { contract_class_version: '0.2.0' }, '/contract_class_version'],
    ['no entrypoints', { entry_points_by_type: undefined }, '/entry_points_by_type'],
    [
      'a kind left out',
      { entry_points_by_type: { EXTERNAL: [], L1_HANDLER: [] } },
      '/entry_points_by_type/CONSTRUCTOR',
    ],
    [
      'a selector that is none',
      { entry_points_by_type: { EXTERNAL: [{ selector: 'move', function_idx: 0 }], L1_HANDLER: [], CONSTRUCTOR: [] } },
      '/entry_points_by_type/EXTERNAL/0/selector',
    ],
    [
      'a place that is none',
      { entry_points_by_type: { EXTERNAL: [], L1_HANDLER: [{ selector: '0x1', function_idx: -1 }], CONSTRUCTOR: [] } },
      '/entry_points_by_type/L1_HANDLER/0/function_idx',
    ],
    ['an ABI that is no text', { abi: [] }, '/abi'],
    ['an ABI that is no JSON', { abi: '[' }, '/abi'],
    ['an ABI that is no list', { abi: '{}' }, '/abi'],
  ])('%s', async (_, change, at) => {
    expect(await refusal(change)).toBe(at)
  })
  it.each([null, 'class', [], 7])('%j is no class', async (it) => {
    expect(await readClass(it, undefined)).toMatchObject({ ok: false, at: '' })
  })
})

test('a long program is hashed in pieces, and others have their turn between them', async () => {
  let turns = 0
  const long = { ...game, sierra_program: Array.from({ length: 2_500 }, (_, index) => `0x${index.toString(16)}`) }
  const slow = await readSlowly(long, undefined, {
    turn: (work) => work(),
    breathe: async () => {
      turns += 1
    },
  })
  expect(turns).toBe(2)
  expect(slow.ok && slow.classHash).toBe(
    hash.computeContractClassHash({ ...sierraOf('game'), sierra_program: long.sierra_program }),
  )
})

test('what is no class is refused before its turn', async () => {
  const turn = () => Promise.reject(new Error('its turn'))
  const breathe = async () => undefined
  expect(await readSlowly({ ...game, abi: [] }, undefined, { turn, breathe })).toMatchObject({ ok: false, at: '/abi' })
  await expect(readSlowly(game, undefined, { turn, breathe })).rejects.toThrow('its turn')
})
