import { useEffect, useState } from 'preact/hooks'
import type { AccountBadge, AccountView, Proof, View } from '../../core/protocol/ui.ts'
import { type MessageKey, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Badges } from '../parts/badges.tsx'
import { Button, IconButton, Menu, MenuItem, Sheet } from '../parts/controls.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { ProofField } from '../parts/proof.tsx'
import { Badge, Circle, FullAddress, Glance, ShortAddress } from '../parts/text.tsx'
import { go } from '../route.ts'
import { plural, said, t } from '../words.ts'

/** All accounts of this wallet, what each is on the network that is looked at, and where more come from. */
export function Accounts({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [open, setOpen] = useState<string>()
  const [adding, setAdding] = useState<'plain' | 'session'>()
  const [hiddenToo, setHiddenToo] = useState(false)
  useEffect(() => {
    // A silent node leaves the last answers; the banner of the home page says so.
    ask('lookAtAccounts', null).catch(() => undefined)
  }, [view.network])
  const shown = view.accounts.filter((it) => it.hidden !== true)
  const hidden = view.accounts.filter((it) => it.hidden === true)
  const account = view.accounts.find((it) => it.address === open)
  const network = view.networks.find(({ id }) => id === view.network)?.name ?? view.network
  const row = (it: AccountView) => (
    <AccountRow
      key={it.address}
      account={it}
      on={it.address === view.account?.address}
      onOpen={() => setOpen(it.address)}
    />
  )
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/')} look="back" />
        <Heading>{t('ui_accounts')}</Heading>
        <span class="grow" />
        <Menu
          place="right"
          button={(opener) => (
            <button type="button" class="button small" {...opener}>
              {t('ui_accounts_add')}
            </button>
          )}
        >
          {(close) => {
            const then = (act: () => void) => () => {
              close()
              act()
            }
            return (
              <>
                <MenuItem onPress={then(() => setAdding('plain'))}>{t('ui_accounts_next')}</MenuItem>
                <MenuItem onPress={then(() => setAdding('session'))}>
                  {t('ui_accounts_session')}
                  <span class="note muted stack">{t('ui_accounts_sessionHint')}</span>
                </MenuItem>
                <MenuItem onPress={() => go('/import')}>{t('ui_accounts_bring')}</MenuItem>
              </>
            )
          }}
        </Menu>
      </header>
      <div class="body stack gap16">
        <p class="label muted">{t('ui_accounts_on', { network: text(network) })}</p>
        <ul>{shown.map(row)}</ul>
        {hidden.length > 0 && (
          <section>
            <Button look="small" onPress={() => setHiddenToo(!hiddenToo)}>
              {hiddenToo ? t('ui_accounts_hideHidden') : plural('ui_accounts_hidden_other', hidden.length)}
            </Button>
            {hiddenToo && <ul>{hidden.map(row)}</ul>}
          </section>
        )}
      </div>
      {account !== undefined && (
        <AccountSheet
          key={account.address}
          account={account}
          view={view}
          place={{ first: shown[0]?.address === account.address, last: shown.at(-1)?.address === account.address }}
          onClose={() => setOpen(undefined)}
        />
      )}
      {adding !== undefined && <AddSheet as={adding} onClose={() => setAdding(undefined)} />}
    </main>
  )
}

function AccountRow({
  account,
  on,
  onOpen,
}: {
  readonly account: AccountView
  readonly on: boolean
  readonly onOpen: () => void
}) {
  const [balance] = account.balances
  return (
    <li>
      <button type="button" class="item open" aria-current={on ? 'true' : undefined} onClick={onOpen}>
        <Circle name={account.name} />
        <span class="grow">
          <span class="row wrap gap8">
            <span class={on ? 'strong' : ''}>{account.name}</span>
            <Badges account={account} />
          </span>
          <span class="sub">
            <ShortAddress address={account.address} />
            {(account.running ?? 0) > 0 && ` · ${plural('ui_accounts_running_other', account.running ?? 0)}`}
          </span>
        </span>
        {balance !== undefined && (
          <span class="right">
            <Glance amount={balance.amount} token={balance.name} />
          </span>
        )}
      </button>
    </li>
  )
}

/** What each badge means: one sentence, on the sheet. */
const MEANS: Readonly<Record<AccountBadge, MessageKey>> = {
  notDeployed: 'ui_means_notDeployed',
  sessionsOn: 'ui_means_sessionsOn',
  plain: 'ui_means_plain',
  watch: 'ui_means_watch',
  foreign: 'ui_means_foreign',
  old: 'ui_means_old',
  elsewhere: 'ui_means_elsewhere',
}

function AccountSheet({
  account,
  view,
  place,
  onClose,
}: {
  readonly account: AccountView
  readonly view: View
  readonly place: { readonly first: boolean; readonly last: boolean }
  readonly onClose: () => void
}) {
  const { ask } = useWallet()
  const [name, setName] = useState(account.name)
  const [wrong, setWrong] = useState<string>()
  const [revealing, setRevealing] = useState(false)
  const act = async (work: Promise<unknown>, after?: string) => {
    setWrong(undefined)
    try {
      await work
      if (after !== undefined) toast(after)
    } catch (error) {
      setWrong(sentenceOf(error))
    }
  }
  const { address } = account
  const hidden = account.hidden === true
  const selected = view.account?.address === address
  return (
    <Sheet title={account.name} onClose={onClose}>
      <FullAddress address={address} />
      <p class="label muted">
        {account.title !== undefined && said(account.title)} <Badges account={account} />
      </p>
      {(account.badges ?? []).map((it) => (
        <p key={it} class="label">
          {t(MEANS[it])}
        </p>
      ))}
      <p class="label muted">{t(RESTORES[account.key ?? 'phrase'])}</p>
      <div class="row">
        <div class="field slim grow">
          <input
            value={name}
            aria-label={t('ui_accounts_name')}
            maxLength={80}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => {
              setName(event.currentTarget.value)
              setWrong(undefined)
            }}
          />
        </div>
        <Button
          off={name.trim() === '' || name === account.name}
          onPress={() => void act(ask('renameAccount', { account: address, name }), t('ui_accounts_renamed'))}
        >
          {t('ui_accounts_rename')}
        </Button>
      </div>
      {wrong !== undefined && (
        <p class="label danger" role="alert">
          {wrong}
        </p>
      )}
      <div class="row wrap">
        <Button icon="right" onPress={() => go(`/account/${address}`)}>
          {t('ui_account_open')}
        </Button>
        {!selected && (
          <Button look="main" onPress={() => void act(ask('selectAccount', { account: address }).then(() => go('/')))}>
            {t('ui_accounts_use')}
          </Button>
        )}
        {account.key !== 'nowhere' && <Button onPress={() => go(`/account/${address}`)}>{t('ui_account_open')}</Button>}
        {!hidden && !place.first && (
          <Button icon="up" onPress={() => void act(ask('moveAccount', { account: address, by: -1 }))}>
            {t('ui_accounts_up')}
          </Button>
        )}
        {!hidden && !place.last && (
          <Button icon="down" onPress={() => void act(ask('moveAccount', { account: address, by: 1 }))}>
            {t('ui_accounts_down')}
          </Button>
        )}
        <Button
          icon={hidden ? 'eye' : 'eyeOff'}
          onPress={() => void act(ask('hideAccount', { account: address, hidden: !hidden }))}
        >
          {t(hidden ? 'ui_accounts_show' : 'ui_accounts_hide')}
        </Button>
        {account.key !== 'nowhere' && !revealing && (
          <Button icon="lock" onPress={() => setRevealing(true)}>
            {t('ui_accounts_reveal')}
          </Button>
        )}
      </div>
      {revealing && <Reveal account={account} />}
      {account.key !== 'nowhere' && <Sites account={account} view={view} onMove={(work) => void act(work)} />}
    </Sheet>
  )
}

/** Who sees it, and who could see it instead of another: a site has one account, and is told of another one. */
function Sites({
  account,
  view,
  onMove,
}: {
  readonly account: AccountView
  readonly view: View
  readonly onMove: (work: Promise<unknown>) => void
}) {
  const { ask } = useWallet()
  const sites = view.sites ?? []
  if (sites.length === 0) return null
  return (
    <section class="stack gap8">
      <h3 class="quiet-title">{t('ui_accounts_sites')}</h3>
      <ul>
        {sites.map((site) => (
          <li key={site.origin} class="item">
            <Badge tint={site.tint} initial={site.initial} size={24} />
            <span class="grow">
              {site.host}
              <span class="sub">
                {site.account === account.address
                  ? t('ui_accounts_siteSees')
                  : t('ui_accounts_siteOther', { name: text(nameAt(view, site.account)) })}
              </span>
            </span>
            {site.account !== account.address && (
              <button
                type="button"
                class="button small"
                aria-label={t('ui_accounts_showTo', { host: text(site.host) })}
                onClick={() => onMove(ask('moveSite', { origin: site.origin, account: account.address }))}
              >
                {t('ui_accounts_showIt')}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function nameAt(view: View, address: string | undefined): string {
  return view.accounts.find((it) => it.address === address)?.name ?? ''
}

const RESTORES = { phrase: 'ui_restores_phrase', key: 'ui_restores_key', nowhere: 'ui_restores_nowhere' } as const

/** The password every time, a warning first, and gone when the window loses the focus. */
function Reveal({ account }: { readonly account: AccountView }) {
  const { ask } = useWallet()
  const [password, setPassword] = useState<Proof>('')
  const [wrong, setWrong] = useState<string>()
  const [key, setKey] = useState<string>()
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    const hide = () => setKey(undefined)
    window.addEventListener('blur', hide)
    return () => window.removeEventListener('blur', hide)
  }, [])
  const reveal = async () => {
    if (busy || password === '') return
    setBusy(true)
    try {
      setKey((await ask('revealKey', { account: account.address, password })).key)
      setWrong(undefined)
    } catch (error) {
      setWrong(sentenceOf(error))
    } finally {
      setPassword('')
      setBusy(false)
    }
  }
  return (
    <section class="stack gap8" aria-label={t('ui_accounts_reveal')}>
      <p class="label warn">{t('ui_accounts_revealWarning')}</p>
      {key === undefined ? (
        <>
          <ProofField
            value={password}
            focus
            wrong={wrong}
            onInput={(value) => {
              setPassword(value)
              setWrong(undefined)
            }}
            onEnter={() => void reveal()}
          />
          <Button busy={busy} off={password === ''} onPress={() => void reveal()}>
            {t(busy ? 'ui_unlocking' : 'ui_accounts_showKey')}
          </Button>
        </>
      ) : (
        <p class="mono break panel">{key}</p>
      )}
    </section>
  )
}

/** The next account of the phrase: the password opens it. */
function AddSheet({ as, onClose }: { readonly as: 'plain' | 'session'; readonly onClose: () => void }) {
  const { ask } = useWallet()
  const [password, setPassword] = useState<Proof>('')
  const [wrong, setWrong] = useState<string>()
  const [busy, setBusy] = useState(false)
  const add = async () => {
    if (busy || password === '') return
    setBusy(true)
    try {
      await ask('addAccount', { password, as })
      toast(plural('ui_bring_added_other', 1))
      onClose()
    } catch (error) {
      setWrong(sentenceOf(error))
    } finally {
      setPassword('')
      setBusy(false)
    }
  }
  return (
    <Sheet title={t(as === 'plain' ? 'ui_accounts_next' : 'ui_accounts_session')} onClose={onClose}>
      <p class="label">{t(as === 'plain' ? 'ui_accounts_nextWhat' : 'ui_accounts_sessionWhat')}</p>
      <ProofField
        value={password}
        wrong={wrong}
        onInput={(value) => {
          setPassword(value)
          setWrong(undefined)
        }}
        onEnter={() => void add()}
      />
      <Button look="main tall" busy={busy} off={password === ''} onPress={() => void add()}>
        {t('ui_accounts_addIt')}
      </Button>
    </Sheet>
  )
}
