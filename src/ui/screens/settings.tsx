import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Proof, View } from '../../core/protocol/ui.ts'
import type { MessageKey } from '../../core/words.ts'
import { duration, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, Fold, IconButton, Picker, Switch } from '../parts/controls.tsx'
import { saveActivity } from '../parts/export-log.ts'
import { sentenceOf } from '../parts/fault.tsx'
import { Select, TextField } from '../parts/field.tsx'
import { Icon } from '../parts/icons.tsx'
import { Limits } from '../parts/limits.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { Notifications } from '../parts/notifications.tsx'
import { LessStrict } from '../parts/proof-sheet.tsx'
import { Badge } from '../parts/text.tsx'
import { go } from '../route.ts'
import { LANGUAGES, plural, said, t } from '../words.ts'
import { sitePath } from './sites.tsx'

const THEMES = [
  { value: 'system', key: 'ui_theme_system' },
  { value: 'light', key: 'ui_theme_light' },
  { value: 'dark', key: 'ui_theme_dark' },
] as const
/** From which share of a limit on its use is told. */
const SHARES = [
  { value: 50, key: 'ui_settings_from50' },
  { value: 80, key: 'ui_settings_from80' },
  { value: 100, key: 'ui_settings_from100' },
] as const

/** security.md 15: what the wallet cannot see or promise. */
const CANNOT: readonly MessageKey[] = [
  'ui_about_twoKeys',
  'ui_about_chainHolds',
  'ui_about_takeover',
  'ui_about_contracts',
  'ui_about_sites',
  'ui_about_node',
  'ui_about_ending',
  'ui_about_late',
  'ui_about_copies',
  'ui_about_unlocked',
  'ui_about_profile',
  'ui_about_visible',
  'ui_about_audit',
]

/** `words`: what a person may look for to find it, beside its heading. */
interface Section {
  readonly title: MessageKey
  readonly words: readonly MessageKey[]
  readonly Body: (props: { readonly view: View }) => ComponentChildren
}
const SECTIONS: readonly Section[] = [
  {
    title: 'ui_general',
    words: ['ui_theme', 'ui_theme_dark', 'ui_theme_light', 'ui_language', 'ui_fiat', 'ui_settings_account'],
    Body: General,
  },
  {
    title: 'ui_security',
    words: [
      'ui_autoLock',
      'ui_autoLock_atClose',
      'ui_phrase',
      'ui_reveal',
      'ui_checkBackup',
      'ui_password',
      'ui_passkeys',
      'ui_backupFile',
      'ui_erase',
    ],
    Body: Security,
  },
  {
    title: 'ui_sessions',
    words: [
      'ui_settings_sessionsOn',
      'ui_settings_runLocked',
      'ui_settings_life',
      'ui_settings_idle',
      'ui_settings_shares',
      'ui_settings_allSessions',
      'ui_limitsPage',
    ],
    Body: SessionSettings,
  },
  { title: 'ui_sites', words: ['ui_disconnect', 'ui_site_network', 'ui_site_account'], Body: SitesSection },
  { title: 'ui_networks', words: ['ui_network_node', 'ui_network_add'], Body: NetworksSection },
  { title: 'ui_tokens', words: ['ui_tokens_add', 'ui_tokens_address'], Body: TokensSection },
  { title: 'ui_contacts', words: ['ui_contact_address', 'ui_contact_add'], Body: ContactsSection },
  { title: 'ui_notify', words: ['ui_notify_escape', 'ui_notify_request', 'ui_notify_limit'], Body: Notifications },
  {
    title: 'ui_advanced',
    words: ['ui_settings_hashes', 'ui_settings_reset', 'ui_activity', 'ui_activity_exportName'],
    Body: Advanced,
  },
  { title: 'ui_about_title', words: ['ui_licences', 'ui_version', 'ui_about_intro'], Body: About },
]

export function Settings({ view }: { readonly view: View }) {
  const [search, setSearch] = useState('')
  const wanted = search.trim().toLocaleLowerCase()
  const found = SECTIONS.filter(({ title, words }) =>
    [title, ...words].some((key) => t(key).toLocaleLowerCase().includes(wanted)),
  )
  return (
    <main class="page settings">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/')} look="back" />
        <Heading>{t('ui_settings')}</Heading>
      </header>
      <div class="body">
        <TextField label={t('ui_settings_search')} value={search} mode="search" onInput={setSearch} />
        {found.map(({ title, Body }) => (
          <section key={title} class="section stack gap12" aria-labelledby={title}>
            <h2 id={title} class="host">
              {t(title)}
            </h2>
            <Body view={view} />
          </section>
        ))}
        {found.length === 0 && (
          <p class="section muted" role="status">
            {t('ui_settings_none')}
          </p>
        )}
      </div>
    </main>
  )
}

const told = (error: unknown) => toast(sentenceOf(error))

/** A name, what it means, and what may be chosen. */
function Setting({
  title,
  what,
  children,
}: {
  readonly title: string
  readonly what?: string
  readonly children: ComponentChildren
}) {
  return (
    <div class="stack gap4">
      <h3 class="strong">{title}</h3>
      {what !== undefined && <p class="label muted">{what}</p>}
      <span>{children}</span>
    </div>
  )
}

function General({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const accounts = view.accounts.filter(({ key, hidden }) => key !== 'nowhere' && hidden !== true)
  return (
    <>
      <Setting title={t('ui_theme')}>
        <Picker
          name={t('ui_theme')}
          options={THEMES.map(({ value, key }) => ({ value, label: t(key) }))}
          chosen={view.theme}
          onChoose={(theme) => void ask('setTheme', { theme }).catch(told)}
        />
      </Setting>
      <Select
        label={t('ui_language')}
        options={[
          { value: '', label: t('ui_language_browser') },
          ...LANGUAGES.map(({ code, name }) => ({ value: code, label: name })),
        ]}
        chosen={view.language ?? ''}
        onChoose={(code) => void ask('setLanguage', { language: code === '' ? null : code }).catch(told)}
      />
      <OnOff
        title={t('ui_fiat')}
        what={t('ui_fiat_what')}
        on={view.fiat === true}
        onChange={(on) => void ask('setFiat', { on }).catch(told)}
      />
      {view.defaultAccount !== undefined && (
        <div class="stack gap4">
          <Select
            label={t('ui_settings_account')}
            options={[
              { value: '', label: t('ui_settings_accountLooked') },
              ...accounts.map(({ address, name }) => ({ value: address as string, label: name })),
            ]}
            chosen={view.defaultAccount ?? ''}
            onChoose={(chosen) => {
              const account = accounts.find(({ address }) => address === chosen)?.address ?? null
              void ask('setDefaultAccount', { account }).catch(told)
            }}
          />
          <p class="label muted">{t('ui_settings_accountWhat')}</p>
        </div>
      )}
    </>
  )
}

function Security() {
  return (
    <div class="stack gap8">
      <p class="label muted">{t('ui_security_what')}</p>
      <span>
        <Button onPress={() => go('/security')}>{t('ui_security_open')}</Button>
      </span>
    </div>
  )
}

const LIVES = [3_600, 86_400, 604_800] as const
const IDLE = [86_400, 604_800] as const
const NEVER = 0

function SessionSettings({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [longer, setLonger] = useState<number>()
  const chosen = view.sessionSettings
  if (chosen === undefined) return null
  const idlePause: number = chosen.idlePause ?? NEVER
  const setIdle = (seconds: number, password?: Proof) =>
    ask('setSessionDefaults', {
      idlePause: seconds === NEVER ? null : seconds,
      ...(password === undefined ? {} : { password }),
    })
  const isLonger = (seconds: number) => idlePause !== NEVER && (seconds === NEVER || seconds > idlePause)
  const life = (seconds: number) => t('ui_duration', { for: duration(seconds) })
  return (
    <>
      <OnOff
        title={t('ui_settings_sessionsOn')}
        what={t(chosen.on ? 'ui_settings_sessionsOnWhat' : 'ui_settings_sessionsOffWhat')}
        on={chosen.on}
        onChange={(on) => void ask('setSessions', { on }).catch(told)}
      />
      <OnOff
        title={t('ui_settings_runLocked')}
        what={t('ui_settings_runLockedWhat')}
        on={chosen.runWhileLocked}
        onChange={(runWhileLocked) => void ask('setSessionDefaults', { runWhileLocked }).catch(told)}
      />
      <Setting title={t('ui_settings_life')} what={t('ui_settings_lifeWhat')}>
        <Picker
          name={t('ui_settings_life')}
          options={LIVES.map((seconds) => ({ value: seconds as number, label: life(seconds) }))}
          chosen={chosen.life}
          onChoose={(seconds) => void ask('setSessionDefaults', { life: seconds }).catch(told)}
        />
      </Setting>
      <Setting title={t('ui_settings_idle')} what={t('ui_settings_idleWhat')}>
        <Picker
          name={t('ui_settings_idle')}
          options={[
            { value: NEVER as number, label: t('ui_settings_never') },
            ...IDLE.map((seconds) => ({ value: seconds as number, label: life(seconds) })),
          ]}
          chosen={idlePause}
          onChoose={(seconds) => (isLonger(seconds) ? setLonger(seconds) : void setIdle(seconds).catch(told))}
        />
        {longer !== undefined && (
          <LessStrict onConfirm={(password) => setIdle(longer, password)} onClose={() => setLonger(undefined)} />
        )}
      </Setting>
      <Setting title={t('ui_settings_shares')} what={t('ui_settings_sharesWhat')}>
        <Picker
          name={t('ui_settings_shares')}
          options={SHARES.map(({ value, key }) => ({ value, label: t(key) }))}
          chosen={chosen.limitsFrom}
          onChoose={(limitsFrom) => void ask('setSessionDefaults', { limitsFrom }).catch(told)}
        />
      </Setting>
      <div class="stack gap4">
        <h3 class="strong">{t('ui_limitsPage')}</h3>
        <Fold head={<span class="grow">{t('ui_limitsPage_what')}</span>}>
          <Limits />
        </Fold>
      </div>
      <p>
        <a class="link" href="#/sessions">
          {t('ui_settings_allSessions')}
        </a>
      </p>
    </>
  )
}

function OnOff({
  title,
  what,
  on,
  onChange,
}: {
  readonly title: string
  readonly what: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}) {
  return (
    <div class="row top-aligned">
      <div class="grow stack gap4">
        <h3 class="strong">{title}</h3>
        <p class="label muted">{what}</p>
      </div>
      <Switch name={title} on={on} onChange={onChange} />
    </div>
  )
}

const FIRST_SITES = 5

function SitesSection({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const sites = view.sites ?? []
  return (
    <>
      {sites.length > 0 && (
        <ul>
          {sites.slice(0, FIRST_SITES).map((site) => (
            <li key={site.origin} class="item">
              <Badge tint={site.tint} initial={site.initial} size={32} />
              <a class="grow row-link" href={`#${sitePath(site.origin)}`}>
                {site.host}
                <span class="sub">{said(site.known)}</span>
              </a>
              <button
                type="button"
                class="button small"
                aria-label={t('ui_disconnect_site', { host: text(site.host) })}
                onClick={() => void ask('disconnect', { origin: site.origin }).catch(told)}
              >
                {t('ui_disconnect')}
              </button>
            </li>
          ))}
        </ul>
      )}
      <Link to="/sites" note={plural('ui_sites_number_other', sites.length)}>
        {t('ui_sites_all')}
      </Link>
    </>
  )
}

function NetworksSection({ view }: { readonly view: View }) {
  const network = view.networks.find(({ id }) => id === view.network)
  return (
    <Link to="/networks" note={network?.name ?? ''}>
      {t('ui_networks_all')}
    </Link>
  )
}

function TokensSection({ view }: { readonly view: View }) {
  const shown = (view.tokens ?? []).filter(({ hidden }) => !hidden)
  return (
    <Link to="/tokens" note={plural('ui_tokens_number_other', shown.length)}>
      {t('ui_tokens_manage')}
    </Link>
  )
}

function ContactsSection({ view }: { readonly view: View }) {
  return (
    <Link to="/contacts" note={plural('ui_contacts_number_other', view.contacts?.length ?? 0)}>
      {t('ui_contacts_all')}
    </Link>
  )
}

/** A row that leads to a page of its own. */
function Link({ to, note, children }: { readonly to: string; readonly note: string; readonly children: string }) {
  return (
    <p class="item">
      <a class="grow row-link" href={`#${to}`}>
        {children}
      </a>
      <span class="right muted">{note}</span>
      <Icon name="right" />
    </p>
  )
}

function Advanced({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const network = view.networks.find(({ id }) => id === view.network)
  return (
    <>
      <OnOff
        title={t('ui_settings_hashes')}
        what={t('ui_settings_hashesWhat')}
        on={view.showHashes === true}
        onChange={(on) => void ask('setShowHashes', { on }).catch(told)}
      />
      <Setting
        title={t('ui_settings_reset')}
        what={t('ui_settings_resetWhat', { network: text(network?.name ?? view.network) })}
      >
        <Button
          onPress={() =>
            void ask('resetNetwork', { network: view.network }).then(() => toast(t('ui_settings_resetDone')), told)
          }
        >
          {t('ui_settings_reset')}
        </Button>
      </Setting>
      <Setting title={t('ui_activity')} what={t('ui_settings_exportWhat')}>
        <Button onPress={() => void saveActivity(ask)}>{t('ui_activity_exportName')}</Button>
      </Setting>
    </>
  )
}

function About({ view }: { readonly view: View }) {
  return (
    <>
      {view.version !== undefined && (
        <Setting title={t('ui_version')} what={t('ui_version_what')}>
          <span class="num">{view.version}</span>
        </Setting>
      )}
      <Setting title={t('ui_licences')} what={t('ui_licences_what')}>
        <a class="link" href="/licences.txt" target="_blank" rel="noreferrer">
          {t('ui_licences_open')}
        </a>
      </Setting>
      <h3 class="strong">{t('ui_about_cannot')}</h3>
      <p class="label muted">{t('ui_about_intro')}</p>
      <ol class="numbered">
        {CANNOT.map((key) => (
          <li key={key}>{t(key)}</li>
        ))}
      </ol>
    </>
  )
}
