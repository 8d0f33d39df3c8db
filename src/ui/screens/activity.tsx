import { useEffect, useRef, useState } from 'preact/hooks'
import { padded } from '../../core/felt.ts'
import type {
  ActivityDetail,
  ActivityFilter,
  ActivityPlace,
  ActivityView,
  SiteView,
  View,
} from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { useActs } from '../parts/act.ts'
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
  const { pages, sites, more } = usePages(view, filter, origin)
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
        {pages !== undefined && pages.length === 0 && (
          <p class="label muted section">
            {t(filter === 'all' && origin === undefined ? 'ui_activity_none' : 'ui_activity_noneOf')}
          </p>
        )}
        <Pages pages={pages ?? []} more={more} />
      </div>
    </main>
  )
}

interface Page {
  readonly rows: readonly ActivityView[]
  readonly next: ActivityPlace | null
}
interface Pages {
  readonly of: string
  readonly pages: readonly Page[]
  readonly sites: readonly SiteView[]
}

/** What is newer than the pages that there are is read again whenever something happens; older ones stay as they were read. */
function usePages(view: View, filter: ActivityFilter, origin: string | undefined) {
  const { ask } = useWallet()
  const of = `${view.network} ${filter} ${origin ?? ''}`
  const [found, setFound] = useState<Pages>()
  const pages = found?.of === of ? found.pages : undefined
  const known = useRef<readonly Page[] | undefined>(undefined)
  known.current = pages
  const reading = useRef<ActivityPlace | undefined>(undefined)
  const page = (before: ActivityPlace | null) => ask('activity', { filter, origin: origin ?? null, before })
  useEffect(() => {
    let current = true
    const readNew = async () => {
      const first = await page(null)
      const fresh: Page[] = [first]
      const met = known.current?.[0]?.next
      // More may have happened than one page holds: on, to where the older ones begin.
      for (let next = first.next; current && met != null && next !== null && isNewer(next, met); ) {
        const more = await page(next)
        fresh.push(more)
        next = more.next
      }
      if (!current) return
      const older = known.current?.slice(1) ?? []
      setFound({ of, pages: onceEach([...fresh, ...older]), sites: first.sites })
    }
    readNew().catch((error) => current && toast(sentenceOf(error)))
    return () => {
      current = false
    }
  }, [view.activity, of])
  const next = pages?.at(-1)?.next ?? null
  const more = () => {
    if (next === null || isSame(reading.current, next)) return
    reading.current = next
    page(next)
      .then(
        (older) =>
          setFound((now) =>
            // Meanwhile another list may be asked for.
            now?.of === of && isSame(now.pages.at(-1)?.next, next)
              ? { ...now, pages: onceEach([...now.pages, older]) }
              : now,
          ),
        (error) => toast(sentenceOf(error)),
      )
      .finally(() => {
        reading.current = undefined
      })
  }
  return {
    pages: pages?.filter(({ rows }) => rows.length > 0),
    sites: found?.sites ?? [],
    more: next === null ? undefined : more,
  }
}

const isSame = (a: ActivityPlace | null | undefined, b: ActivityPlace) => a?.at === b.at && a.id === b.id
const isNewer = (a: ActivityPlace, b: ActivityPlace) => a.at > b.at || (a.at === b.at && a.id > b.id)

/** Where pages overlap, the newer one has the row. One that loses none is the same as before, and is not drawn again. */
function onceEach(pages: readonly Page[]): readonly Page[] {
  const seen = new Set<string>()
  return pages.map((page) => {
    const rows = page.rows.filter(({ id }) => !seen.has(id))
    for (const { id } of rows) seen.add(id)
    return rows.length === page.rows.length ? page : { ...page, rows }
  })
}

/** Many rows: only pages near the person are drawn, and the next one is read before the end comes into view. */
function Pages({ pages, more }: { readonly pages: readonly Page[]; readonly more: (() => void) | undefined }) {
  const end = useRef<HTMLDivElement>(null)
  const ask = useRef(more)
  ask.current = more
  useEffect(
    () => (end.current === null ? undefined : whileNear(end.current, (near) => near && ask.current?.())),
    [pages.length, pages.at(-1)?.next?.id, more === undefined],
  )
  return (
    <>
      {pages.map((page, place) => (
        <Rows key={place} rows={page.rows} />
      ))}
      {more !== undefined && (
        <div class="row section" ref={end}>
          <Button onPress={more}>{t('ui_activity_more')}</Button>
        </div>
      )}
    </>
  )
}

/** As high as it was while it is far away, so that nothing moves; a page with the focus stays. */
function Rows({ rows }: { readonly rows: readonly ActivityView[] }) {
  const list = useRef<HTMLUListElement>(null)
  const [far, setFar] = useState<number>()
  useEffect(() => {
    const { current } = list
    if (current === null) return
    return whileNear(current, (near, height) => {
      if (near) setFar(undefined)
      else if (!current.contains(document.activeElement)) setFar((before) => before ?? height)
    })
  }, [])
  return (
    <ul ref={list} style={far === undefined ? undefined : { height: `${far}px` }}>
      {far === undefined && rows.map((row) => <ActivityRow key={row.id} row={row} />)}
    </ul>
  )
}

/** Three popups above and below what is in view. */
const NEAR = '1800px'
function whileNear(element: Element, tell: (near: boolean, height: number) => void): () => void {
  const observer = new IntersectionObserver(
    (entries) => {
      const last = entries.at(-1)
      if (last !== undefined) tell(last.isIntersecting, last.boundingClientRect.height)
    },
    { rootMargin: `${NEAR} 0px` },
  )
  observer.observe(element)
  return () => observer.disconnect()
}

/** What one site did and what it was refused, on the network that is looked at. */
export function SiteActivity({ view, origin }: { readonly view: View; readonly origin: string }) {
  const { pages, more } = usePages(view, 'all', origin)
  return (
    <section class="section" aria-label={t('ui_activity')}>
      <h2>{t('ui_activity')}</h2>
      {pages !== undefined && pages.length === 0 && (
        <p class="label muted">{t('ui_site_noActivity', { network: text(networkName(view, view.network)) })}</p>
      )}
      <Pages pages={pages ?? []} more={more} />
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
          <Group name={t('ui_detail_how')}>
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
        <div class="row wrap gap8 section">
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
  const { isDoing, run } = useActs<'faster' | 'cancel'>()
  const replace = (how: 'faster' | 'cancel') => void run(how, () => ask('replaceTransaction', { id, how }))
  return (
    <section class="panel section" aria-label={t('ui_detail_faster')}>
      <div class="grow stack gap8">
        <p class="label">{t('ui_detail_replaceWhat')}</p>
        <div class="row wrap gap8">
          <Button look="small" busy={isDoing('faster')} onPress={() => replace('faster')}>
            {t('ui_detail_faster')}
          </Button>
          <Button look="small" busy={isDoing('cancel')} onPress={() => replace('cancel')}>
            {t('ui_detail_cancel')}
          </Button>
        </div>
      </div>
    </section>
  )
}
