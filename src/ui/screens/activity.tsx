import { useEffect, useState } from 'preact/hooks'
import { padded } from '../../core/felt.ts'
import type { ActivityDetail, ActivityFilter, ActivityView, SiteView, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { ActivityRow } from '../parts/activity.tsx'
import { Button, IconButton, Picker } from '../parts/controls.tsx'
import { saveActivity } from '../parts/export-log.ts'
import { DetailFacts, Facts, Group } from '../parts/facts.tsx'
import { FaultPage, sentenceOf } from '../parts/fault.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { networkName } from '../parts/who.tsx'
import { back } from '../route.ts'
import { moment, said, t } from '../words.ts'
import { Call } from './approve/call.tsx'

const FILTERS = [
  { value: 'all', key: 'ui_activity_all' },
  { value: 'automatic', key: 'ui_activity_automatic' },
  { value: 'asked', key: 'ui_activity_asked' },
  { value: 'refused', key: 'ui_activity_refused' },
] as const satisfies readonly { readonly value: ActivityFilter; readonly key: string }[]

export function Activity({ view }: { readonly view: View }) {
  const { ask } = useWallet()
  const [filter, setFilter] = useState<ActivityFilter>('all')
  const [origin, setOrigin] = useState<string>()
  const { rows, sites, more } = useRows(view, filter, origin)
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => back('/')} look="back" />
        <Heading>{t('ui_activity_title')}</Heading>
        <span class="grow" />
        <Button look="small" onPress={() => void saveActivity(ask)}>
          <span aria-hidden="true">{t('ui_activity_export')}</span>
          <span class="unseen">{t('ui_activity_exportName')}</span>
        </Button>
      </header>
      <div class="body">
        <div class="stack gap8">
          <span>
            <Picker
              name={t('ui_activity_filter')}
              options={FILTERS.map(({ value, key }) => ({ value, label: t(key) }))}
              chosen={filter}
              onChoose={setFilter}
            />
          </span>
          {sites.length > 0 && (
            <div class="field slim">
              <select
                aria-label={t('ui_activity_site')}
                value={origin ?? ''}
                onChange={(event) =>
                  setOrigin(event.currentTarget.value === '' ? undefined : event.currentTarget.value)
                }
              >
                <option value="">{t('ui_activity_anySite')}</option>
                {sites.map((site) => (
                  <option key={site.origin} value={site.origin}>
                    {site.host}
                  </option>
                ))}
              </select>
            </div>
          )}
        </div>
        {rows !== undefined && rows.length === 0 ? (
          <p class="label muted section">
            {t(filter === 'all' && origin === undefined ? 'ui_activity_none' : 'ui_activity_noneOf')}
          </p>
        ) : (
          <ul>
            {(rows ?? []).map((row) => (
              <ActivityRow key={row.id} row={row} />
            ))}
          </ul>
        )}
        {more !== undefined && (
          <div class="row section">
            <Button onPress={more}>{t('ui_activity_more')}</Button>
          </div>
        )}
      </div>
    </main>
  )
}

interface Page {
  readonly rows: readonly ActivityView[]
  readonly next: number | null
  readonly sites: readonly SiteView[]
}
/** The first page is read again whenever something happens; older ones stay as they were read. */
function useRows(view: View, filter: ActivityFilter, origin: string | undefined) {
  const { ask } = useWallet()
  const [pages, setPages] = useState<readonly Page[]>([])
  useEffect(() => {
    let current = true
    ask('activity', { filter, origin: origin ?? null, before: null }).then(
      (first) => {
        if (current) setPages((before) => [first, ...before.slice(1)])
      },
      (error) => current && toast(sentenceOf(error)),
    )
    return () => {
      current = false
    }
  }, [view.activity, filter, origin, view.network])
  useEffect(() => setPages([]), [filter, origin, view.network])
  const last = pages.at(-1)
  const next = last?.next ?? null
  const more =
    next === null
      ? undefined
      : () =>
          void ask('activity', { filter, origin: origin ?? null, before: next }).then(
            (page) => setPages((before) => [...before, page]),
            (error) => toast(sentenceOf(error)),
          )
  const seen = new Map(pages.flatMap(({ rows }) => rows).map((row) => [row.id, row]))
  return { rows: pages.length === 0 ? undefined : [...seen.values()], sites: pages[0]?.sites ?? [], more }
}

/** What one site did and what it was refused, on the network that is looked at. */
export function SiteActivity({ view, origin }: { readonly view: View; readonly origin: string }) {
  const { rows, more } = useRows(view, 'all', origin)
  return (
    <section class="section" aria-label={t('ui_activity')}>
      <h2>{t('ui_activity')}</h2>
      {rows !== undefined && rows.length === 0 && (
        <p class="label muted">{t('ui_site_noActivity', { network: text(networkName(view, view.network)) })}</p>
      )}
      <ul>
        {(rows ?? []).map((row) => (
          <ActivityRow key={row.id} row={row} />
        ))}
      </ul>
      {more !== undefined && (
        <div class="row section">
          <Button onPress={more}>{t('ui_activity_more')}</Button>
        </div>
      )}
    </section>
  )
}

/** One row: what it did call by call, what allowed it, what it cost. */
export function ActivityPage({ view, id }: { readonly view: View; readonly id: string }) {
  const { ask } = useWallet()
  const [detail, setDetail] = useState<ActivityDetail>()
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    let current = true
    ask('activityDetail', { id }).then(
      (found) => current && setDetail(found),
      (error) => current && setFailure(sentenceOf(error)),
    )
    return () => {
      current = false
    }
  }, [id, view.activity])
  if (failure !== undefined) return <FaultPage title={failure} />
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => back('/activity')} look="back" />
        <Heading>{t('ui_detail_title')}</Heading>
      </header>
      {detail !== undefined && <Detail detail={detail} />}
    </main>
  )
}

function Detail({ detail }: { readonly detail: ActivityDetail }) {
  const { row } = detail
  const hash = row.hash
  return (
    <div class="body">
      <p class="big act">{said(row.title)}</p>
      <p class="label muted dots">
        <span>{said(row.stateLine)}</span>
        <span>{moment(row.at)}</span>
        <span>{detail.network}</span>
        {row.host !== undefined && <span>{row.host}</span>}
      </p>
      <Facts>
        {row.lines.length > 0 && (
          <Group name={t('ui_detail_state')}>
            {row.lines.map((it) => (
              <p key={said(it)} class="fact">
                {said(it)}
              </p>
            ))}
          </Group>
        )}
        {row.amount !== undefined && (
          <Group name={t('ui_detail_amount')}>
            <p class="fact num">{said(row.amount)}</p>
          </Group>
        )}
        {row.fee !== undefined && (
          <Group name={t('ui_detail_fee')}>
            <p class="fact num">{said(row.fee)}</p>
          </Group>
        )}
        {detail.allowedBy !== undefined && (
          <Group name={t('ui_detail_allowedBy')}>
            <p class="fact">
              <a class="link" href={`#/session/${detail.allowedBy.session}`}>
                {t('ui_detail_session', { host: text(detail.allowedBy.host) })}
              </a>
            </p>
            {detail.allowedBy.rules.map((it) => (
              <p key={said(it)} class="fact">
                <span class="q">{t('ui_detail_rules')}</span> {said(it)}
              </p>
            ))}
          </Group>
        )}
        {detail.counted.length + detail.meters.length > 0 && (
          <Group name={t('ui_detail_counted')}>
            {detail.meters.map((it) => (
              <p key={said(it.title)} class="fact num">
                <span class="q">{said(it.title)}</span> {said(it.line)}
              </p>
            ))}
            {detail.counted.map((it) => (
              <p key={said(it)} class="fact num">
                {said(it)}
              </p>
            ))}
          </Group>
        )}
        {detail.calls.length > 0 && (
          <Group name={t(row.state === 'refused' ? 'ui_detail_wanted' : 'ui_detail_did')}>
            {detail.calls.map((call, index) => (
              <Call key={index} call={call} />
            ))}
          </Group>
        )}
        <Group name={t('ui_details')}>
          <DetailFacts facts={detail.details} />
        </Group>
      </Facts>
      {detail.mayReplace && <Replace id={row.id} />}
      {hash !== undefined && (
        <div class="row wrap gap8">
          <Button
            look="small"
            icon="copy"
            onPress={() => void navigator.clipboard.writeText(padded(hash)).then(() => toast(t('ui_copied')))}
          >
            {t('ui_detail_copyHash')}
          </Button>
          {detail.explorer !== undefined && (
            <a class="button small" href={detail.explorer} target="_blank" rel="noreferrer">
              {t('ui_detail_explorer')}
            </a>
          )}
        </div>
      )}
    </div>
  )
}

function Replace({ id }: { readonly id: string }) {
  const { ask } = useWallet()
  const replace = (how: 'faster' | 'cancel') =>
    void ask('replaceTransaction', { id, how }).catch((error) => toast(sentenceOf(error)))
  return (
    <section class="panel section" aria-label={t('ui_detail_faster')}>
      <div class="grow stack gap8">
        <p class="label">{t('ui_detail_replaceWhat')}</p>
        <div class="row wrap gap8">
          <Button look="small" onPress={() => replace('faster')}>
            {t('ui_detail_faster')}
          </Button>
          <Button look="small" onPress={() => replace('cancel')}>
            {t('ui_detail_cancel')}
          </Button>
        </div>
      </div>
    </section>
  )
}
