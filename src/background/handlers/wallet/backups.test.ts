import { expect, test } from 'vitest'
import type { Proof } from '../../../core/protocol/ui.ts'
import { type BackupNeeds, backupVerbs } from './backups.ts'

const PASSWORD = 'a long enough password'
const PASSKEY = { credentialId: 'aabbcc', prf: '17'.repeat(32) }

/** Only these are asked of the wallet when it is erased. */
function createLife(state: 'unlocked' | 'locked' | 'asleep' = 'unlocked') {
  let erased = 0
  const isOurs = (proof: Proof) =>
    typeof proof === 'string'
      ? proof === PASSWORD
      : proof.credentialId === PASSKEY.credentialId && proof.prf === PASSKEY.prf
  const { wipe } = backupVerbs({
    unlocking: { state: async () => state },
    vault: {
      verifyPassword: async (proof: Proof) =>
        isOurs(proof)
          ? { ok: true, value: true }
          : typeof proof === 'string'
            ? { ok: false, left: 4 }
            : { ok: false, kind: 'wrongPasskey' },
    },
    leaving: {
      wipe: async () => {
        erased += 1
      },
    },
    changed: () => undefined,
  } as unknown as BackupNeeds)
  return { wipe, erased: () => erased }
}

test.each([
  ['the password', PASSWORD],
  ['a passkey of it', PASSKEY],
])('a wallet is erased with %s and its tick, and not without the tick', async (_, password) => {
  const { wipe, erased } = createLife()
  await expect(wipe.act({ password, ticked: false })).rejects.toMatchObject({ code: 'blocked' })
  expect(erased()).toBe(0)
  await wipe.act({ password, ticked: true })
  expect(erased()).toBe(1)
})

test('another password or another passkey erases nothing', async () => {
  const { wipe, erased } = createLife()
  for (const [password, code] of [
    ['', 'wrongPassword'],
    ['another password', 'wrongPassword'],
    [{ ...PASSKEY, prf: '18'.repeat(32) }, 'wrongPasskey'],
  ] as const)
    await expect(wipe.act({ password, ticked: true })).rejects.toMatchObject({ code })
  expect(erased()).toBe(0)
})

test('an open wallet is not erased without a proof; a closed one is, for whoever forgot the password, with the tick', async () => {
  const open = createLife()
  // Nobody has typed a wrong one.
  await expect(open.wipe.act({ ticked: true })).rejects.toMatchObject({ code: 'blocked' })
  expect(open.erased()).toBe(0)
  for (const state of ['locked', 'asleep'] as const) {
    const { wipe, erased } = createLife(state)
    await expect(wipe.act({ ticked: false })).rejects.toMatchObject({ code: 'blocked' })
    // One that is given has to be right.
    await expect(wipe.act({ password: 'another password', ticked: true })).rejects.toMatchObject({
      code: 'wrongPassword',
    })
    expect(erased()).toBe(0)
    await wipe.act({ ticked: true })
    expect(erased()).toBe(1)
  }
})
