import { useEffect, useRef, useState } from 'preact/hooks'
import type { Address } from '../../core/felt.ts'
import { padded } from '../../core/felt.ts'
import type { BalanceView, RecipientView, View } from '../../core/protocol/ui.ts'
import { amount as amountArg, count, type Line, line, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, IconButton } from '../parts/controls.tsx'
import { Risks } from '../parts/facts.tsx'
import { sentenceOf } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { FullAddress } from '../parts/text.tsx'
import { go } from '../route.ts'
import { exactly, fieldText, said, t, typedAmount } from '../words.ts'

const CHECK_AFTER = 300
/** No address is longer: nothing is asked of the worker for a book that somebody pasted. */
const LONGEST = 2_000

/** To, token, amount; then the review, which is a question like a site's. */
export function Send({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const account = view.account ?? view.accounts[0]
  const balances = account?.balances ?? []
  const [to, setTo] = useState('')
  const [chosen, setChosen] = useState<Address>()
  const [typed, setTyped] = useState('')
  const [note, setNote] = useState<Line>()
  const [busy, setBusy] = useState<'max' | 'open'>()
  const [failure, setFailure] = useState<string>()
  const found = useRecipient(to)
  const token = balances.find((it) => it.token === chosen) ?? balances[0]
  useDraft({ to, token: chosen, amount: typed }, (draft) => {
    setTo(draft.to)
    setChosen(draft.token)
    setTyped(draft.amount)
  })
  const value = token === undefined ? undefined : typedAmount(typed, token.name.decimals)
  const wrong = token === undefined || typed === '' ? undefined : wrongAmount(typed, value, token)
  const address = found !== undefined && 'address' in found ? found.address : undefined
  const ready = address !== undefined && value !== undefined && value > 0n && wrong === undefined

  const attempt = async (what: 'max' | 'open', act: () => Promise<void>) => {
    setBusy(what)
    setFailure(undefined)
    try {
      await act()
    } catch (error) {
      setFailure(sentenceOf(error))
    } finally {
      setBusy(undefined)
    }
  }
  const max = () =>
    attempt('max', async () => {
      if (token === undefined || address === undefined) return
      const most = await ask('sendMax', { to, token: token.token })
      setTyped(fieldText(most.amount, token.name.decimals))
      setNote(line('ui_send_maxLeaves', { fee: { kind: 'line', line: most.fee } }))
    })
  const review = () =>
    attempt('open', async () => {
      if (token === undefined || value === undefined) return
      await ask('startSend', { to, token: token.token, amount: value.toString() as BalanceView['amount'] })
      await ask('keepDraft', { draft: null }).catch(() => undefined)
      toast(t('ui_send_asked'))
      go('/')
    })

  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/')} look="back" />
        <Heading>{t('ui_send_title')}</Heading>
      </header>
      <div class="body">
        <div class="stack gap16">
          <To to={to} found={found} view={view} sender={account?.address} onTo={setTo} />
          <div class="stack gap4">
            <label class="label muted" for="send-token">
              {t('ui_send_token')}
            </label>
            <div class="field">
              <select
                id="send-token"
                value={token?.token}
                onChange={(event) => {
                  setChosen(event.currentTarget.value as Address) // One of the options below.
                  setNote(undefined)
                }}
              >
                {balances.map(({ token, name, amount }) => (
                  <option key={token} value={token}>
                    {exactly(amount, name)}
                  </option>
                ))}
              </select>
            </div>
          </div>
          <div class="stack gap4">
            <label class="label muted" for="send-amount">
              {t('ui_send_amount')}
            </label>
            <div class="row gap8">
              <div class={`field grow ${wrong === undefined ? '' : 'wrong'}`}>
                <input
                  id="send-amount"
                  type="text"
                  inputMode="decimal"
                  autocomplete="off"
                  value={typed}
                  maxLength={200}
                  aria-invalid={wrong === undefined ? undefined : 'true'}
                  aria-describedby="send-amount-note"
                  onInput={(event) => {
                    setTyped(event.currentTarget.value)
                    setNote(undefined)
                  }}
                />
                <span class="suffix">{token?.name.symbol}</span>
              </div>
              <Button
                busy={busy === 'max'}
                off={address === undefined || token === undefined}
                onPress={() => void max()}
              >
                {t('ui_send_max')}
              </Button>
            </div>
            <p id="send-amount-note" class={`label ${wrong === undefined ? 'muted' : 'danger'}`} role="status">
              {wrong !== undefined
                ? said(wrong)
                : busy === 'max'
                  ? t('ui_send_maxing')
                  : note !== undefined
                    ? said(note)
                    : token !== undefined && t('ui_send_have', { amount: amountArg(token.amount, token.name) })}
            </p>
          </div>
          {failure !== undefined && (
            <p class="label danger" role="alert">
              {failure}
            </p>
          )}
        </div>
        <div class="push">
          <Button look="main tall wide" off={!ready} busy={busy === 'open'} onPress={() => void review()}>
            {busy === 'open' ? t('ui_send_opening') : t('ui_send_review')}
          </Button>
        </div>
      </div>
    </main>
  )
}

function To({
  to,
  found,
  view,
  sender,
  onTo,
}: {
  readonly to: string
  readonly found: RecipientView | undefined
  readonly view: View
  readonly sender: Address | undefined
  readonly onTo: (to: string) => void
}) {
  const others = view.accounts.filter(({ address }) => address !== sender)
  const refused = found !== undefined && 'refused' in found && to.trim() !== '' ? said(found.refused) : undefined
  return (
    <div class="stack gap8">
      <div class="stack gap4">
        <label class="label muted" for="send-to">
          {t('ui_send_to')}
        </label>
        <div class={`field tall ${refused === undefined ? '' : 'wrong'}`}>
          <textarea
            id="send-to"
            rows={2}
            class="mono"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            placeholder={t('ui_send_toHint')}
            value={to}
            aria-invalid={refused === undefined ? undefined : 'true'}
            aria-describedby="send-to-note"
            onInput={(event) => onTo(event.currentTarget.value.slice(0, LONGEST))}
          />
        </div>
        <p id="send-to-note" class={`label ${refused === undefined ? 'muted' : 'danger'}`} role="status">
          {refused ?? (found !== undefined && 'address' in found && found.label !== undefined ? said(found.label) : '')}
        </p>
      </div>
      {found !== undefined && 'address' in found && (
        <>
          {found.risks.length > 0 && <FullAddress address={found.address} />}
          <Risks risks={found.risks} />
        </>
      )}
      {to === '' && others.length > 0 && (
        <section aria-label={t('ui_send_accounts')}>
          <h2 class="quiet-title">{t('ui_send_accounts')}</h2>
          <div class="row wrap gap8">
            {others.map(({ address, name }) => (
              <Button key={address} look="small" onPress={() => onTo(padded(address))}>
                {name}
              </Button>
            ))}
          </div>
        </section>
      )}
    </div>
  )
}

/** Asked of the worker a moment after the last sign; an answer to what is no longer typed is dropped. */
function useRecipient(to: string): RecipientView | undefined {
  const { ask } = useWallet()
  const [found, setFound] = useState<{ readonly of: string; readonly view: RecipientView }>()
  useEffect(() => {
    let current = true
    const timer = setTimeout(() => {
      ask('checkRecipient', { to }).then(
        (view) => current && setFound({ of: to, view }),
        () => undefined,
      )
    }, CHECK_AFTER)
    return () => {
      current = false
      clearTimeout(timer)
    }
  }, [to])
  return found?.of === to ? found.view : undefined
}

interface Draft {
  readonly to: string
  readonly token: Address | undefined
  readonly amount: string
}
/** The popup closes when it loses the focus: what was typed is there again, for five minutes. */
function useDraft(now: Draft, restore: (draft: Draft) => void): void {
  const { ask } = useWallet()
  const loaded = useRef(false)
  useEffect(() => {
    ask('sendDraft', null).then(
      (answer) => {
        const draft = answer?.draft
        if (draft != null) restore({ to: draft.to, token: draft.token, amount: draft.amount })
        loaded.current = true
      },
      () => undefined,
    )
  }, [])
  useEffect(() => {
    if (!loaded.current) return
    const { to, token, amount } = now
    const draft = { to, amount, ...(token === undefined ? {} : { token }) }
    ask('keepDraft', { draft }).catch(() => undefined)
  }, [now.to, now.token, now.amount])
}

function wrongAmount(typed: string, value: bigint | undefined, { name, amount }: BalanceView): Line | undefined {
  if (value === undefined)
    // With as many digits as any token has it would be a number: then it is this token's digits that are too few.
    return typedAmount(typed, 1_000) === undefined
      ? line('ui_send_unreadable')
      : line('ui_send_digits_other', { token: text(name.symbol), n: count(name.decimals) })
  if (value === 0n) return line('ui_send_zero')
  return value > BigInt(amount) ? line('ui_send_tooMuch') : undefined
}
