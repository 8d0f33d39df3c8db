import { useEffect, useRef, useState } from 'preact/hooks'
import type { Edits, SessionRequestView, View } from '../../../core/protocol/ui.ts'
import { count, time } from '../../../core/words.ts'
import { useWallet } from '../../client.ts'
import { Button, Fold, Picker, Switch } from '../../parts/controls.tsx'
import { Facts, FoldedDetails, Group, Limit, Lines, Risks, Rules, useChip, Within } from '../../parts/facts.tsx'
import { announce } from '../../parts/live.tsx'
import { SessionCard } from '../../parts/session-card.tsx'
import { Steps } from '../../parts/steps.tsx'
import { Quote, Sentence } from '../../parts/text.tsx'
import { networkName, Who } from '../../parts/who.tsx'
import { moment, said, t } from '../../words.ts'
import type { Act } from './acts.ts'
import type { Named } from './approval.tsx'
import { Call } from './call.tsx'

const NAMES = {
  session: ['ui_session_title', 'ui_session_allow'],
  update: ['ui_change_title', 'ui_change_allow'],
  request: ['ui_change_title', 'ui_change_allow'],
  rotate: ['ui_rotate_title', 'ui_rotate_allow'],
  renew: ['ui_renew_title', 'ui_session_allow'],
  several: ['ui_several_title', 'ui_several_allow'],
} as const

export function sessionNamed({ parts, change, summary }: SessionRequestView): Named {
  const [title, allow] = NAMES[parts === undefined ? (change?.kind ?? 'session') : 'several']
  return { title, allow, worst: <Sentence line={summary.worst} />, end: said(summary.end) }
}

interface Props {
  readonly approval: SessionRequestView
  readonly view: View
  readonly changed: ReadonlySet<string>
  readonly onEdit: (act: Act) => void
  readonly onDraft: (open: boolean) => void
}

export function SessionRequest({ approval, view, changed, onEdit, onDraft }: Props) {
  const { ask } = useWallet()
  const asking = approval.phase === 'asking'
  const edit = (edits: Edits) => onEdit(({ id, rev }) => ask('editApproval', { id, rev, edits }))
  useReadAloud(said(approval.worst))
  const needsSteps = approval.steps.length > 1 || approval.enableFacts.length > 0
  return (
    <>
      <SessionCard
        cut={approval.cut}
        size="request"
        state={approval.phase === 'done' ? 'running' : approval.phase === 'failed' ? 'needsYou' : 'asked'}
      >
        <Who approval={approval} network={networkName(view, approval.network)} />
        <div id="sentence">
          <p class="sentence">
            <Sentence line={approval.headline} />
          </p>
          <p class={`worst big ${approval.danger ? 'danger' : ''}`}>
            <Sentence line={approval.worst} />
          </p>
        </div>
      </SessionCard>
      {needsSteps && !asking && (
        <section class="section" aria-label={t('ui_session_steps')}>
          <h2>{t('ui_session_steps')}</h2>
          <Steps steps={approval.steps} started />
        </section>
      )}
      {approval.parts === undefined ? (
        <Terms approval={approval} changed={changed} onEdit={edit} onDraft={onDraft} />
      ) : (
        approval.parts.map((part, index) => (
          <Part
            key={part.sessionId}
            part={part}
            at={index + 1}
            all={approval.parts?.length ?? 0}
            onEdit={(edits) => edit({ ...edits, part: index })}
            onDraft={onDraft}
          />
        ))
      )}
      <Facts>
        {needsSteps && asking && (
          <Group name={t('ui_session_first')}>
            <div id="first">
              <Steps steps={approval.steps} started={false} />
            </div>
            {approval.enableFacts.length > 0 && (
              <ol class="numbered">
                {approval.enableFacts.map((fact) => (
                  <li key={said(fact)}>{said(fact)}</li>
                ))}
              </ol>
            )}
          </Group>
        )}
        {(approval.connects !== undefined || approval.sends !== undefined) && (
          <Group name={t('ui_session_connects')}>
            <Lines lines={[approval.connects, approval.sends].flatMap((it) => (it === undefined ? [] : [said(it)]))} />
          </Group>
        )}
        {approval.parts === undefined && <Quotes quotes={approval.quotes} />}
        <FoldedDetails hint={t('ui_session_detailsHint')} facts={approval.details} />
      </Facts>
    </>
  )
}

interface TermsProps {
  readonly approval: SessionRequestView
  readonly changed: ReadonlySet<string>
  readonly onEdit: (edits: Edits) => void
  readonly onDraft: (open: boolean) => void
}

/** What one session may do, and what the person may take away from it. */
function Terms({ approval, changed, onEdit, onDraft }: TermsProps) {
  const asking = approval.phase === 'asking'
  const open = asking && approval.change?.kind !== 'rotate'
  return (
    <>
      <Change change={approval.change} open={asking} onEdit={onEdit} />
      <Risks risks={approval.risks} {...(asking ? { onClear: (clear) => onEdit({ clear }) } : {})} />
      <Facts>
        <Ends approval={approval} onEdit={onEdit} editable={open} />
        {approval.can.length > 0 && (
          <Group name={t('ui_can')}>
            <Rules
              rules={sorted(approval)}
              changed={changed}
              tags={approval.change?.rules}
              {...(open ? { onSwitch: (id, on) => onEdit({ rules: { [id]: on } }) } : {})}
            />
          </Group>
        )}
        {approval.limits.length > 0 && (
          <Group name={t('ui_limits')}>
            {approval.limits.map((limit) => (
              <Limit
                key={limit.id}
                limit={limit}
                today={approval.change?.limits[limit.id]}
                changed={changed.has(limit.id)}
                onDraft={onDraft}
                onEdit={asking && approval.adjustable ? (values) => onEdit({ limits: asLimits(values) }) : undefined}
              />
            ))}
            {open && !approval.adjustable && <p class="explain">{t('ui_session_allOrNothing')}</p>}
          </Group>
        )}
        <Group name={t('ui_cannot')}>
          <Lines lines={approval.cannot.map(said)} />
        </Group>
        <Held approval={approval} asking={asking} onEdit={onEdit} />
        {approval.batches.map(({ name, lines, calls }) => (
          <Group key={said(name)} name={said(name)}>
            {/* The lists of one question never change their order. */}
            {lines.map((it, index) => (
              <p key={index} class="fact">
                {said(it)}
              </p>
            ))}
            {calls.map((call, index) => (
              <Call key={index} call={call} />
            ))}
          </Group>
        ))}
      </Facts>
    </>
  )
}

/** One of several sessions, with its own end, worst case and switch. */
function Part({
  part,
  at,
  all,
  onEdit,
  onDraft,
}: Omit<TermsProps, 'approval' | 'changed'> & {
  readonly part: NonNullable<SessionRequestView['parts']>[number]
  readonly at: number
  readonly all: number
}) {
  const name = t('ui_several_on', { at: count(at), n: count(all) })
  return (
    <section class="part section" aria-label={name}>
      <div class="row">
        <h2 class="grow">{t('ui_several_at', { at: count(at), n: count(all) })}</h2>
        <Switch name={name} on={!part.off} locked={part.phase !== 'asking'} onChange={(on) => onEdit({ on })} />
      </div>
      {part.off ? (
        <p class="muted">{t('ui_several_off')}</p>
      ) : (
        <Within.Provider value={name}>
          <p class="sentence">
            <Sentence line={part.headline} />
          </p>
          <p class={`strong ${part.danger ? 'danger' : ''}`}>
            <Sentence line={part.worst} />
          </p>
          <Terms approval={part} changed={NONE} onEdit={onEdit} onDraft={onDraft} />
          <Facts>
            <Quotes quotes={part.quotes} />
          </Facts>
        </Within.Provider>
      )}
    </section>
  )
}
const NONE: ReadonlySet<string> = new Set()

function Quotes({ quotes }: Pick<SessionRequestView, 'quotes'>) {
  if (quotes.length === 0) return null
  return (
    <Group name={t('ui_siteSays')}>
      {quotes.map((quote) => (
        <p key={quote} class="fact">
          <Quote text={quote} />
        </p>
      ))}
    </Group>
  )
}

/** What becomes of the session that is there: read before anything else. */
function Change({
  change,
  open,
  onEdit,
}: Pick<TermsProps, 'onEdit'> & { readonly change: SessionRequestView['change']; readonly open: boolean }) {
  if (change === undefined) return null
  const [first, ...rest] = change.lines
  return (
    <section class="section change" aria-label={t('ui_change')}>
      {first !== undefined && <p class="strong">{said(first)}</p>}
      <Lines lines={[...change.gone, ...rest].map(said)} />
      {change.again !== undefined && (
        <div class="fact">
          <span class="grow">{said(change.again.line)}</span>
          <Switch
            name={said(change.again.line)}
            on={change.again.on}
            locked={!open}
            onChange={(again) => onEdit({ again })}
          />
        </div>
      )}
    </section>
  )
}

/** What is new stands first. */
function sorted({ can, change }: SessionRequestView): SessionRequestView['can'] {
  const isNew = ({ id }: { readonly id: string }) => change?.rules[id] === 'new'
  return [...can.filter(isNew), ...can.filter((rule) => !isNew(rule))]
}

/** Digits from `typedAmount`; the worker reads them again. */
const asLimits = (values: Readonly<Record<string, string>>) => values as NonNullable<Edits['limits']>

const BY_DATE = -1

function Ends({
  approval,
  editable,
  onEdit,
}: {
  readonly approval: SessionRequestView
  readonly editable: boolean
  readonly onEdit: (edits: Edits) => void
}) {
  const { ends } = approval
  const [byDate, setByDate] = useState(false)
  const { chip, explanation } = useChip(ends.by, t('ui_ends'))
  const chosen = byDate ? BY_DATE : (ends.options.find((option) => option.chosen)?.seconds ?? BY_DATE)
  return (
    <Group name={t('ui_ends')}>
      <div class="fact">
        <span class="grow">
          {editable ? (
            <Picker
              name={t('ui_ends')}
              options={[
                ...ends.options.map((option) => ({ value: option.seconds, label: said(option.label) })),
                { value: BY_DATE, label: t('ui_ends_date') },
              ]}
              chosen={chosen}
              onChoose={(seconds) => {
                setByDate(seconds === BY_DATE)
                if (seconds !== BY_DATE) onEdit({ duration: seconds })
              }}
            />
          ) : (
            moment(ends.chosen)
          )}
        </span>
        {chip}
      </div>
      {explanation}
      {editable && chosen === BY_DATE && (
        <EndDate min={ends.min} max={ends.max} chosen={ends.chosen} onSet={(validUntil) => onEdit({ validUntil })} />
      )}
    </Group>
  )
}

/** A day and a time of the person's own zone. */
export function EndDate({
  min,
  max,
  chosen,
  onSet,
}: {
  readonly min: number
  readonly max: number
  readonly chosen: number
  readonly onSet: (at: number) => void
}) {
  const [typed, setTyped] = useState(localText(chosen))
  const at = Math.floor(new Date(typed).getTime() / 1000)
  const wrong = Number.isNaN(at)
    ? t('ui_ends_unreadable')
    : at > max
      ? t('ui_ends_tooLate', { max: time(max) })
      : at < min
        ? t('ui_ends_tooEarly', { min: time(min) })
        : undefined
  return (
    <div class="form">
      <div class="row wrap">
        <div class={`field slim grow ${wrong === undefined ? '' : 'wrong'}`}>
          <input
            type="datetime-local"
            aria-label={t('ui_ends_field')}
            aria-describedby="end wrong"
            value={typed}
            min={localText(min)}
            max={localText(max)}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        <Button look="small" off={wrong !== undefined} onPress={() => onSet(at)}>
          {t('ui_ends_set')}
        </Button>
      </div>
      <p id="end wrong" class="note danger" role="alert">
        {wrong}
      </p>
    </div>
  )
}

function localText(at: number): string {
  const it = new Date(at * 1000)
  return new Date(it.getTime() - it.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** That the site has the key, and what of it the person cannot change, is read without a press. */
const UNFOLDED: ReadonlySet<string> = new Set(['session_siteKey', 'session_agentKey', 'session_siteWrote'])

function Held({
  approval,
  asking,
  onEdit,
}: {
  readonly approval: SessionRequestView
  readonly asking: boolean
  readonly onEdit: (edits: Edits) => void
}) {
  const { held, runWhileLocked } = approval
  const open = held.filter(({ key }, index) => index === 0 || UNFOLDED.has(key))
  const rest = held.filter((it) => !open.includes(it))
  const last = open.at(-1)
  if (last === undefined) return null
  return (
    <Group name={t('ui_held')}>
      {open.slice(0, -1).map((it) => (
        <p key={said(it)} class="fact">
          {said(it)}
        </p>
      ))}
      {rest.length === 0 ? (
        <p class="fact">{said(last)}</p>
      ) : (
        <Fold head={<span class="grow">{said(last)}</span>}>
          {rest.map((it) => (
            <p key={said(it)} class="explain">
              {said(it)}
            </p>
          ))}
        </Fold>
      )}
      {runWhileLocked.offered && (
        <div class="fact">
          <span class="grow">{t('ui_runsWhileLocked')}</span>
          <Switch
            name={t('ui_runsWhileLocked')}
            on={runWhileLocked.on}
            locked={!asking}
            onChange={(on) => onEdit({ runWhileLocked: on })}
          />
        </div>
      )}
    </Group>
  )
}

/** The worst case, read whole, half a second after the last edit. */
function useReadAloud(worst: string): void {
  const first = useRef(true)
  useEffect(() => {
    if (first.current) {
      first.current = false
      return
    }
    const soon = setTimeout(() => announce(worst), 500)
    return () => clearTimeout(soon)
  }, [worst])
}
