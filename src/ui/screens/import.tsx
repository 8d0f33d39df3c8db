import { useEffect, useState } from 'preact/hooks'
import type { ImportChoice, ImportSource, Proof, View } from '../../core/protocol/ui.ts'
import type { NetworkId, PhraseScheme } from '../../core/records.ts'
import { count } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton, PasswordField, Picker } from '../parts/controls.tsx'
import { sentenceOf, wentWrong } from '../parts/fault.tsx'
import { FindAccounts } from '../parts/find-accounts.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { ProofField } from '../parts/proof.tsx'
import { Start } from '../parts/start.tsx'
import { WordFields } from '../parts/word-fields.tsx'
import { go } from '../route.ts'
import { plural, t } from '../words.ts'
import { PasswordStep } from './create.tsx'
import { Done } from './done.tsx'

type Step = 'phrase' | 'accounts' | 'password' | 'done'
const PROGRESS: Readonly<Record<Step, number>> = { phrase: 0.25, accounts: 0.5, password: 0.75, done: 1 }
const SCHEMES = [
  { value: 'ready', key: 'ui_find_ready' },
  { value: 'standard', key: 'ui_find_standard' },
] as const

/** What lies here cannot be read, and the wallet is made again in its place: no network of it is known. */
const UNREAD: View = {
  rev: 0,
  now: 0,
  lock: 'new',
  theme: 'system',
  backupChecked: false,
  network: 'sepolia',
  networks: [],
  accounts: [],
  sessions: [],
  approvals: [],
  waiting: [],
  activity: [],
}

/** A wallet that begins with a phrase of Latchkey, Ready, Argent X or another one: its addresses are seen before it is stored. */
export function Import({
  onBack,
  onDone,
  replaces = false,
}: {
  readonly onBack: () => void
  readonly onDone: () => void
  /** In the place of the wallet that is here. */
  readonly replaces?: boolean
}) {
  const { ask, view } = useWallet()
  const [step, setStep] = useState<Step>('phrase')
  const phrase = usePhrase()
  const [scheme, setScheme] = useState<PhraseScheme>('ready')
  const [chosen, setChosen] = useState<readonly ImportChoice[]>([])
  const [password, setPassword] = useState('')
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)

  const create = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      const accounts = chosen.map((it) => ({ ...it, scheme }))
      await ask('create', {
        password,
        phrase: phrase.text,
        backupChecked: true,
        accounts,
        ...(replaces ? { replaces } : {}),
      })
      setPassword('')
      phrase.forget()
      setStep('done')
    } catch (error) {
      setFailure(sentenceOf(error))
      if (wentWrong(error).code === 'badPhrase') setStep('phrase')
    } finally {
      setBusy(false)
    }
  }
  return (
    <Start foot={t(step === 'phrase' ? 'ui_phrase_foot' : 'ui_welcome_foot')} progress={PROGRESS[step]}>
      {step === 'phrase' && (
        <div class="stack gap24">
          <div class="stack gap8">
            <Heading look="title">{t('ui_import_title')}</Heading>
            <p class="lead">{t('ui_import_what')}</p>
          </div>
          <PhraseFields phrase={phrase} failure={failure} />
          <div class="row between">
            <Button look="tall" onPress={onBack}>
              {t('ui_back')}
            </Button>
            <Button look="tall main" off={!phrase.isGood} onPress={() => setStep('accounts')}>
              {t('ui_goOn')}
            </Button>
          </div>
        </div>
      )}
      {step === 'accounts' && (
        <div class="stack gap24">
          <div class="stack gap8">
            <Heading look="title">{t('ui_find_title')}</Heading>
            <p class="lead">{t('ui_find_what')}</p>
          </div>
          <PhraseAccounts
            view={view.value ?? UNREAD}
            phrase={phrase.text}
            scheme={scheme}
            onScheme={setScheme}
            onChange={setChosen}
          />
          <div class="row between">
            <Button look="tall" onPress={() => setStep('phrase')}>
              {t('ui_back')}
            </Button>
            <Button look="tall main" off={chosen.length === 0} onPress={() => setStep('password')}>
              {t('ui_goOn')}
            </Button>
          </div>
        </div>
      )}
      {step === 'password' && (
        <PasswordStep
          password={password}
          failure={failure}
          busy={busy}
          onInput={(value) => {
            setPassword(value)
            setFailure(undefined)
          }}
          onBack={() => setStep('accounts')}
          onNext={() => void create()}
        />
      )}
      {step === 'done' && <Done onDone={onDone} />}
    </Start>
  )
}

type Way = 'phrase' | 'own' | 'key' | 'address'
const WAYS = [
  { value: 'key', key: 'ui_bring_key' },
  { value: 'phrase', key: 'ui_bring_phrase' },
  { value: 'own', key: 'ui_bring_own' },
  { value: 'address', key: 'ui_bring_address' },
] as const

/** Accounts that come into a wallet that is there. */
export function Bring({ view }: { readonly view: View }) {
  const [way, setWay] = useState<Way>('key')
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/accounts')} look="back" />
        <Heading>{t('ui_bring_title')}</Heading>
      </header>
      <div class="body stack gap16">
        <span>
          <Picker
            name={t('ui_bring_how')}
            options={WAYS.map(({ value, key }) => ({ value, label: t(key) }))}
            chosen={way}
            onChoose={setWay}
          />
        </span>
        {way === 'key' && <BringKey view={view} />}
        {way === 'phrase' && <BringPhrase view={view} />}
        {way === 'own' && <BringOwn view={view} />}
        {way === 'address' && <BringAddress view={view} />}
      </div>
    </main>
  )
}

function BringPhrase({ view }: { readonly view: View }) {
  const phrase = usePhrase()
  const [scheme, setScheme] = useState<PhraseScheme>('ready')
  const [chosen, setChosen] = useState<readonly ImportChoice[]>([])
  const [seen, setSeen] = useState(false)
  return seen ? (
    <>
      <p class="label muted">{t('ui_bring_phraseKeeps')}</p>
      <PhraseAccounts view={view} phrase={phrase.text} scheme={scheme} onScheme={setScheme} onChange={setChosen} />
      <Add source={{ from: 'phrase', phrase: phrase.text, scheme }} chosen={chosen} />
    </>
  ) : (
    <>
      <p class="label muted">{t('ui_bring_phraseKeeps')}</p>
      <PhraseFields phrase={phrase} failure={undefined} />
      <Button look="tall main" off={!phrase.isGood} onPress={() => setSeen(true)}>
        {t('ui_bring_show')}
      </Button>
    </>
  )
}

/** More accounts of the wallet's own phrase: it is opened with the password for as long as the page is. */
function BringOwn({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [password, setPassword] = useState<Proof>('')
  const [wrong, setWrong] = useState<string>()
  const [scheme, setScheme] = useState<PhraseScheme>('ready')
  const [chosen, setChosen] = useState<readonly ImportChoice[]>([])
  const [seen, setSeen] = useState(false)
  const [busy, setBusy] = useState(false)
  const source = { from: 'own', password, scheme } as const
  const open = async () => {
    setBusy(true)
    try {
      await ask('importKeys', { source })
      setSeen(true)
    } catch (error) {
      setWrong(sentenceOf(error))
      setPassword('')
    } finally {
      setBusy(false)
    }
  }
  if (seen)
    return (
      <>
        <Scheme scheme={scheme} onScheme={setScheme} />
        <FindAccounts key={scheme} source={source} view={view} onChange={setChosen} />
        <Add source={source} chosen={chosen} />
      </>
    )
  return (
    <>
      <p class="label muted">{t('ui_bring_ownWhat')}</p>
      <ProofField
        value={password}
        wrong={wrong}
        onInput={(value) => {
          setPassword(value)
          setWrong(undefined)
        }}
        onEnter={() => void open()}
      />
      <Button look="tall main" busy={busy} off={password === ''} onPress={() => void open()}>
        {t('ui_bring_show')}
      </Button>
    </>
  )
}

function BringKey({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [key, setKey] = useState('')
  const [wrong, setWrong] = useState<string>()
  const [publicKey, setPublicKey] = useState<string>()
  const [chosen, setChosen] = useState<readonly ImportChoice[]>([])
  const source = { from: 'key', key } as const
  const show = async () => {
    setWrong(undefined)
    try {
      const { keys } = await ask('importKeys', { source })
      setPublicKey(keys[0]?.publicKey)
    } catch (error) {
      setWrong(sentenceOf(error))
    }
  }
  return (
    <>
      <p class="label muted">{t('ui_bring_keyKeeps')}</p>
      <PasswordField
        label={t('ui_bring_keyField')}
        value={key}
        secret
        wrong={wrong}
        onInput={(value) => {
          setKey(value)
          setWrong(undefined)
          setPublicKey(undefined)
          setChosen([])
        }}
        onEnter={() => void show()}
      />
      {publicKey === undefined ? (
        <Button look="tall main" off={key === ''} onPress={() => void show()}>
          {t('ui_bring_show')}
        </Button>
      ) : (
        <>
          <div class="stack gap4">
            <span class="label muted">{t('ui_bring_publicKey')}</span>
            <span class="mono break">{publicKey}</span>
          </div>
          <FindAccounts key={publicKey} source={source} view={view} onChange={setChosen} />
          <Add source={source} chosen={chosen} />
          <section class="section stack gap8">
            <h2>{t('ui_bring_elsewhere')}</h2>
            <p class="label muted">{t('ui_bring_elsewhereWhat')}</p>
            <AtAddress view={view} name={t('ui_bring_checkAdd')} act={(at) => ask('importAt', { source, ...at })} />
          </section>
        </>
      )}
    </>
  )
}

function BringAddress({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [as, setAs] = useState<'watch' | 'own'>('watch')
  const [password, setPassword] = useState<Proof>('')
  return (
    <>
      <span>
        <Picker
          name={t('ui_bring_as')}
          options={[
            { value: 'watch', label: t('ui_bring_watch') },
            { value: 'own', label: t('ui_bring_mine') },
          ]}
          chosen={as}
          onChoose={setAs}
        />
      </span>
      <p class="label muted">{t(as === 'watch' ? 'ui_bring_watchWhat' : 'ui_bring_mineWhat')}</p>
      {as === 'own' && <ProofField value={password} onInput={setPassword} />}
      <AtAddress
        key={as}
        view={view}
        anywhere={as === 'watch'}
        name={t(as === 'watch' ? 'ui_bring_watchAdd' : 'ui_bring_checkAdd')}
        off={as === 'own' && password === ''}
        act={({ network, address }) =>
          as === 'watch'
            ? ask('watchAddress', { address })
            : ask('importOwnAt', { password, network, address }).finally(() => setPassword(''))
        }
      />
    </>
  )
}

/** An address by hand, and the network whose node is asked about it. */
function AtAddress({
  view,
  name,
  act,
  anywhere = false,
  off = false,
}: {
  readonly view: View
  readonly name: string
  readonly act: (at: { readonly network: NetworkId; readonly address: string }) => Promise<unknown>
  /** Nobody is asked. */
  readonly anywhere?: boolean
  readonly off?: boolean
}) {
  const [address, setAddress] = useState('')
  const [network, setNetwork] = useState<NetworkId>(view.network)
  const [wrong, setWrong] = useState<string>()
  const [busy, setBusy] = useState(false)
  const add = async () => {
    if (busy || off || address.trim() === '') return
    setBusy(true)
    setWrong(undefined)
    try {
      await act({ network, address })
      toast(plural('ui_bring_added_other', 1))
      go('/accounts')
    } catch (error) {
      setWrong(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <div class="stack gap8">
      {!anywhere && (
        <span>
          <Picker
            name={t('ui_find_network')}
            options={view.networks.map(({ id, name }) => ({ value: id, label: name }))}
            chosen={network}
            onChoose={setNetwork}
          />
        </span>
      )}
      <div class={`field ${wrong === undefined ? '' : 'wrong'}`}>
        <input
          value={address}
          placeholder={t('ui_bring_addressField')}
          aria-label={t('ui_bring_addressField')}
          aria-invalid={wrong === undefined ? undefined : 'true'}
          maxLength={200}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => {
            setAddress(event.currentTarget.value)
            setWrong(undefined)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.repeat) void add()
          }}
        />
      </div>
      {wrong !== undefined && (
        <p class="label danger break" role="alert">
          {wrong}
        </p>
      )}
      <Button look="tall main" busy={busy} off={off || address.trim() === ''} onPress={() => void add()}>
        {name}
      </Button>
    </div>
  )
}

function Add({ source, chosen }: { readonly source: ImportSource; readonly chosen: readonly ImportChoice[] }) {
  const { ask, view } = useWallet()
  const [failure, setFailure] = useState<string>()
  const [busy, setBusy] = useState(false)
  const add = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      const { added } = await ask('importAccounts', {
        source,
        accounts: chosen,
        ...(view.value === undefined ? {} : { network: view.value.network }),
      })
      toast(plural('ui_bring_added_other', added.length))
      go('/accounts')
    } catch (error) {
      setFailure(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <div class="stack gap8">
      {failure !== undefined && (
        <p class="label danger" role="alert">
          {failure}
        </p>
      )}
      <Button look="tall main" busy={busy} off={chosen.length === 0} onPress={() => void add()}>
        {plural('ui_bring_add_other', chosen.length)}
      </Button>
    </div>
  )
}

function PhraseAccounts({
  view,
  phrase,
  scheme,
  onScheme,
  onChange,
}: {
  readonly view: View
  readonly phrase: string
  readonly scheme: PhraseScheme
  readonly onScheme: (scheme: PhraseScheme) => void
  readonly onChange: (chosen: readonly ImportChoice[]) => void
}) {
  return (
    <>
      <Scheme scheme={scheme} onScheme={onScheme} />
      <FindAccounts key={scheme} source={{ from: 'phrase', phrase, scheme }} view={view} onChange={onChange} />
    </>
  )
}

function Scheme({
  scheme,
  onScheme,
}: {
  readonly scheme: PhraseScheme
  readonly onScheme: (scheme: PhraseScheme) => void
}) {
  return (
    <section class="stack gap8">
      <span>
        <Picker
          name={t('ui_find_scheme')}
          options={SCHEMES.map(({ value, key }) => ({ value, label: t(key) }))}
          chosen={scheme}
          onChoose={onScheme}
        />
      </span>
      <p class="label muted">{t('ui_find_schemeHint')}</p>
    </section>
  )
}

interface PhraseState {
  readonly words: readonly string[]
  readonly text: string
  /** Absent while it is not complete, or being checked. */
  readonly checked: { readonly ok: true } | { readonly ok: false; readonly word?: number } | undefined
  readonly isGood: boolean
  readonly failure: string | undefined
  readonly set: (words: readonly string[]) => void
  readonly forget: () => void
}

/** Words as they are typed, with the word list and the checksum looked at live. */
function usePhrase(): PhraseState {
  const { ask } = useWallet()
  const [words, setWords] = useState<readonly string[]>(Array.from({ length: 12 }, () => ''))
  const [checked, setChecked] = useState<PhraseState['checked']>()
  const [failure, setFailure] = useState<string>()
  const phrase = words.map((word) => word.trim().toLowerCase()).join(' ')
  const full = words.length > 0 && words.every((word) => word.trim() !== '')
  useEffect(() => {
    let stale = false
    setChecked(undefined)
    setFailure(undefined)
    if (!full) return
    const soon = setTimeout(() => {
      ask('checkPhrase', { phrase }).then(
        (answer) => !stale && setChecked(answer),
        (error) => !stale && setFailure(sentenceOf(error)),
      )
    }, 150)
    return () => {
      stale = true
      clearTimeout(soon)
    }
  }, [phrase, full])
  const isGood = checked?.ok === true
  return { words, text: phrase, checked, isGood, failure, set: setWords, forget: () => setWords([]) }
}

function PhraseFields({ phrase, failure }: { readonly phrase: PhraseState; readonly failure: string | undefined }) {
  const { words, checked, set } = phrase
  const said = phrase.failure ?? failure
  return (
    <>
      <WordFields words={words} wrong={checked?.ok === false ? checked.word : undefined} onChange={set} />
      <div role="status">
        {said !== undefined ? (
          <p class="danger">{said}</p>
        ) : checked === undefined ? (
          <p class="label muted">{t('ui_import_hint')}</p>
        ) : checked.ok ? (
          <p class="label muted">{t('ui_import_good')}</p>
        ) : (
          <p class="danger">
            {checked.word === undefined
              ? t('ui_import_wrongSum')
              : t('ui_import_wrongWord', { position: count(checked.word + 1) })}
          </p>
        )}
      </div>
    </>
  )
}
