/** The screens' verbs (core/protocol/ui.ts): what a person does in the wallet's own pages. */

import { type Verb, type View, verbs } from '../../core/protocol/ui.ts'
import { decode, type Schema } from '../../core/schema.ts'
import { line } from '../../core/words.ts'
import { type AccountListNeeds, accountListVerbs } from './wallet/account-list.ts'
import { type AccountVerbNeeds, accountVerbs } from './wallet/accounts.ts'
import { type ApprovalVerbNeeds, approvalVerbs } from './wallet/approvals.ts'
import { type BackupNeeds, backupVerbs } from './wallet/backups.ts'
import { type ContactVerbNeeds, contactVerbs } from './wallet/contacts.ts'
import { type ImportVerbNeeds, importVerbs } from './wallet/imports.ts'
import { type KeyNeeds, keyVerbs } from './wallet/keys.ts'
import { type MoneyVerbNeeds, moneyVerbs } from './wallet/money.ts'
import { type NetworkVerbNeeds, networkVerbs } from './wallet/networks.ts'
import { type SessionVerbNeeds, sessionVerbs } from './wallet/sessions.ts'
import { type SettingVerbNeeds, settingVerbs } from './wallet/settings.ts'
import { type SiteVerbNeeds, siteVerbs } from './wallet/sites.ts'
import { nothing, type VerbRows, verbError } from './wallet/verb.ts'

export interface WalletNeeds
  extends KeyNeeds,
    AccountListNeeds,
    BackupNeeds,
    AccountVerbNeeds,
    ApprovalVerbNeeds,
    ImportVerbNeeds,
    MoneyVerbNeeds,
    NetworkVerbNeeds,
    SessionVerbNeeds,
    ContactVerbNeeds,
    SiteVerbNeeds,
    SettingVerbNeeds {
  readonly view: () => Promise<View>
}

export function createWalletVerbs(needs: WalletNeeds): (verb: string, params: unknown) => Promise<unknown> {
  const { unlocking, workingSet, now } = needs
  const rows: VerbRows<Verb> = {
    view: { params: nothing, act: () => needs.view() },
    touch: {
      params: nothing,
      act: async () => {
        await workingSet.touch(now())
        return null
      },
    },
    ...keyVerbs(needs),
    ...accountListVerbs(needs),
    ...backupVerbs(needs),
    ...accountVerbs(needs),
    ...approvalVerbs(needs),
    ...importVerbs(needs),
    ...moneyVerbs(needs),
    ...networkVerbs(needs),
    ...sessionVerbs(needs),
    ...contactVerbs(needs),
    ...siteVerbs(needs),
    ...settingVerbs(needs),
  }

  return async (verb, params) => {
    if (!Object.hasOwn(verbs, verb)) throw verbError('internal', line('err_internal'))
    const name = verb as Verb // Checked on the line above.
    const row = rows[name]
    const read = decode<unknown>(row.params as Schema, params)
    if (!read.ok) throw verbError('internal', line('err_internal'))
    if (verbs[name].whenLocked === 'unlocked' && (await unlocking.state()) !== 'unlocked')
      throw verbError('locked', line('err_locked'))
    // The params were decoded by this verb's own schema; the compiler cannot pair them through a variable.
    return (row.act as (params: unknown) => Promise<unknown>)(read.value)
  }
}
