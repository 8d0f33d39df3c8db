import { expect, type Page } from '@playwright/test'
import type { MeterBook } from '../src/core/policy/policy.ts'
import type { JournalRow } from '../src/core/records.ts'
import type { Devnet } from './devnet.ts'

/** A transaction of an account, as a block of the chain has it. */
export interface Mined {
  readonly hash: string
  readonly nonce: bigint
  readonly calldata: readonly string[]
  readonly fee: bigint
  readonly succeeded: boolean
  /** What the account paid with it to this contract, the fee aside: by the token's events. */
  readonly paid: bigint
}

const STRK = '0x4718f5a0fc34cc1af16a1cdee98ffb20c31f5cd61d6ab07201858f4287c938d'
/** selector('Transfer') */
const TRANSFER = 0x99cd8bde557814842a3121e8ddfd433a539b8c9f14bf31ebf108d12e6196e9n

/** Every transaction of an account, from the first block on, in the chain's order. */
export async function minedOf(devnet: Devnet, account: string, from = 0): Promise<readonly Mined[]> {
  const latest = await devnet.rpc<number>('starknet_blockNumber')
  const mined: Mined[] = []
  for (let block_number = from; block_number <= latest; block_number += 1) {
    const { transactions } = await devnet.rpc<Block>('starknet_getBlockWithReceipts', { block_id: { block_number } })
    for (const { transaction, receipt } of transactions) {
      const sender = transaction.sender_address ?? receipt.contract_address
      if (sender === undefined || BigInt(sender) !== BigInt(account)) continue
      mined.push({
        hash: receipt.transaction_hash,
        nonce: BigInt(transaction.nonce),
        calldata: transaction.calldata ?? [],
        fee: BigInt(receipt.actual_fee.amount),
        succeeded: receipt.execution_status === 'SUCCEEDED',
        paid: paidIn(receipt, account),
      })
    }
  }
  return mined
}

interface Block {
  readonly transactions: readonly { readonly transaction: Transaction; readonly receipt: Receipt }[]
}
interface Transaction {
  readonly sender_address?: string
  readonly nonce: string
  readonly calldata?: readonly string[]
}
interface Receipt {
  readonly transaction_hash: string
  /** Of a deployment. */
  readonly contract_address?: string
  readonly actual_fee: { readonly amount: string }
  readonly execution_status: string
  readonly events: readonly { from_address: string; keys: readonly string[]; data: readonly string[] }[]
}

function paidIn({ events, actual_fee }: Receipt, account: string): bigint {
  const left = events
    .filter(({ from_address, keys }) => BigInt(from_address) === BigInt(STRK) && BigInt(keys[0] ?? 0) === TRANSFER)
    // Older tokens name the two sides in their data.
    .map(({ keys, data }) => [...keys.slice(1), ...data].map(BigInt))
    .filter(([from]) => from === BigInt(account))
    .reduce((sum, [, , low = 0n, high = 0n]) => sum + low + (high << 128n), 0n)
  // The fee's own transfer is one of them.
  return left - BigInt(actual_fee.amount)
}

/** What the wallet has stored, read as it lies in its database. */
export async function storedIn(page: Page): Promise<{ readonly rows: JournalRow[]; readonly books: MeterBook[] }> {
  const [rows, books] = await page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('latchkey')
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    try {
      const tx = db.transaction(['journal', 'books'])
      const all = (store: string) =>
        new Promise<unknown[]>((resolve, reject) => {
          const reading = tx.objectStore(store).getAll()
          reading.onsuccess = () => resolve(reading.result.map((row: { value: unknown }) => row.value))
          reading.onerror = () => reject(reading.error)
        })
      return await Promise.all([all('journal'), all('books')])
    } finally {
      db.close()
    }
  })
  // The wallet's own shapes.
  return { rows: rows as JournalRow[], books: books as MeterBook[] }
}

/**
 * Waits until everything is settled, and then the wallet and the chain say the same of this account: the same transactions,
 * each nonce once and none left out, one transaction for a request, and of each session what it spent, paid and counted.
 *
 * @param from the account's first transaction is in no block before this one
 */
export async function expectOneTruth(devnet: Devnet, page: Page, account: string, from = 0): Promise<readonly Mined[]> {
  const isOwn = (row: JournalRow) => BigInt(row.account) === BigInt(account)
  const open = async () => (await storedIn(page)).rows.filter((row) => isOwn(row) && row.status !== 'settled')
  await expect.poll(async () => (await open()).map(short), { timeout: 60_000 }).toEqual([])

  const mined = await minedOf(devnet, account, from)
  expect(mined.map(({ nonce }) => nonce)).toEqual(mined.map((_, at) => BigInt(at)))
  const { rows, books } = await storedIn(page)
  const out = rows.filter((row) => isOwn(row) && (row.end === 'accepted' || row.end === 'reverted'))
  expect(sorted(out.map(({ hash }) => hash))).toEqual(sorted(mined.map(({ hash }) => hash)))
  const requests = out.filter(({ request, purpose }) => request !== undefined && purpose === undefined)
  const names = requests.map(({ origin, request }) => `${origin} ${request}`)
  expect(names.length).toBe(new Set(names).size)

  const sessions = new Set(out.flatMap(({ session }) => session ?? []))
  for (const session of sessions) {
    const own = out.filter((row) => row.session === session)
    const onChain = mined.filter(({ hash }) => own.some((row) => BigInt(row.hash) === BigInt(hash)))
    const book = books.find((it) => it.session === session)
    if (book === undefined) throw new Error('a session without its book')
    const base: Readonly<Record<string, string>> = book.base
    const spent = (meter: string) =>
      sum([base[meter] ?? '0', ...book.bookings.flatMap((it) => (it.meter === meter ? it.amount : []))].map(BigInt))
    expect({
      fees: spent(`fee:${STRK}`),
      paid: spent(`spend:${STRK}`),
      transactions: spent('tx'),
    }).toEqual({
      fees: sum(onChain.map(({ fee }) => fee)),
      paid: sum(onChain.map(({ paid }) => paid)),
      transactions: BigInt(onChain.length),
    })
  }
  return mined
}

const short = ({ hash, status, nonce, purpose, parked }: JournalRow) =>
  `${nonce} ${status} ${purpose ?? ''} ${parked === true ? 'parked' : ''} ${hash}`
const sorted = (hashes: readonly string[]) => hashes.map((it) => BigInt(it).toString(16)).sort()
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, it) => total + it, 0n)
