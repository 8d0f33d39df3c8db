import { useEffect, useState } from 'preact/hooks'
import { padded } from '../../core/felt.ts'
import type { AccountStep } from '../../core/protocol/session-info.ts'
import type { AccountView, Verbs, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { ActivityRow } from '../parts/activity.tsx'
import { Button, IconButton, Menu, MenuItem, PasswordField, Sheet } from '../parts/controls.tsx'
import { Fault, sentenceOf } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { toast } from '../parts/live.tsx'
import { SessionCard } from '../parts/session-card.tsx'
import { Steps } from '../parts/steps.tsx'
import { AfterStop, StopAll } from '../parts/stop-all.tsx'
import { Circle, FullAddress, Glance, ShortAddress } from '../parts/text.tsx'
import { go } from '../route.ts'
import { ago, clockOf, exactly, glance, plural, said, t } from '../words.ts'

type Asked = 'receive' | AccountStep

export function Home({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [sheet, setSheet] = useState<Asked>()
  const account = view.account ?? view.accounts[0]
  useEffect(() => {
    ask('refresh', null).catch(() => undefined)
  }, [])
  return (
    <main class="page">
      <h1 class="unseen">{t('ui_home_title')}</h1>
      <TopBar view={view} account={account} onAsk={setSheet} />
      <div class="body">
        {account !== undefined && <Balance account={account} view={view} />}
        <Banner view={view} />
        <Waiting view={view} />
        <Strip view={view} />
        <AfterStop />
        {account !== undefined && (
          <div class="row home-acts">
            <Button look="equal grow" icon="receive" onPress={() => setSheet('receive')}>
              {t('ui_home_receive')}
            </Button>
          </div>
        )}
        {account !== undefined && account.balances.length > 1 && <Tokens account={account} />}
        <Activity view={view} />
      </div>
      {sheet === 'receive' && account !== undefined && (
        <Receive account={account} view={view} onClose={() => setSheet(undefined)} />
      )}
      {(sheet === 'deploy' || sheet === 'enable') && <SetupSheet step={sheet} onClose={() => setSheet(undefined)} />}
    </main>
  )
}

function TopBar({
  view,
  account,
  onAsk,
}: {
  readonly view: View
  readonly account: AccountView | undefined
  readonly onAsk: (sheet: Asked) => void
}) {
  const { ask } = useWallet()
  return (
    <header class="top">
      {account !== undefined && <AccountMenu account={account} view={view} onAsk={onAsk} />}
      <span class="grow" />
      <NetworkMenu view={view} />
      <IconButton icon="lock" name={t('ui_lock')} onPress={() => void ask('lock', null).catch(told)} />
      <Menu
        place="right"
        button={(opener) => (
          <button type="button" class="icon-button end" aria-label={t('ui_menu')} {...opener}>
            <Icon name="dots" />
          </button>
        )}
      >
        {(close) => (
          <>
            <MenuItem onPress={() => go('/sessions')}>{t('ui_sessions')}</MenuItem>
            <MenuItem onPress={() => go('/settings')}>{t('ui_settings')}</MenuItem>
            <MenuItem
              onPress={() => {
                close()
                void ask('openTab', { path: '/' }).catch(told)
              }}
            >
              {t('ui_openInTab')}
            </MenuItem>
          </>
        )}
      </Menu>
    </header>
  )
}

const told = (error: unknown) => toast(sentenceOf(error))

function AccountMenu({
  account,
  view,
  onAsk,
}: {
  readonly account: AccountView
  readonly view: View
  readonly onAsk: (sheet: Asked) => void
}) {
  const { ask } = useWallet()
  const { state } = account
  return (
    <Menu
      place="left"
      button={(opener) => (
        <button
          type="button"
          class="account-pill"
          aria-label={t('ui_home_account', { name: text(account.name) })}
          {...opener}
        >
          <Circle name={account.name} />
          {account.name}
          <Icon name="down" />
        </button>
      )}
    >
      {(close) => (
        <>
          <div class="head stack gap4">
            <FullAddress address={account.address} />
            <span class="note muted">
              {state === undefined
                ? t('ui_account_unknown')
                : !state.deployed
                  ? t('ui_account_notDeployed')
                  : state.guardian === 'ours'
                    ? t('ui_account_sessionsOn')
                    : state.guardian === 'foreign'
                      ? t('ui_account_foreign')
                      : t('ui_account_plain')}
            </span>
          </div>
          {state?.deployed === false && (
            <MenuItem
              onPress={() => {
                close()
                onAsk('deploy')
              }}
            >
              {t('ui_account_deploy')}
            </MenuItem>
          )}
          {state?.guardian === 'none' && (
            <MenuItem
              onPress={() => {
                close()
                onAsk('enable')
              }}
            >
              {t('ui_account_enable')}
            </MenuItem>
          )}
          {view.network === 'devnet' && (
            <MenuItem
              onPress={() => {
                close()
                ask('testTokens', null).then(() => toast(t('ui_account_tokensCome')), told)
              }}
            >
              {t('ui_account_testTokens')}
            </MenuItem>
          )}
          <MenuItem
            onPress={() => {
              close()
              copyAddress(account)
            }}
          >
            {t('ui_copyAddress')}
          </MenuItem>
        </>
      )}
    </Menu>
  )
}

function copyAddress(account: AccountView): void {
  const full = padded(account.address)
  navigator.clipboard.writeText(full).then(
    () => toast(t('ui_copiedEnds', { end: text(full.slice(-7)) })),
    () => toast(t('ui_copyFailed')),
  )
}

function NetworkMenu({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const network = view.networks.find((it) => it.id === view.network)
  const down = view.banner?.kind === 'node' || view.banner?.kind === 'wrongNetwork'
  return (
    <Menu
      place="right"
      button={(opener) => (
        <button
          type="button"
          class="pill"
          aria-label={t(down ? 'ui_networkDown' : 'ui_network', { name: text(network?.name ?? view.network) })}
          {...opener}
        >
          <span class={`dot ${down ? 'down' : ''}`} aria-hidden="true" />
          {network?.name ?? view.network}
        </button>
      )}
    >
      {(close) => (
        <>
          {view.networks.map((it) => (
            <MenuItem
              key={it.id}
              checked={it.id === view.network}
              onPress={() => {
                close()
                ask('selectNetwork', { network: it.id }).catch(told)
              }}
            >
              {it.name}
              <span class="note muted stack">{it.host}</span>
            </MenuItem>
          ))}
          <p class="note muted menu-note">{t('ui_network_sees')}</p>
        </>
      )}
    </Menu>
  )
}

function Balance({ account, view }: { readonly account: AccountView; readonly view: View }) {
  const [balance] = account.balances
  const old = view.banner?.kind === 'node'
  return (
    <div>
      {balance === undefined ? (
        <p class="big muted">{t('ui_home_noBalance')}</p>
      ) : (
        <p class={`balance ${old ? 'old' : ''}`} title={exactly(balance.amount, balance.name)}>
          {glance(balance.amount, balance.name)} <span>{balance.name.symbol}</span>
        </p>
      )}
      {old && balance !== undefined ? (
        <p class="label muted num">
          {t('ui_home_asOf', { time: text(clockOf(balance.at)), ago: text(ago(balance.at)) })}
        </p>
      ) : (
        <button type="button" class="copy" onClick={() => copyAddress(account)}>
          <span class="unseen">{t('ui_copyAddress')} </span>
          <ShortAddress address={account.address} />
          <Icon name="copy" size={16} />
        </button>
      )}
    </div>
  )
}

function Banner({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const { banner } = view
  if (banner === undefined) return null
  const words = said(banner.line)
  if (banner.kind === 'backup')
    return (
      <section class="panel home-banner" aria-label={t('ui_note')}>
        <Icon name="info" />
        <div class="grow stack gap8">
          <p>{words}</p>
          <div class="row">
            <Button look="small" onPress={() => go('/backup')}>
              {t('ui_checkBackup')}
            </Button>
          </div>
        </div>
      </section>
    )
  return (
    <div class="home-banner">
      <Fault title={words} level={banner.kind === 'storage' ? 'danger' : 'warn'}>
        <p>
          {t(
            banner.kind === 'storage'
              ? 'ui_banner_storage'
              : banner.kind === 'clock'
                ? 'ui_banner_clock'
                : 'ui_banner_node',
          )}
        </p>
        <div class="row wrap">
          <Button look="small" icon="retry" onPress={() => void ask('refresh', null).catch(told)}>
            {t('ui_retry')}
          </Button>
        </div>
      </Fault>
    </div>
  )
}

function Waiting({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  if (view.waiting.length === 0) return null
  return (
    <section class="panel home-banner one-line" aria-label={t('ui_home_waits')}>
      <Icon name="clock" />
      <span class="grow strong body-size">{plural('ui_home_waiting_other', view.waiting.length)}</span>
      <Button look="small" onPress={() => void ask('openApproval', null).catch(told)}>
        {t('ui_review')}
      </Button>
    </section>
  )
}

function Strip({ view }: { readonly view: View }) {
  const { strip } = view
  if (strip === undefined || strip.running === 0) return null
  const waits = view.banner?.kind === 'node'
  return (
    <div class="home-banner">
      <SessionCard cut={strip.cut} size="strip" state={waits ? 'asked' : 'running'} life={strip}>
        <div class="row gap12">
          <div class="grow">
            <a class="strip-link" href="#/sessions">
              {plural(waits ? 'ui_strip_wait_other' : 'ui_strip_running_other', strip.running)}
              <Icon name="right" size={16} />
            </a>
            <p class="label muted">{waits ? t('ui_strip_goOn') : said(strip.line)}</p>
          </div>
          <StopAll />
        </div>
      </SessionCard>
    </div>
  )
}

function Tokens({ account }: { readonly account: AccountView }) {
  return (
    <section aria-label={t('ui_tokens')}>
      <h2 class="quiet-title">{t('ui_tokens')}</h2>
      <ul>
        {account.balances.slice(1).map((balance) => (
          <li key={balance.token} class="item">
            <span class="mark" aria-hidden="true">
              {balance.name.symbol.slice(0, 1)}
            </span>
            <span class="grow">{balance.title ?? balance.name.symbol}</span>
            <span class="right">
              <Glance amount={balance.amount} token={balance.name} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Activity({ view }: { readonly view: View }) {
  return (
    <section aria-label={t('ui_activity')}>
      <h2 class="quiet-title">{t('ui_activity')}</h2>
      {view.activity.length === 0 ? (
        <p class="label muted">{t('ui_activity_none')}</p>
      ) : (
        <ul>
          {view.activity.slice(0, 5).map((row) => (
            <ActivityRow key={row.id} row={row} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Receive({
  account,
  view,
  onClose,
}: {
  readonly account: AccountView
  readonly view: View
  readonly onClose: () => void
}) {
  const network = view.networks.find((it) => it.id === view.network)?.name ?? view.network
  return (
    <Sheet title={t('ui_home_receive')} onClose={onClose}>
      <p class="label">{t('ui_receive_what', { network: text(network) })}</p>
      <FullAddress address={account.address} />
      {account.state?.deployed === false && <p class="label muted">{t('ui_receive_notDeployed')}</p>}
      <Button look="main tall" icon="copy" onPress={() => copyAddress(account)}>
        {t('ui_copyAddress')}
      </Button>
    </Sheet>
  )
}

/** Deploy, or enable sessions with what has to be told before (approval-ux.md 6.2). */
function SetupSheet({ step, onClose }: { readonly step: AccountStep; readonly onClose: () => void }) {
  const { ask } = useWallet()
  const [cost, setCost] = useState<Verbs['stepCost']['result']>()
  const [password, setPassword] = useState('')
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    ask('stepCost', { step }).then(setCost, (error) => setFailure(sentenceOf(error)))
  }, [step])
  const run = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await ask('runStep', { step, password })
      toast(t('ui_setup_sent'))
      onClose()
    } catch (error) {
      setFailure(sentenceOf(error))
    } finally {
      setPassword('')
      setBusy(false)
    }
  }
  const name = t(step === 'deploy' ? 'ui_account_deploy' : 'ui_account_enable')
  return (
    <Sheet title={name} onClose={onClose}>
      <p class="label">{t(step === 'deploy' ? 'ui_setup_deploy' : 'ui_setup_enable')}</p>
      {cost === undefined ? (
        failure === undefined && <p class="label muted">{t('ui_setup_asking')}</p>
      ) : (
        <>
          {cost.facts.length > 0 && (
            <ol class="numbered">
              {cost.facts.map((fact) => (
                <li key={said(fact)}>{said(fact)}</li>
              ))}
            </ol>
          )}
          <Steps steps={cost.steps} started={false} />
          {cost.blocked !== undefined && (
            <p class="label warn" role="alert">
              {said(cost.blocked)}
            </p>
          )}
        </>
      )}
      <PasswordField
        value={password}
        wrong={failure}
        onInput={(value) => {
          setPassword(value)
          setFailure(undefined)
        }}
      />
      <Button
        look="main tall"
        busy={busy}
        off={password === '' || cost === undefined || cost.blocked !== undefined}
        onPress={() => void run()}
      >
        {busy ? t('ui_setup_sending') : name}
      </Button>
    </Sheet>
  )
}
