import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { PASSWORD, personAt } from '../person.ts'
import { expect, test } from '../world.ts'

const NEXT = 'another long password'

test('F5: a record that somebody changed leads to the recovery page; the person saves the sealed vault and goes on without it', async ({
  context,
  home,
  killWorker,
}, info) => {
  test.setTimeout(240_000)
  const person = await personAt(context, home)
  const { page } = person
  const button = (name: string) => page.getByRole('button', { name, exact: true })
  const address = await person.createWallet()
  await change(page, 'accounts', (row) => ({ ...row, value: { ...(row.value as object), name: 'Mine' } }))
  await killWorker()
  await page.goto(home)
  await expect(page.getByRole('heading', { name: 'This wallet cannot be read as it is' })).toBeVisible({
    timeout: 30_000,
  })
  await expect(page.getByText('Something stored here is not as this wallet wrote it.', { exact: false })).toBeVisible()

  const saving = page.waitForEvent('download')
  await button('Save the sealed vault').click()
  const file = info.outputPath('sealed.json')
  await (await saving).saveAs(file)
  const sealed = readFileSync(file, 'utf8')
  expect(JSON.parse(sealed)).toMatchObject({ format: 'latchkey sealed vault' })
  expect(sealed).not.toContain(person.phrase())

  await page.getByLabel('Password', { exact: true }).fill('not the password')
  await button('Go on without what is damaged').click()
  await expect(page.getByText('Not this password.')).toBeVisible({ timeout: 30_000 })
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await button('Go on without what is damaged').click()
  await expect(button('Receive')).toBeVisible({ timeout: 60_000 })
  expect(await person.address()).toBe(address)
})

test('F5: what another version wrote is never touched; the phrase makes the wallet again in its place', async ({
  context,
  home,
  killWorker,
}) => {
  test.setTimeout(240_000)
  const person = await personAt(context, home)
  const { page } = person
  const address = await person.createWallet()
  await change(page, 'meta', (row) => (row.key === 'shape' ? { ...row, value: 99 } : row))
  await killWorker()
  await page.goto(home)
  await expect(
    page.getByText('What is stored here was written by another version of Latchkey.', { exact: false }),
  ).toBeVisible({
    timeout: 30_000,
  })
  const before = await change(page, 'vault', (row) => row)
  await page.reload()
  await expect(page.getByRole('heading', { name: 'This wallet cannot be read as it is' })).toBeVisible({
    timeout: 30_000,
  })
  expect(await change(page, 'vault', (row) => row)).toEqual(before)
  await page.getByRole('button', { name: 'Make the wallet again', exact: true }).click()
  await person.makeAgain(person.phrase(), NEXT)
  expect(await person.address()).toBe(address)
  await person.lock()
  await person.unlock(NEXT)
})

interface Row {
  readonly key: string
  readonly value: unknown
}
/** As somebody with a hand on the disk would; answers what lay there before. */
async function change(page: Page, store: string, how: (row: Row) => Row): Promise<readonly Row[]> {
  const rows = await page.evaluate(
    (store) =>
      new Promise<Row[]>((resolve, reject) => {
        const opened = indexedDB.open('latchkey')
        opened.onerror = () => reject(opened.error)
        opened.onsuccess = () => {
          const all = opened.result.transaction(store).objectStore(store).getAll()
          all.onerror = () => reject(all.error)
          all.onsuccess = () => {
            opened.result.close()
            resolve(all.result)
          }
        }
      }),
    store,
  )
  const changed = rows.filter((row) => JSON.stringify(how(row)) !== JSON.stringify(row)).map(({ key }) => key)
  for (const key of changed) {
    const { value } = how(rows.find((row) => row.key === key) ?? { key, value: undefined })
    await page.evaluate(
      ({ store, key, value }) =>
        new Promise<void>((resolve, reject) => {
          const opened = indexedDB.open('latchkey')
          opened.onerror = () => reject(opened.error)
          opened.onsuccess = () => {
            const tx = opened.result.transaction(store, 'readwrite')
            const rows = tx.objectStore(store)
            const got = rows.get(key)
            // Number and MAC stay as they were.
            got.onsuccess = () => rows.put({ ...got.result, value })
            tx.onabort = () => reject(tx.error)
            tx.oncomplete = () => {
              opened.result.close()
              resolve()
            }
          }
        }),
      { store, key, value },
    )
  }
  return rows
}
