import { useState } from 'preact/hooks'
import type { TokenView, Verbs, View } from '../../core/protocol/ui.ts'
import { amount, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton, Switch, Tick } from '../parts/controls.tsx'
import { Risks } from '../parts/facts.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { FullAddress, Glance } from '../parts/text.tsx'
import { back } from '../route.ts'
import { ago, said, t } from '../words.ts'

type Found = Extract<Verbs['lookUpToken']['result'], { readonly token: unknown }>

export function Tokens({ view }: { readonly view: View }) {
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => back('/')} look="back" />
        <Heading>{t('ui_tokens_title')}</Heading>
      </header>
      <div class="body">
        <ul>
          {(view.tokens ?? []).map((token) => (
            <TokenRow key={token.token} token={token} />
          ))}
        </ul>
        <AddToken />
      </div>
    </main>
  )
}

function TokenRow({ token }: { readonly token: TokenView }) {
  const { ask } = useWallet()
  const { symbol } = token.name
  return (
    <li class="item">
      <span class="mark" aria-hidden="true">
        {symbol.slice(0, 1)}
      </span>
      <span class="grow">
        {token.title ?? symbol}
        <span class="sub dots">
          <span>{symbol}</span>
          {token.added && <span>{t('ui_tokens_own')}</span>}
          {token.at !== undefined && <span class="num">{ago(token.at)}</span>}
        </span>
      </span>
      {token.amount !== undefined && !token.hidden && (
        <span class="right">
          <Glance amount={token.amount} token={token.name} />
        </span>
      )}
      <Switch
        name={t('ui_tokens_shown', { token: text(symbol) })}
        on={!token.hidden}
        onChange={(on) =>
          void ask('hideToken', { token: token.token, hidden: !on }).catch((error) => toast(sentenceOf(error)))
        }
      />
    </li>
  )
}

/** Symbol and decimals come from the contract, and are shown before they are believed. */
function AddToken() {
  const { ask } = useWallet()
  const [typed, setTyped] = useState('')
  const [found, setFound] = useState<Found>()
  const [refused, setRefused] = useState<string>()
  const [ticked, setTicked] = useState(false)
  const [busy, setBusy] = useState(false)
  const danger = found?.risks.some(({ level }) => level === 'danger') === true
  const attempt = async (act: () => Promise<void>) => {
    setBusy(true)
    setRefused(undefined)
    try {
      await act()
    } catch (error) {
      setRefused(sentenceOf(error))
    } finally {
      setBusy(false)
    }
  }
  const look = () =>
    attempt(async () => {
      setFound(undefined)
      setTicked(false)
      const answer = await ask('lookUpToken', { address: typed })
      if ('refused' in answer) setRefused(said(answer.refused))
      else setFound(answer)
    })
  const add = () =>
    attempt(async () => {
      if (found === undefined) return
      await ask('addToken', { token: found.token, name: found.name })
      toast(t('ui_tokens_added', { symbol: text(found.name.symbol) }))
      setFound(undefined)
      setTyped('')
    })
  return (
    <section class="section stack gap8" aria-label={t('ui_tokens_add')}>
      <h2>{t('ui_tokens_add')}</h2>
      <label class="label muted" for="token-address">
        {t('ui_tokens_address')}
      </label>
      <div class={`field tall ${refused === undefined ? '' : 'wrong'}`}>
        <textarea
          id="token-address"
          rows={2}
          class="mono"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={typed}
          aria-invalid={refused === undefined ? undefined : 'true'}
          onInput={(event) => {
            setTyped(event.currentTarget.value.slice(0, 2_000))
            setFound(undefined)
            setRefused(undefined)
          }}
        />
      </div>
      {refused !== undefined && (
        <p class="label danger" role="alert">
          {refused}
        </p>
      )}
      {found === undefined ? (
        <div class="row">
          <Button busy={busy} off={typed.trim() === ''} onPress={() => void look()}>
            {busy ? t('ui_tokens_looking') : t('ui_tokens_look')}
          </Button>
        </div>
      ) : (
        <div class="stack gap8">
          <dl class="detail-facts" aria-label={t('ui_tokens_found')}>
            <div>
              <dt class="note muted">{t('ui_tokens_symbol')}</dt>
              <dd>{found.name.symbol}</dd>
            </div>
            <div>
              <dt class="note muted">{t('ui_tokens_decimals')}</dt>
              <dd class="num">{found.name.decimals}</dd>
            </div>
            <div>
              <dt class="note muted">{t('ui_tokens_balance')}</dt>
              <dd class="num">{t('call_amount', { amount: amount(found.balance, found.name) })}</dd>
            </div>
          </dl>
          <FullAddress address={found.token} />
          <Risks risks={found.risks} />
          {danger && (
            <Tick on={ticked} onChange={setTicked}>
              {t('ui_tokens_compare')}
            </Tick>
          )}
          <div class="row">
            <Button look={danger ? 'risky' : 'main'} busy={busy} off={danger && !ticked} onPress={() => void add()}>
              {t('ui_tokens_addIt', { symbol: text(found.name.symbol) })}
            </Button>
          </div>
        </div>
      )}
    </section>
  )
}
