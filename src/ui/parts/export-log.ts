import type { Wallet } from '../client.ts'
import { t } from '../words.ts'
import { sentenceOf } from './fault.tsx'
import { saveFile } from './file.tsx'
import { toast } from './live.tsx'

/** All that happened, as a file of the person's own. */
export async function saveActivity(ask: Wallet['ask']): Promise<void> {
  try {
    const { json } = await ask('exportActivity', null)
    saveFile({ name: `${t('act_fileName')}.json`, text: json })
    toast(t('ui_activity_exported'))
  } catch (error) {
    toast(sentenceOf(error))
  }
}
