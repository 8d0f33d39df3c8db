import { useEffect, useRef, useState } from 'preact/hooks'
import { padded } from '../../core/felt.ts'
import type { CandidateView, FoundView, ImportChoice, ImportedKey, ImportSource, View } from '../../core/protocol/ui.ts'
import type { NetworkId } from '../../core/records.ts'
import { count, inner, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { plural, said, shortAddress, t } from '../words.ts'
import { Button, Fold, Picker, Tick } from './controls.tsx'
import { sentenceOf } from './fault.tsx'
import { FullAddress, Glance } from './text.tsx'

const STRK = { symbol: 'STRK', decimals: 18 }
/** What a new account would be today: chosen where nothing is found. */
const TODAY = 1

interface Row extends CandidateView {
  readonly index: number
}

/**
 * Where keys may have accounts, before anything is stored: computed here, and looked for on a network when the person presses.
 * Deployed ones are chosen by themselves, else the first one.
 */
export function FindAccounts({
  source,
  view,
  onChange,
}: {
  readonly source: ImportSource
  readonly view: View
  readonly onChange: (chosen: readonly ImportChoice[]) => void
}) {
  const { ask } = useWallet()
  const [keys, setKeys] = useState<readonly ImportedKey[]>()
  const [rows, setRows] = useState<readonly Row[]>([])
  const [found, setFound] = useState<readonly FoundView[]>([])
  /** By hand, over what is chosen by itself. */
  const [ticks, setTicks] = useState<ReadonlyMap<string, boolean>>(new Map())
  const [network, setNetwork] = useState<NetworkId>(view.network)
  const [checked, setChecked] = useState<number>()
  const [looked, setLooked] = useState<NetworkId>()
  const [failure, setFailure] = useState<string>()
  const stop = useRef(false)
  const told = (error: unknown) => setFailure(sentenceOf(error))

  useEffect(() => {
    let gone = false
    const compute = async () => {
      const { keys } = await ask('importKeys', { source })
      if (gone) return
      setKeys(keys)
      for (const { index, publicKey } of keys) {
        const { rows: more } = await ask('importCandidates', { publicKey })
        if (gone) return
        setRows((before) => [...before, ...more.map((it) => ({ ...it, index }))])
      }
    }
    compute().catch((error) => !gone && told(error))
    return () => {
      gone = true
      stop.current = true
    }
  }, [])

  const deployed = found.filter((it) => it.deployed !== undefined).map((it) => it.address)
  const first = rows[TODAY]?.address
  const isChosen = ({ address }: CandidateView) =>
    ticks.get(address) ?? (deployed.length > 0 ? deployed.includes(address) : address === first)
  const chosen = rows.filter(isChosen).map(({ index, address, classHash, implementation }): ImportChoice => {
    const generation = Math.max(0, ...found.flatMap((it) => (it.address === address ? [it.generation ?? 0] : [])))
    return { index, generation, classHash, ...(implementation === undefined ? {} : { implementation }) }
  })
  const chosenKey = JSON.stringify(chosen)
  useEffect(() => onChange(chosen), [chosenKey])

  const look = async () => {
    if (keys === undefined) return
    stop.current = false
    setFailure(undefined)
    setChecked(0)
    setFound((before) => before.filter((it) => it.network !== network))
    try {
      for (const { index, publicKey } of keys) {
        const { rows: at } = await ask('importCandidates', { publicKey })
        const addresses = at.map(({ address }) => address)
        const more = await ask('importLook', { network, source, index, addresses })
        if (stop.current) break
        setFound((before) => [...before, ...more.found])
        setChecked(index + 1)
      }
      setLooked(network)
    } catch (error) {
      told(error)
    } finally {
      setChecked(undefined)
    }
  }

  const row = (it: Row) => (
    <FoundRow
      key={it.address}
      row={it}
      found={found.filter(({ address }) => address === it.address)}
      view={view}
      on={isChosen(it)}
      onChange={(on) => setTicks(new Map(ticks).set(it.address, on))}
    />
  )
  const there = rows.filter(({ address }) => found.some((it) => it.address === address))
  const looking = checked !== undefined
  const at = view.networks.find(({ id }) => id === network)
  const total = keys?.length ?? 0
  return (
    <div class="stack gap16">
      <section class="stack gap8">
        <div class="row wrap">
          <Picker
            name={t('ui_find_network')}
            options={view.networks.map(({ id, name }) => ({ value: id, label: name }))}
            chosen={network}
            onChoose={setNetwork}
          />
          {looking ? (
            <Button
              look="small"
              icon="stop"
              onPress={() => {
                stop.current = true
              }}
            >
              {t('ui_find_stop')}
            </Button>
          ) : (
            <Button look="small" icon="search" off={keys === undefined} onPress={() => void look()}>
              {t('ui_find_look')}
            </Button>
          )}
        </div>
        <p class="label muted">
          {t('ui_find_sees', { network: text(at?.name ?? network), host: text(at?.host ?? '') })}
        </p>
        <div role="status" class="label muted">
          {looking && t('ui_find_checked', { n: count(checked), of: count(total) })}
          {!looking &&
            looked !== undefined &&
            found.length === 0 &&
            t('ui_find_none', { network: text(nameOf(view, looked)) })}
          {!looking && found.length > 0 && plural('ui_find_found_other', there.length)}
        </div>
        {failure !== undefined && (
          <p class="label danger" role="alert">
            {failure}
          </p>
        )}
      </section>
      {there.length > 0 && (
        <section class="stack">
          <h2 class="quiet-title">{t('ui_find_there')}</h2>
          <ul>{there.map(row)}</ul>
        </section>
      )}
      <section class="stack">
        <h2 class="quiet-title">{t('ui_find_computed')}</h2>
        {rows.length === 0 && failure === undefined && <p class="label muted">{t('ui_find_computing')}</p>}
        {(keys ?? []).map(({ index }) => {
          const mine = rows.filter((it) => it.index === index && !there.includes(it))
          if (mine.length === 0) return null
          const taken = mine.find(isChosen)
          const today = taken ?? mine[TODAY] ?? mine[0]!
          return (
            <Fold
              key={index}
              head={
                <span class="grow">
                  {total === 1 ? t('ui_find_all') : t('ui_find_index', { n: count(index + 1) })}{' '}
                  {taken !== undefined && <span class="tag new">{t('ui_find_chosen')}</span>}
                  <span class="note muted stack">
                    {t('ui_find_like', { address: text(shortAddress(today.address)), title: inner(today.title) })}
                  </span>
                </span>
              }
            >
              <ul>{mine.map(row)}</ul>
            </Fold>
          )
        })}
      </section>
    </div>
  )
}

function FoundRow({
  row,
  found,
  view,
  on,
  onChange,
}: {
  readonly row: Row
  readonly found: readonly FoundView[]
  readonly view: View
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}) {
  return (
    <li class="found">
      <Tick on={on} onChange={onChange}>
        <span class="stack gap4">
          <span>
            {said(row.title)} <span class="unseen">{padded(row.address)}</span>
          </span>
          <span aria-hidden="true">
            <FullAddress address={row.address} />
          </span>
          {found.map((it) => (
            <span key={it.network} class="note muted">
              {it.deployed === undefined
                ? t('ui_find_moneyOnly', { network: text(nameOf(view, it.network)) })
                : t(SECOND[it.secondKey], { network: text(nameOf(view, it.network)), title: inner(it.deployed) })}{' '}
              <Glance amount={it.balance} token={STRK} />
            </span>
          ))}
        </span>
      </Tick>
    </li>
  )
}

const SECOND = { none: 'ui_find_plain', ours: 'ui_find_ours', foreign: 'ui_find_foreign' } as const

function nameOf(view: View, network: NetworkId): string {
  return view.networks.find(({ id }) => id === network)?.name ?? network
}
