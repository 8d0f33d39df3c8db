import { useEffect, useState } from 'preact/hooks'
import { padded } from '../../core/felt.ts'
import type { OwnStep } from '../../core/protocol/session-info.ts'
import type { AccountView, LifeView, TakeOverView, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton } from '../parts/controls.tsx'
import { Facts, Group } from '../parts/facts.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { STEP_WORDS, StepSheet } from '../parts/step-sheet.tsx'
import { Steps } from '../parts/steps.tsx'
import { FullAddress } from '../parts/text.tsx'
import { networkName } from '../parts/who.tsx'
import { back, go } from '../route.ts'
import { clock, left, moment, plural, said, t } from '../words.ts'

const LOOK_EVERY_MS = 60_000
const ENDS: readonly OwnStep[] = ['rotate', 'remove']

/** What an account is on the selected network, and what can be done with it. */
export function Account({ view, address }: { readonly view: View; readonly address: string }) {
  const account = view.accounts.find((it) => it.address === address)
  if (account === undefined)
    return (
      <main class="page">
        <Top view={view} name={t('ui_account')} />
        <div class="body">
          <div class="empty">
            <h2 class="host">{t('ui_account_gone')}</h2>
            <p class="muted">{t('ui_account_goneWhat')}</p>
          </div>
        </div>
      </main>
    )
  return <Detail view={view} account={account} />
}

function Top({ view, name }: { readonly view: View; readonly name: string }) {
  return (
    <header class="top">
      <IconButton icon="left" name={t('ui_back')} onPress={() => back('/')} look="back" />
      <Heading>{name}</Heading>
      <span class="pill still">
        <span class="dot" aria-hidden="true" />
        {networkName(view, view.network)}
      </span>
    </header>
  )
}

function Detail({ view, account }: { readonly view: View; readonly account: AccountView }) {
  const { ask } = useWallet()
  const [sheet, setSheet] = useState<OwnStep>()
  const { address, name, state, life } = account
  const { network } = view
  useEffect(() => {
    const look = () => {
      // What a silent node leaves unknown is said on the page.
      if (document.visibilityState === 'visible')
        ask('lookAccount', { account: address, network }).catch(() => undefined)
    }
    look()
    const timer = setInterval(look, LOOK_EVERY_MS)
    return () => clearInterval(timer)
  }, [address, network])
  const copy = () => {
    const full = padded(address)
    navigator.clipboard.writeText(full).then(
      () => toast(t('ui_copiedEnds', { end: text(full.slice(-7)) })),
      () => toast(t('ui_copyFailed')),
    )
  }
  // What the timeline offers stands there.
  const acts = (life?.acts ?? []).filter((step) => step !== 'finish' || life?.takeOver === undefined)
  return (
    <main class="page">
      <Top view={view} name={name} />
      <div class="body">
        <div class="stack gap8">
          <FullAddress address={address} />
          <div class="row">
            <Button look="small" icon="copy" onPress={copy}>
              {t('ui_copyAddress')}
            </Button>
          </div>
        </div>
        <Doing life={life} />
        {life?.takeOver !== undefined && (
          <TakeOver takeOver={life.takeOver} view={view} account={account} onFinish={() => setSheet('finish')} />
        )}
        <section class="section">
          <h2>{t('ui_account_here', { network: text(networkName(view, network)) })}</h2>
          <Facts>
            <Group name={t('ui_account_state')}>
              <p class="fact">{stateWords(account)}</p>
              {life?.class !== undefined && <p class="fact muted">{said(life.class)}</p>}
            </Group>
            {state?.deployed === true && (
              <Group name={t('ui_account_secondKey')}>
                <p class="fact">{t(KEYS[state.guardian])}</p>
              </Group>
            )}
            <Group name={t('ui_sessions')}>
              <p class="fact">
                {(life?.running ?? 0) === 0 ? (
                  t('ui_account_noSessions')
                ) : (
                  <a class="strip-link" href="#/sessions">
                    {plural('ui_account_sessions_other', life?.running ?? 0)}
                  </a>
                )}
              </p>
            </Group>
          </Facts>
        </section>
        {state?.guardian === 'foreign' && (
          <p class="row section warn" role="status">
            <Icon name="warn" size={18} />
            <span class="grow">{t('ui_account_foreignWhat')}</span>
          </p>
        )}
        {acts.length > 0 && (
          <section class="section" aria-label={t('ui_account_acts')}>
            <h2>{t('ui_account_acts')}</h2>
            {acts.map((step) => (
              <div key={step} class="account-act">
                <Button look={ENDS.includes(step) ? 'risky' : 'equal'} onPress={() => setSheet(step)}>
                  {t(STEP_WORDS[step].name)}
                </Button>
                <p class="note muted">{t(STEP_WORDS[step].what[0])}</p>
              </div>
            ))}
          </section>
        )}
      </div>
      {sheet !== undefined && (
        <StepSheet step={sheet} at={{ account: address, network }} onClose={() => setSheet(undefined)} />
      )}
    </main>
  )
}

const KEYS = {
  none: 'ui_account_keyNone',
  ours: 'ui_account_keyOurs',
  foreign: 'ui_account_keyForeign',
} as const

function stateWords({ state }: AccountView): string {
  if (state === undefined) return t('ui_account_unknown')
  return t(state.deployed ? 'ui_account_deployed' : 'ui_account_notDeployed')
}

/** How far the last act is; it goes on without this page. */
function Doing({ life }: { readonly life: LifeView | undefined }) {
  const doing = life?.doing
  if (doing === undefined) return null
  const seconds = Math.max(0, clock.value - doing.since)
  return (
    <section class="panel section" aria-label={t('ui_account_doing')}>
      <div class="grow stack gap8">
        <h2>{t(doing.over ? 'ui_account_done' : 'ui_account_doing')}</h2>
        <Steps steps={doing.steps} started />
        {doing.outcome !== undefined && (
          <p class="label danger" role="alert">
            {said(doing.outcome)}
          </p>
        )}
        {!doing.over && (
          <p class="label muted num" role="status">
            {t(seconds < 60 ? 'ui_account_goesOn' : 'ui_account_slow', {
              time: { kind: 'duration', seconds },
            })}
          </p>
        )}
      </div>
    </section>
  )
}

/** The calm one: what the person began themselves, with its three dates. */
function TakeOver({
  takeOver,
  view,
  account,
  onFinish,
}: {
  readonly takeOver: TakeOverView
  readonly view: View
  readonly account: AccountView
  readonly onFinish: () => void
}) {
  const { ask } = useWallet()
  const { startedAt, readyAt, endsAt, status, ours } = takeOver
  const rows = [
    { name: t('ui_takeOver_began'), when: moment(startedAt), look: 'done' },
    {
      name: t('ui_takeOver_ready'),
      when:
        status === 'waiting'
          ? t('ui_takeOver_readyAt', { at: text(moment(readyAt)), left: text(left(readyAt)) })
          : moment(readyAt),
      look: status === 'waiting' ? 'going' : 'done',
    },
    {
      name: t('ui_takeOver_ends'),
      when: moment(endsAt),
      look: status === 'ready' ? 'going' : status === 'expired' ? 'failed' : '',
    },
  ]
  return (
    <section class="panel section" aria-label={t('ui_takeOver')}>
      <div class="grow stack gap8">
        <h2>{t('ui_takeOver')}</h2>
        <p class="label">{t(ours ? 'ui_takeOver_what' : 'ui_takeOver_elsewhere')}</p>
        <ol class="steps">
          {rows.map(({ name, when, look }, index) => (
            <li key={name} class={look}>
              <span class="mark" aria-hidden="true">
                {look === 'done' ? <Icon name="check" size={16} /> : index + 1}
              </span>
              <span class="grow">
                <span class="fact-name">{name}</span>
                <span class="sub num">{when}</span>
              </span>
            </li>
          ))}
        </ol>
        {takeOver.left ? (
          <p class="label muted">{t('ui_takeOver_left')}</p>
        ) : (
          <div class="row wrap">
            {status === 'ready' && ours && (
              <Button look="main" onPress={onFinish}>
                {t('ui_account_finish')}
              </Button>
            )}
            {status !== 'expired' && (
              <Button
                onPress={() =>
                  void ask('leaveTakeOver', { account: account.address, network: view.network }).catch((error) =>
                    toast(sentenceOf(error)),
                  )
                }
              >
                {t('ui_takeOver_stop')}
              </Button>
            )}
          </div>
        )}
      </div>
    </section>
  )
}

/** Where home and the list lead to. */
export const accountPath = (address: string): string => `/account/${address}`
export const openAccount = (address: string): void => go(accountPath(address))
