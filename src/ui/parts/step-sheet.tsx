import { useEffect, useState } from 'preact/hooks'
import type { Address } from '../../core/felt.ts'
import type { OwnStep } from '../../core/protocol/session-info.ts'
import type { Proof, Verbs } from '../../core/protocol/ui.ts'
import type { NetworkId } from '../../core/records.ts'
import { useWallet } from '../client.ts'
import { said, t } from '../words.ts'
import { Button, Sheet, Tick } from './controls.tsx'
import { sentenceOf } from './fault.tsx'
import { toast } from './live.tsx'
import { ProofField } from './proof.tsx'
import { Steps } from './steps.tsx'

/** The name of each step's button, and what its sheet says before the cost (approval-ux.md 6.1). */
export const STEP_WORDS = {
  deploy: { name: 'ui_account_deploy', what: ['ui_setup_deploy'] },
  enable: { name: 'ui_account_enable', what: ['ui_setup_enable'] },
  upgrade: { name: 'ui_account_upgrade', what: ['ui_setup_upgrade'] },
  rotate: { name: 'ui_account_rotate', what: ['ui_setup_rotate', 'ui_setup_rotateNow', 'ui_setup_rotateOld'] },
  remove: { name: 'ui_account_remove', what: ['ui_setup_remove', 'ui_setup_removeReady'] },
  takeOver: { name: 'ui_account_takeOver', what: ['ui_setup_takeOver', 'ui_setup_takeOverOnce'] },
  finish: { name: 'ui_account_finish', what: ['ui_setup_finish'] },
} as const

interface At {
  readonly account: Address
  readonly network: NetworkId
}

/** What it costs now, and the act; who shows it says where. Asked again when `round` rises. */
export function useStep(step: OwnStep, at: At | undefined) {
  const { ask } = useWallet()
  const [cost, setCost] = useState<Verbs['stepCost']['result']>()
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)
  const [round, setRound] = useState(0)
  const { account, network } = at ?? {}
  const where = account === undefined || network === undefined ? {} : { account, network }
  useEffect(() => {
    ask('stepCost', { step, ...where }).then(setCost, (error) => setFailure(sentenceOf(error)))
  }, [step, account, network, round])
  return {
    cost,
    failure,
    busy,
    again: () => {
      setFailure(undefined)
      setRound(round + 1)
    },
    forget: () => setFailure(undefined),
    /** @returns whether the second key that stands there is one of the phrase; `undefined`: nobody could say */
    search: async (password: Proof): Promise<boolean | undefined> => {
      if (account === undefined || network === undefined) return undefined
      setBusy(true)
      setFailure(undefined)
      try {
        return (await ask('findSecondKey', { account, network, password })).found
      } catch (error) {
        setFailure(sentenceOf(error))
        return undefined
      } finally {
        setBusy(false)
      }
    },
    /** @returns whether it is on its way */
    run: async (password: Proof): Promise<boolean> => {
      setBusy(true)
      setFailure(undefined)
      try {
        await ask('runStep', { step, password, ...where })
        return true
      } catch (error) {
        setFailure(sentenceOf(error))
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}

/** One of the account's own transactions: what it does, what must be known before, what it costs, and the password. */
export function StepSheet({
  step,
  at,
  onClose,
}: {
  readonly step: OwnStep
  readonly at?: At
  readonly onClose: () => void
}) {
  const { cost, failure, busy, run, search, again, forget } = useStep(step, at)
  const [password, setPassword] = useState<Proof>('')
  const [known, setKnown] = useState(false)
  const { name, what } = STEP_WORDS[step]
  const facts = cost?.facts ?? []
  const held = cost === undefined || cost.blocked !== undefined || (facts.length > 0 && !known)
  const send = async () => {
    const sent = await run(password)
    setPassword('')
    if (!sent) return
    toast(t('ui_setup_sent'))
    onClose()
  }
  if (cost?.search === true)
    return (
      <Sheet title={t('ui_setup_search')} onClose={onClose}>
        <p class="label">{t('ui_setup_searchWhat')}</p>
        <p class="label muted">{t('ui_setup_searchNothing')}</p>
        <ProofField
          value={password}
          wrong={failure}
          onInput={(value) => {
            setPassword(value)
            forget()
          }}
        />
        <Button
          look="main tall"
          busy={busy}
          off={password === ''}
          onPress={async () => {
            const found = await search(password)
            setPassword('')
            if (found === undefined) return
            toast(t(found ? 'ui_setup_searchFound' : 'ui_setup_searchForeign'))
            if (found) onClose()
            else again()
          }}
        >
          {t('ui_setup_searchGo')}
        </Button>
      </Sheet>
    )
  return (
    <Sheet title={t(name)} onClose={onClose}>
      {what.map((words) => (
        <p key={words} class="label">
          {t(words)}
        </p>
      ))}
      {cost === undefined ? (
        failure === undefined ? (
          <p class="label muted">{t('ui_setup_asking')}</p>
        ) : (
          <div class="row">
            <Button look="small" icon="retry" onPress={again}>
              {t('ui_retry')}
            </Button>
          </div>
        )
      ) : (
        <>
          {facts.length > 0 && (
            <>
              <ol class="numbered">
                {facts.map((fact) => (
                  <li key={said(fact)}>{said(fact)}</li>
                ))}
              </ol>
              <Tick on={known} onChange={setKnown}>
                {t('ui_setup_factsKnown')}
              </Tick>
            </>
          )}
          <Steps steps={cost.steps} started={false} />
          {cost.blocked !== undefined && (
            <p class="label warn" role="alert">
              {said(cost.blocked)}
            </p>
          )}
        </>
      )}
      <ProofField
        value={password}
        wrong={failure}
        onInput={(value) => {
          setPassword(value)
          forget()
        }}
      />
      <Button
        look={step === 'rotate' || step === 'remove' ? 'risky tall' : 'main tall'}
        busy={busy}
        off={password === '' || held}
        onPress={() => void send()}
      >
        {busy ? t('ui_setup_sending') : t(name)}
      </Button>
    </Sheet>
  )
}
