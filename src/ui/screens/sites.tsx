import { useState } from 'preact/hooks'
import type { ConnectedSiteView, QuietSiteView, SessionCardView, View } from '../../core/protocol/ui.ts'
import { count, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton, Sheet } from '../parts/controls.tsx'
import { Facts, Group } from '../parts/facts.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Select } from '../parts/field.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { Badge, ShortAddress } from '../parts/text.tsx'
import { networkName } from '../parts/who.tsx'
import { go } from '../route.ts'
import { ago, left, moment, said, t } from '../words.ts'
import { SiteActivity } from './activity.tsx'

export const sitePath = (origin: string) => `/site/${encodeURIComponent(origin)}`

/** Who sees an account, and who may not ask for a while. */
export function Sites({ view }: { readonly view: View }) {
  const sites = view.sites ?? []
  const quiet = view.quiet ?? []
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/settings')} look="back" />
        <Heading>{t('ui_sites')}</Heading>
      </header>
      <div class="body">
        {sites.length === 0 && quiet.length === 0 && (
          <div class="empty">
            <p class="muted">{t('ui_sites_none')}</p>
          </div>
        )}
        {sites.length > 0 && (
          <ul>
            {sites.map((site) => (
              <li key={site.origin} class="item">
                <Badge tint={site.tint} initial={site.initial} size={32} />
                <a class="grow row-link" href={`#${sitePath(site.origin)}`}>
                  {site.host}
                  <span class="sub">
                    {t('ui_site_on', { network: text(networkName(view, site.network)), known: text(said(site.known)) })}
                  </span>
                </a>
                {site.quietUntil !== undefined && <span class="tag">{t('ui_site_quietTag')}</span>}
                <Icon name="right" />
              </li>
            ))}
          </ul>
        )}
        {quiet.length > 0 && (
          <section class="section">
            <h2>{t('ui_sites_quiet')}</h2>
            <p class="label muted">{t('ui_sites_quietWhat')}</p>
            <ul>
              {quiet.map((site) => (
                <li key={site.origin} class="item">
                  <Badge tint={site.tint} initial={site.initial} size={32} />
                  <span class="grow">
                    {site.host}
                    <span class="sub">{t('ui_site_quietFor', { left: text(left(site.quietUntil)) })}</span>
                  </span>
                  <Listen site={site} />
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </main>
  )
}

function Listen({ site }: { readonly site: QuietSiteView | ConnectedSiteView }) {
  const { ask } = useWallet()
  return (
    <button
      type="button"
      class="button small"
      aria-label={t('ui_site_listenTo', { host: text(site.host) })}
      onClick={() =>
        void ask('listenAgain', { origin: site.origin }).catch((error: unknown) => toast(sentenceOf(error)))
      }
    >
      {t('ui_site_listen')}
    </button>
  )
}

export function Site({ view, origin }: { readonly view: View; readonly origin: string }) {
  const site = view.sites?.find((it) => it.origin === origin)
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/sites')} look="back" />
        <Heading>{site?.host ?? t('ui_sites')}</Heading>
      </header>
      <div class="body">
        {site === undefined ? <NotConnected view={view} origin={origin} /> : <Connected view={view} site={site} />}
      </div>
    </main>
  )
}

function NotConnected({ view, origin }: { readonly view: View; readonly origin: string }) {
  const own = view.sessions.filter((session) => session.site.origin === origin)
  return (
    <>
      <p class="muted">{t('ui_site_none')}</p>
      <SessionsOf sessions={own} />
      {origin !== '' && <SiteActivity view={view} origin={origin} />}
    </>
  )
}

function Connected({ view, site }: { readonly view: View; readonly site: ConnectedSiteView }) {
  const { ask } = useWallet()
  const [forgetting, setForgetting] = useState(false)
  const { origin } = site
  const own = view.sessions.filter((session) => session.site.origin === origin)
  const told = (error: unknown) => toast(sentenceOf(error))
  return (
    <>
      {site.quietUntil !== undefined && (
        <section class="panel" aria-label={t('ui_note')}>
          <Icon name="info" size={18} />
          <div class="grow stack gap8">
            <p>{t('ui_site_isQuiet', { until: text(moment(site.quietUntil)) })}</p>
            <div class="row">
              <Listen site={site} />
            </div>
          </div>
        </section>
      )}
      <Facts>
        <Group name={t('ui_site_address')}>
          <p class="fact mono">{origin}</p>
        </Group>
        <Group name={t('ui_site_since')}>
          <p class="fact">{moment(site.since)}</p>
        </Group>
        <Group name={t('ui_site_last')}>
          <p class="fact">{ago(site.lastUsedAt)}</p>
        </Group>
      </Facts>
      <section class="section stack gap12">
        <h2>{t('ui_site_sees')}</h2>
        <Select
          label={t('ui_site_account')}
          options={mayStandFor(view, site).map(({ address, name }) => ({ value: address, label: name }))}
          chosen={site.account}
          onChoose={(account) => void ask('moveSite', { origin, account }).catch(told)}
        />
        <p class="note muted">
          <ShortAddress address={site.account} />
        </p>
        <Select
          label={t('ui_site_network')}
          options={view.networks.map(({ id, name }) => ({ value: id, label: name }))}
          chosen={site.network}
          onChoose={(network) => void ask('moveSite', { origin, network }).catch(told)}
        />
        <p class="label muted">{t('ui_site_moveWhat', { host: text(site.host) })}</p>
      </section>
      <SessionsOf sessions={own} />
      <SiteActivity view={view} origin={origin} />
      <div class="stack gap8 section">
        <div class="row wrap">
          <Button
            onPress={() =>
              void ask('disconnect', { origin }).then(() => {
                toast(t('ui_site_disconnected'))
                if (own.every((session) => session.group === 'ended')) go('/sites')
              }, told)
            }
          >
            {t('ui_disconnect')}
          </Button>
          <button type="button" class="plain danger" onClick={() => setForgetting(true)}>
            {t('ui_site_forget')}
          </button>
        </div>
        <p class="label muted">{t('ui_site_disconnectWhat')}</p>
      </div>
      {forgetting && (
        <Sheet title={t('ui_site_forgetOf', { host: text(site.host) })} onClose={() => setForgetting(false)}>
          <div class="stack gap12">
            <p>{t('ui_site_forgetWhat')}</p>
            <Button look="tall risky" onPress={() => void ask('forgetSite', { origin }).then(() => go('/sites'), told)}>
              {t('ui_site_forget')}
            </Button>
          </div>
        </Sheet>
      )}
    </>
  )
}

/** Nothing can be asked of an account that is only watched, and a hidden one is not offered. */
function mayStandFor(view: View, site: ConnectedSiteView): View['accounts'] {
  return view.accounts.filter(
    ({ address, key, hidden }) => address === site.account || (key !== 'nowhere' && hidden !== true),
  )
}

function SessionsOf({ sessions }: { readonly sessions: readonly SessionCardView[] }) {
  if (sessions.length === 0) return null
  return (
    <section class="section">
      <h2>{t('ui_sessions')}</h2>
      <ul>
        {sessions.map((session) => (
          <li key={session.id} class="item">
            <a class="grow row-link" href={`#/session/${session.id}`}>
              {session.signsOnly
                ? t('ui_site_sessionMessages', { account: text(session.account.name) })
                : t('ui_site_session', { account: text(session.account.name), n: count(session.actions) })}
              <span class="sub">{session.cause === undefined ? moment(session.endsAt) : said(session.cause)}</span>
            </a>
            <span class="tag">{t(GROUPS[session.group])}</span>
            <Icon name="right" />
          </li>
        ))}
      </ul>
    </section>
  )
}

const GROUPS = {
  needsYou: 'ui_sessions_needsYou',
  running: 'ui_sessions_running',
  waiting: 'ui_sessions_waiting',
  ended: 'ui_sessions_ended',
} as const
