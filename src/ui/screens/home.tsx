import { useEffect, useState } from 'preact/hooks'
import type { AccountStep } from '../../core/protocol/session-info.ts'
import type { AccountView, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { ActivityRow } from '../parts/activity.tsx'
import { Badges } from '../parts/badges.tsx'
import { Button, IconButton, Menu, MenuItem } from '../parts/controls.tsx'
import { copyAddress } from '../parts/copy.ts'
import { Fault, sentenceOf } from '../parts/fault.tsx'
import { Icon } from '../parts/icons.tsx'
import { toast } from '../parts/live.tsx'
import { SessionCard } from '../parts/session-card.tsx'
import { StepSheet } from '../parts/step-sheet.tsx'
import { AfterStop, StopAll } from '../parts/stop-all.tsx'
import { Circle, FullAddress, Glance, ShortAddress } from '../parts/text.tsx'
import { go } from '../route.ts'
import { ago, clockOf, exactly, glance, plural, said, t } from '../words.ts'

type Asked = AccountStep

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
        {account !== undefined && (
          <div class="row home-acts">
            <Button look="equal grow" icon="receive" onPress={() => go('/receive')}>
              {t('ui_home_receive')}
            </Button>
            <Button look="equal grow" icon="send" onPress={() => go('/send')}>
              {t('ui_home_send')}
            </Button>
          </div>
        )}
        <Banner view={view} />
        <Waiting view={view} />
        <Strip view={view} />
        <AfterStop />
        {account !== undefined && <Tokens account={account} />}
        <Activity view={view} />
      </div>
      {(sheet === 'deploy' || sheet === 'enable') && <StepSheet step={sheet} onClose={() => setSheet(undefined)} />}
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
      {account === undefined ? <span class="grow" /> : <AccountMenu account={account} view={view} onAsk={onAsk} />}
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
  const isOwn = !account.badges?.some((it) => it === 'watch' || it === 'old' || it === 'elsewhere')
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
          <span class="two-lines">{account.name}</span>
          <Icon name="down" />
        </button>
      )}
    >
      {(close) => (
        <>
          <div class="head stack gap4">
            <FullAddress address={account.address} />
            <span class="note muted">
              {account.key === 'nowhere'
                ? t('ui_means_watch')
                : account.badges?.includes('old')
                  ? t('ui_means_old')
                  : state === undefined
                    ? t('ui_account_unknown')
                    : !state.deployed
                      ? t('ui_account_notDeployed')
                      : state.enforces === 'wallet'
                        ? t('ui_means_plain')
                        : state.guardian === 'ours'
                          ? t('ui_account_sessionsOn')
                          : state.guardian === 'foreign'
                            ? t('ui_account_foreign')
                            : t('ui_account_plain')}
            </span>
          </div>
          {isOwn && state?.deployed === false && (
            <MenuItem
              onPress={() => {
                close()
                onAsk('deploy')
              }}
            >
              {t('ui_account_deploy')}
            </MenuItem>
          )}
          {isOwn && state?.guardian === 'none' && state.enforces !== 'wallet' && (
            <MenuItem
              onPress={() => {
                close()
                onAsk('enable')
              }}
            >
              {t('ui_account_enable')}
            </MenuItem>
          )}
          {view.networks.find(({ id }) => id === view.network)?.local && (
            <MenuItem
              onPress={() => {
                close()
                ask('testTokens', null).then(() => toast(t('ui_account_tokensCome')), told)
              }}
            >
              {t('ui_account_testTokens')}
            </MenuItem>
          )}
          <MenuItem onPress={() => go(`/account/${account.address}`)}>{t('ui_account_open')}</MenuItem>
          <MenuItem
            onPress={() => {
              close()
              copyAddress(account)
            }}
          >
            {t('ui_copyAddress')}
          </MenuItem>
          {view.accounts
            .filter((it) => it.hidden !== true)
            .map((it) => (
              <MenuItem
                key={it.address}
                checked={it.address === account.address}
                onPress={() => {
                  close()
                  ask('selectAccount', { account: it.address }).catch(told)
                }}
              >
                <span class="row wrap gap8">
                  {it.name} <Badges account={it} />
                </span>
                <span class="note muted stack">
                  <ShortAddress address={it.address} />
                </span>
              </MenuItem>
            ))}
          <MenuItem
            onPress={() => {
              close()
              go('/accounts')
            }}
          >
            {t('ui_accounts_all')}
          </MenuItem>
        </>
      )}
    </Menu>
  )
}

function NetworkMenu({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const network = view.networks.find((it) => it.id === view.network)
  const down = ['node', 'wrongNetwork', 'startedOver'].includes(view.banner?.kind ?? '')
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
          <MenuItem
            onPress={() => {
              close()
              go('/networks')
            }}
          >
            {t('ui_networks_all')}
          </MenuItem>
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
      {balance?.fiat !== undefined && <p class="label muted num">{said(balance.fiat)}</p>}
    </div>
  )
}

function Banner({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const { banner } = view
  if (banner === undefined) return null
  const words = said(banner.line)
  if (banner.kind === 'escape')
    return (
      <div class="home-banner">
        <Fault title={words} level="danger">
          <div class="row wrap">
            <Button look="small" onPress={() => go('/escape')}>
              {t('ui_escape_look')}
            </Button>
          </div>
        </Fault>
      </div>
    )
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
                : banner.kind === 'startedOver'
                  ? 'ui_network_startedOverWhat'
                  : 'ui_banner_node',
          )}
        </p>
        <div class="row wrap">
          {banner.kind === 'startedOver' ? (
            <Button look="small" onPress={() => void ask('adoptNetwork', { network: view.network }).catch(told)}>
              {t('ui_network_adopt')}
            </Button>
          ) : (
            <Button look="small" icon="retry" onPress={() => void ask('refresh', null).catch(told)}>
              {t('ui_retry')}
            </Button>
          )}
          {(banner.kind === 'node' || banner.kind === 'wrongNetwork') && (
            <Button look="small" onPress={() => go(`/network/${view.network}`)}>
              {t('ui_network_change')}
            </Button>
          )}
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
      <div class="row between titled">
        <h2 class="quiet-title">{t('ui_tokens')}</h2>
        <a class="quiet-link" href="#/tokens" aria-label={t('ui_home_manageTokens')}>
          {t('ui_home_manage')}
        </a>
      </div>
      <ul>
        {account.balances.slice(1).map((balance) => (
          <li key={balance.token} class="item">
            <span class="mark" aria-hidden="true">
              {balance.name.symbol.slice(0, 1)}
            </span>
            <span class="grow">{balance.title ?? balance.name.symbol}</span>
            <span class="right">
              <Glance amount={balance.amount} token={balance.name} />
              {balance.fiat !== undefined && <span class="sub num">{said(balance.fiat)}</span>}
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
      <div class="row between titled">
        <h2 class="quiet-title">{t('ui_activity')}</h2>
        {view.activity.length > 0 && (
          <a class="quiet-link" href="#/activity" aria-label={t('ui_home_allActivity')}>
            {t('ui_home_all')}
          </a>
        )}
      </div>
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
