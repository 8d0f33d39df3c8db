import { useState } from 'preact/hooks'
import type { NetworkView, Proof, Verbs, View } from '../../core/protocol/ui.ts'
import type { NetworkId } from '../../core/records.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton, Sheet } from '../parts/controls.tsx'
import { Facts, Group } from '../parts/facts.tsx'
import { sentenceOf, wentWrong } from '../parts/fault.tsx'
import { TextField } from '../parts/field.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { ProofField } from '../parts/proof.tsx'
import { go } from '../route.ts'
import { ago, said, t } from '../words.ts'

type State = Verbs['checkNetwork']['result']['state']
const STATES = {
  answers: 'ui_network_answers',
  silent: 'ui_network_silent',
  other: 'ui_network_other',
  startedOver: 'ui_network_startedOver',
} as const
const down: ReadonlySet<NonNullable<View['banner']>['kind']> = new Set(['node', 'wrongNetwork', 'startedOver'])

/** Who may be asked what the wallet shows, and who therefore sees which addresses are this person's. */
export function Networks({ view }: { readonly view: View }) {
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/settings')} look="back" />
        <Heading>{t('ui_networks')}</Heading>
        <Button look="small" icon="plus" onPress={() => go('/network-add')}>
          {t('ui_network_add')}
        </Button>
      </header>
      <div class="body">
        <p class="label muted">{t('ui_network_sees')}</p>
        <ul class="section">
          {view.networks.map((network) => (
            <li key={network.id} class="item">
              <span
                class={`dot ${network.id === view.network ? (isDown(view) ? 'down' : '') : 'none'}`}
                aria-hidden="true"
              />
              <a class="grow row-link" href={`#/network/${network.id}`}>
                {network.name}
                <span class="sub">
                  {network.host}
                  {network.local ? ` · ${t('ui_network_local')}` : ''}
                </span>
              </a>
              <span class="right sub">{lastBlock(network)}</span>
              <Icon name="right" />
            </li>
          ))}
        </ul>
      </div>
    </main>
  )
}

const isDown = ({ banner }: View) => banner !== undefined && down.has(banner.kind)

function lastBlock({ more }: NetworkView): string {
  return more?.lastBlockAt === undefined
    ? t('ui_network_never')
    : t('ui_network_block', { ago: text(ago(more.lastBlockAt)) })
}

export function Network({ view, id }: { readonly view: View; readonly id: string }) {
  const network = view.networks.find((it) => it.id === id)
  if (network === undefined)
    return (
      <main class="page">
        <header class="top">
          <IconButton icon="left" name={t('ui_back')} onPress={() => go('/networks')} look="back" />
          <Heading>{t('ui_networks')}</Heading>
        </header>
        <div class="body">
          <div class="empty">
            <p class="muted">{t('ui_network_gone')}</p>
          </div>
        </div>
      </main>
    )
  return <Detail key={network.id} view={view} network={network} />
}

function Detail({ view, network }: { readonly view: View; readonly network: NetworkView }) {
  const { ask } = useWallet()
  const [state, setState] = useState<State | 'asking'>()
  const [sheet, setSheet] = useState<'node' | 'name' | 'remove'>()
  const told = (error: unknown) => toast(sentenceOf(error))
  const selected = view.network === network.id
  const { more } = network
  const over = state === 'startedOver' || (selected && view.banner?.kind === 'startedOver')
  const check = async () => {
    setState('asking')
    try {
      setState((await ask('checkNetwork', { network: network.id })).state)
    } catch (error) {
      setState(undefined)
      told(error)
    }
  }
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/networks')} look="back" />
        <Heading>{network.name}</Heading>
      </header>
      <div class="body">
        {over && (
          <section class="panel warn-soft" aria-label={t('ui_note')}>
            <span class="warn">
              <Icon name="warn" />
            </span>
            <div class="grow stack gap8">
              <h2 class="warn">{t('banner_startedOver')}</h2>
              <p>{t('ui_network_startedOverWhat')}</p>
              <div class="row">
                <Button
                  look="small"
                  onPress={() =>
                    void ask('adoptNetwork', { network: network.id }).then(() => {
                      setState(undefined)
                      toast(t('ui_network_adopted'))
                    }, told)
                  }
                >
                  {t('ui_network_adopt')}
                </Button>
              </div>
            </div>
          </section>
        )}
        <Facts>
          <Group name={t('ui_network_node')}>
            <p class="fact">
              <b>{network.host}</b>
              {network.local && <span class="muted">{t('ui_network_local')}</span>}
            </p>
            <p class="fact slim mono note muted">{more?.node}</p>
            <p class="fact slim label muted">{t('ui_network_sees')}</p>
          </Group>
          <Group name={t('ui_network_chain')}>
            <p class="fact">{more?.chain}</p>
          </Group>
          <Group name={t('ui_network_state')}>
            <p class="fact" role="status">
              {state === undefined ? lastBlock(network) : t(state === 'asking' ? 'ui_network_asking' : STATES[state])}
            </p>
            {more?.spec !== undefined && (
              <p class="fact slim label muted">{t('ui_network_spec', { version: text(more.spec) })}</p>
            )}
          </Group>
        </Facts>
        <div class="row wrap section">
          {!selected && (
            <Button onPress={() => void ask('selectNetwork', { network: network.id }).then(() => go('/'), told)}>
              {t('ui_network_use')}
            </Button>
          )}
          <Button icon="retry" busy={state === 'asking'} onPress={() => void check()}>
            {t('ui_network_check')}
          </Button>
          <Button onPress={() => setSheet('node')}>{t('ui_network_change')}</Button>
          {more?.builtIn === false && <Button onPress={() => setSheet('name')}>{t('ui_rename')}</Button>}
        </div>
        {more?.builtIn === false && (
          <p class="section">
            <button type="button" class="plain danger" onClick={() => setSheet('remove')}>
              {t('ui_network_remove')}
            </button>
          </p>
        )}
        {sheet === 'node' && <ChangeNode network={network} onClose={() => setSheet(undefined)} />}
        {sheet === 'name' && <Rename network={network} onClose={() => setSheet(undefined)} />}
        {sheet === 'remove' && <Remove network={network} onClose={() => setSheet(undefined)} />}
      </div>
    </main>
  )
}

function ChangeNode({ network, onClose }: { readonly network: NetworkView; readonly onClose: () => void }) {
  const { ask } = useWallet()
  const [url, setUrl] = useState(network.more?.node ?? '')
  const [password, setPassword] = useState<Proof>('')
  const form = useForm()
  const save = () =>
    form.send(async () => {
      await ask('setNode', { network: network.id, url, password })
      toast(t('ui_network_changed'))
      onClose()
    }, setPassword)
  return (
    <Sheet title={t('ui_network_changeOf', { name: text(network.name) })} onClose={onClose}>
      <div class="stack gap12">
        <TextField
          label={t('ui_network_nodeAddress')}
          value={url}
          mode="mono"
          focus
          wrong={form.wrong}
          onInput={form.typed(setUrl)}
        />
        {network.more?.others?.map((other) => (
          <p key={other} class="label">
            {t('ui_network_another')}{' '}
            <button type="button" class="link mono" onClick={() => form.typed(setUrl)(other)}>
              {other}
            </button>
          </p>
        ))}
        <p class="label muted">{t('ui_network_sees')}</p>
        <p class="label">{t('ui_network_changePauses', { name: text(network.name) })}</p>
        <ProofField value={password} wrong={form.wrongPassword} onInput={form.typed(setPassword)} onEnter={save} />
        <Button look="tall main" busy={form.busy} off={password === '' || url === ''} onPress={save}>
          {t(form.busy ? 'ui_network_asking' : 'ui_network_change')}
        </Button>
      </div>
    </Sheet>
  )
}

function Rename({ network, onClose }: { readonly network: NetworkView; readonly onClose: () => void }) {
  const { ask } = useWallet()
  const [name, setName] = useState(network.name)
  const form = useForm()
  const save = () =>
    form.send(async () => {
      await ask('renameNetwork', { network: network.id, name })
      onClose()
    })
  return (
    <Sheet title={t('ui_rename')} onClose={onClose}>
      <div class="stack gap12">
        <TextField
          label={t('ui_network_name')}
          value={name}
          focus
          wrong={form.wrong}
          onInput={form.typed(setName)}
          onEnter={save}
        />
        <Button look="tall main" busy={form.busy} onPress={save}>
          {t('ui_save')}
        </Button>
      </div>
    </Sheet>
  )
}

function Remove({ network, onClose }: { readonly network: NetworkView; readonly onClose: () => void }) {
  const { ask } = useWallet()
  const form = useForm()
  return (
    <Sheet title={t('ui_network_removeOf', { name: text(network.name) })} onClose={onClose}>
      <div class="stack gap12">
        <p>{t('ui_network_removeWhat')}</p>
        {form.wrong !== undefined && (
          <p class="danger" role="alert">
            {form.wrong}
          </p>
        )}
        <Button
          look="tall risky"
          busy={form.busy}
          onPress={() =>
            form.send(async () => {
              await ask('removeNetwork', { network: network.id })
              go('/networks')
            })
          }
        >
          {t('ui_network_remove')}
        </Button>
      </div>
    </Sheet>
  )
}

/** First the node is asked who it is; what it says is read before the password. */
export function AddNetwork() {
  const { ask } = useWallet()
  const [url, setUrl] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState<Proof>('')
  const [found, setFound] = useState<Verbs['probeNode']['result']>()
  const form = useForm()
  const probe = () =>
    form.send(async () => {
      const answer = await ask('probeNode', { url })
      setFound(answer)
      if (name === '') setName(answer.host.slice(0, 30))
    })
  const add = (seen: Verbs['probeNode']['result']) =>
    form.send(async () => {
      const { network } = await ask('addNetwork', { name, url: seen.node, seen: seen.seen, password })
      toast(t('ui_network_added'))
      go(`/network/${network}`)
    }, setPassword)
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/networks')} look="back" />
        <Heading>{t('ui_network_add')}</Heading>
      </header>
      <div class="body stack gap16">
        <TextField
          label={t('ui_network_nodeAddress')}
          value={url}
          mode="mono"
          wrong={found === undefined ? form.wrong : undefined}
          hint={<p class="note muted">{t('ui_network_nodeHint')}</p>}
          onInput={(value) => {
            setFound(undefined)
            form.typed(setUrl)(value)
          }}
          onEnter={() => void probe()}
        />
        {found === undefined ? (
          <div class="row">
            <Button busy={form.busy} off={url === ''} onPress={() => void probe()}>
              {t(form.busy ? 'ui_network_asking' : 'ui_network_ask')}
            </Button>
          </div>
        ) : (
          <Found found={found} />
        )}
        {found !== undefined && found.same === undefined && (
          <>
            <TextField
              label={t('ui_network_name')}
              value={name}
              wrong={form.wrong}
              onInput={form.typed(setName)}
              onEnter={() => void add(found)}
            />
            <ProofField
              value={password}
              wrong={form.wrongPassword}
              onInput={form.typed(setPassword)}
              onEnter={() => void add(found)}
            />
            <Button
              look="tall main"
              busy={form.busy}
              off={password === '' || name === ''}
              onPress={() => void add(found)}
            >
              {t(form.busy ? 'ui_network_asking' : 'ui_network_add')}
            </Button>
          </>
        )}
        <p class="label muted">{t('ui_network_sees')}</p>
      </div>
    </main>
  )
}

function Found({ found }: { readonly found: Verbs['probeNode']['result'] }) {
  return (
    <section class="panel" aria-label={t('ui_network_says')}>
      <Icon name={found.same === undefined ? 'check' : 'info'} size={18} />
      <div class="grow stack gap4">
        <p>
          {t('ui_network_saysWhat', {
            host: text(found.host),
            chain: text(found.chain),
            version: text(found.seen.spec),
          })}
        </p>
        <p class="note muted mono">{t('ui_network_genesis', { hash: text(found.seen.genesis.hash) })}</p>
        {found.same !== undefined && (
          <p>
            {t('ui_network_isKnown', { name: text(found.same.name) })}{' '}
            <a class="link" href={`#/network/${found.same.id satisfies NetworkId}`}>
              {t('ui_network_open', { name: text(found.same.name) })}
            </a>
          </p>
        )}
      </div>
    </section>
  )
}

/** What is under way and what was wrong with it; a wrong password stands at its own field. */
export function useForm() {
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState<string>()
  const [wrongPassword, setWrongPassword] = useState<string>()
  const send = async (act: () => Promise<void>, clearPassword?: (value: '') => void): Promise<void> => {
    if (busy) return
    setBusy(true)
    setWrong(undefined)
    setWrongPassword(undefined)
    try {
      await act()
    } catch (error) {
      const { code, line } = wentWrong(error)
      if (code === 'wrongPassword' || code === 'wrongPasskey' || code === 'wait') setWrongPassword(said(line))
      else setWrong(said(line))
    } finally {
      clearPassword?.('')
      setBusy(false)
    }
  }
  const typed =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      set(value)
      setWrong(undefined)
      setWrongPassword(undefined)
    }
  return { busy, wrong, wrongPassword, send, typed }
}
