import type { ComponentChildren, ComponentType } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { ApprovalView, Decision, Proof, View } from '../../../core/protocol/ui.ts'
import { count, type MessageKey } from '../../../core/words.ts'
import { useWallet } from '../../client.ts'
import { Button, IconButton, Tick } from '../../parts/controls.tsx'
import { DecisionBar } from '../../parts/decision-bar.tsx'
import { sentenceOf, wentWrong } from '../../parts/fault.tsx'
import { Icon } from '../../parts/icons.tsx'
import { toast } from '../../parts/live.tsx'
import { ProofField } from '../../parts/proof.tsx'
import { plural, said, t } from '../../words.ts'
import type { Act } from './acts.ts'

/** For a look at what happened, ms. */
export const CLOSE_AFTER = 1_500

/** Brings the steps and their facts into view; they are on the page, further down. */
const showFirst = () => document.getElementById('first')?.scrollIntoView({ block: 'center' })

/** After Allow a session's steps may still run: its page stays and tells. */
export const isAtWork = (approval: ApprovalView) => approval.kind === 'session' && approval.phase !== 'asking'

/** What a question is called, and its yes; over that yes, the worst of it and its end. */
export interface Named {
  readonly title: MessageKey
  readonly allow: MessageKey
  readonly worst: ComponentChildren
  readonly end: ComponentChildren
}

/** What is asked, whole. */
export interface BodyProps<A extends ApprovalView = ApprovalView> {
  readonly approval: A
  readonly view: View
  /** Rows that another revision than this page's own edits changed. */
  readonly changed: ReadonlySet<string>
  readonly onEdit: (act: Act) => void
  /** While something is typed nothing can be allowed. */
  readonly onDraft: (open: boolean) => void
}

export interface ApprovalProps {
  readonly approval: ApprovalView
  readonly view: View
  readonly at: number
  readonly all: number
  readonly onTurn: (step: number) => void
  readonly onPressed: (ids: readonly string[]) => void
  readonly onDecided: (ids: readonly string[]) => void
  readonly onLeave: () => void
}

/** One question: what is asked, and the bar that decides it. Neither is ever shown without the other. */
export function Approval<A extends ApprovalView>({
  approval: asked,
  Body,
  named,
  onRead,
  ...props
}: ApprovalProps & {
  readonly approval: A
  readonly Body: ComponentType<BodyProps<A>>
  readonly named: Named
  /** It is a page to read before the question, and decides nothing but to go on: what a yes takes comes with the question. */
  readonly onRead?: Act
}) {
  const approval: ApprovalView = asked
  const { view, at, all, onTurn, onPressed, onDecided, onLeave } = props
  const { ask } = useWallet()
  const [password, setPassword] = useState<Proof>('')
  const [tickedAll, setTickedAll] = useState<ReadonlySet<string>>(new Set())
  const [busy, setBusy] = useState(false)
  const [slow, setSlow] = useState(false)
  const [failure, setFailure] = useState<string>()
  const [wrong, setWrong] = useState<string>()
  const [drafts, setDrafts] = useState(0)
  const own = useOwnEdits(approval)
  const asks = onRead === undefined

  const danger =
    asks &&
    (approval.kind === 'session'
      ? approval.danger
      : 'risks' in approval && approval.risks.some(({ level }) => level === 'danger'))
  const needsPassword = asks && approval.stepUp === true
  const ticks = asks ? ticksOf(approval) : []
  const blocked = asks ? approval.blocked : undefined
  const ticked = ticks.every((it) => tickedAll.has(it))
  const stepUpMissing = !ticked || (needsPassword && password === '')
  const atWork = isAtWork(approval)

  const decide = async (decision: Decision) => {
    setBusy(true)
    setFailure(undefined)
    const patience = setTimeout(() => setSlow(true), 2_000)
    const ids = decision === 'refuseAll' ? view.approvals.map((it) => it.id) : [approval.id]
    onPressed(ids)
    try {
      await ask('decide', {
        id: approval.id,
        rev: approval.rev,
        digest: approval.digest,
        decision,
        ...(decision === 'allow' && needsPassword ? { password } : {}),
        ...(ticks.length === 0 ? {} : { ticked }),
      })
      onDecided(ids)
    } catch (error) {
      const { code } = wentWrong(error)
      if (code === 'wrongPassword' || code === 'wrongPasskey' || code === 'wait') setWrong(sentenceOf(error))
      else if (code === 'gone') onDecided([approval.id])
      // A stale question comes back as a new revision, which says itself that it changed; one that is held back says why in
      // the picture that comes: a worker that has just begun asks the node anew.
      else if (code !== 'stale' && code !== 'blocked') setFailure(sentenceOf(error))
    } finally {
      clearTimeout(patience)
      setSlow(false)
      setPassword('')
      setBusy(false)
    }
  }

  const bar = atWork ? (
    <AfterAllow approval={approval} alone={all === 1 && view.waiting.length <= 1} onLeave={onLeave} />
  ) : (
    <DecisionBar
      revision={`${approval.id} ${approval.rev} ${approval.digest}`}
      allowLabel={t(named.allow)}
      worst={named.worst}
      end={named.end}
      danger={danger}
      ready={blocked === undefined && drafts === 0 && !own.busy}
      stepUpMissing={stepUpMissing}
      stepUp={
        ticks.length > 0 || needsPassword ? (
          <>
            {ticks.map((tick) => (
              <Tick
                key={tick}
                on={tickedAll.has(tick)}
                onChange={(on) =>
                  setTickedAll(new Set(on ? [...tickedAll, tick] : [...tickedAll].filter((it) => it !== tick)))
                }
              >
                {tick}
              </Tick>
            ))}
            {needsPassword && ticked && (
              <>
                {!danger && approval.kind === 'session' && (
                  <p class="label">
                    {approval.enableFacts.length > 0 ? (
                      <>
                        {t('ui_session_whyPassword')}{' '}
                        <button type="button" class="link" onClick={showFirst}>
                          {t('ui_session_readFirst')}
                        </button>
                      </>
                    ) : (
                      t('ui_session_whyPasswordMainnet')
                    )}
                  </p>
                )}
                <ProofField
                  value={password}
                  wrong={wrong}
                  onInput={(value) => {
                    setPassword(value)
                    setWrong(undefined)
                  }}
                />
              </>
            )}
          </>
        ) : undefined
      }
      notice={
        <>
          {blocked !== undefined && <BarLine icon="warn">{said(blocked)}</BarLine>}
          {own.changed.size > 0 && <BarLine icon="info">{plural('ui_changed_other', own.changed.size)}</BarLine>}
          {slow && <BarLine icon="clock">{t('ui_reconnecting')}</BarLine>}
          {failure !== undefined && <BarLine icon="danger">{failure}</BarLine>}
        </>
      }
      waiting={all}
      lapsesAt={approval.lapsesAt}
      busy={busy}
      onKeepOpen={() => void ask('keepOpen', { id: approval.id }).catch((error) => setFailure(sentenceOf(error)))}
      onDecide={(decision) => {
        if (onRead !== undefined && decision === 'allow') own.edit(onRead)
        else void decide(decision)
      }}
    />
  )
  return (
    <main class="page approval" aria-describedby="sentence">
      <header class="top">
        <h1>{t(named.title)}</h1>
        {all > 1 && (
          <nav class="pager" aria-label={t('ui_pager')}>
            <IconButton icon="left" name={t('ui_pager_before')} off={at === 0} onPress={() => onTurn(-1)} />
            <span class="num">{t('ui_pager_at', { at: count(at + 1), n: count(all) })}</span>
            <IconButton icon="right" name={t('ui_pager_next')} off={at === all - 1} onPress={() => onTurn(1)} />
          </nav>
        )}
      </header>
      <div class="body">
        <Body
          approval={asked}
          view={view}
          changed={own.changed}
          onEdit={own.edit}
          onDraft={(open) => setDrafts(open ? 1 : 0)}
        />
      </div>
      {bar}
    </main>
  )
}

function BarLine({
  icon,
  children,
}: {
  readonly icon: 'info' | 'warn' | 'danger' | 'clock'
  readonly children: ComponentChildren
}) {
  return (
    <p class={`row notice label ${icon === 'warn' || icon === 'danger' ? icon : ''}`} role="alert">
      <Icon name={icon} />
      <span class="grow">{children}</span>
    </p>
  )
}

/** Steps run, or the session stands, or it failed and says what was done before. The window closes by itself when all is well. */
function AfterAllow({
  approval,
  alone,
  onLeave,
}: {
  readonly approval: ApprovalView
  readonly alone: boolean
  readonly onLeave: () => void
}) {
  const phase = approval.kind === 'session' ? approval.phase : 'done'
  useEffect(() => {
    if (phase !== 'done') return
    const closing = setTimeout(() => (alone ? window.close() : onLeave()), CLOSE_AFTER)
    return () => clearTimeout(closing)
  }, [phase, alone])
  const outcome = approval.kind === 'session' ? approval.outcome : undefined
  return (
    <div class="bar">
      <div class="stack gap12">
        <p class={`label ${phase === 'failed' ? 'danger' : ''}`} role={phase === 'failed' ? 'alert' : 'status'}>
          {outcome === undefined ? t(phase === 'running' ? 'ui_session_runs' : 'ui_session_allowed') : said(outcome)}
        </p>
        <Button look="tall" onPress={() => (alone ? window.close() : onLeave())}>
          {t('ui_close')}
        </Button>
      </div>
    </div>
  )
}

/** Each of them has to be ticked before Allow. */
function ticksOf(approval: ApprovalView): readonly string[] {
  if ('ticks' in approval) return approval.ticks.map(said)
  if (approval.kind !== 'session' || !approval.danger) return []
  return [approval.tick === undefined ? t('ui_session_tick') : said(approval.tick)]
}

/**
 * Edits go to the worker and come back as a new revision. What changed in a revision that this page did not ask for is
 * marked, so that nobody allows something else than they read.
 */
function useOwnEdits(approval: ApprovalView) {
  const [pending, setPending] = useState(0)
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set())
  const latest = useRef(approval)
  latest.current = approval
  const made = useRef(0)
  const queue = useRef<Promise<unknown>>(Promise.resolve())
  const seen = useRef({ rev: approval.rev, rows: rowsOf(approval), own: 0, blocked: approval.blocked !== undefined })
  const rows = useMemo(() => rowsOf(approval), [approval])
  useEffect(() => {
    const before = seen.current
    if (before.rev === approval.rev) return
    seen.current = { ...before, rev: approval.rev, rows, blocked: approval.blocked !== undefined }
    if (pending > 0 || before.own > 0) {
      seen.current.own = Math.max(0, before.own - 1)
      setChanged(new Set())
      return
    }
    // What could not be shown before is new, not changed; until it was there nothing could be allowed.
    const differs = 'balanceChanges' in approval && before.blocked ? [] : differing(before.rows, rows)
    setChanged(new Set(differs))
  }, [approval.rev])
  const edit = (act: Act) => {
    setPending((n) => n + 1)
    seen.current.own += 1
    // One after the other, each on the revision it will change.
    queue.current = queue.current
      .then(() => act({ ...latest.current, rev: Math.max(latest.current.rev, made.current) }))
      .then((answer) => {
        // Its View comes a little later than the answer.
        if (answer !== null) made.current = answer.rev
      })
      .catch((error) => toast(sentenceOf(error)))
      .finally(() => {
        setPending((n) => n - 1)
        // The revision may come a little after the answer; what comes later is not ours.
        setTimeout(() => {
          seen.current.own = 0
        }, 1_000)
      })
  }
  return { edit, busy: pending > 0, changed }
}

function differing(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): readonly string[] {
  return [...now].filter(([id, words]) => before.get(id) !== words).map(([id]) => id)
}

function rowsOf(approval: ApprovalView): ReadonlyMap<string, string> {
  const rows = new Map<string, string>()
  if (approval.kind === 'session') {
    rows.set('headline', said(approval.headline)).set('worst', said(approval.worst))
    for (const rule of approval.can)
      rows.set(rule.id, [rule.line, ...rule.qualifiers].map(said).concat(String(rule.enabled)).join(' '))
    for (const limit of approval.limits) rows.set(limit.id, said(limit.line))
  }
  if (approval.kind === 'transaction') rows.set('sentence', said(approval.sentence)).set('fee', said(approval.fee.line))
  if ('balanceChanges' in approval) {
    for (const [index, change] of approval.balanceChanges.entries()) rows.set(`change ${index}`, said(change.line))
  }
  return rows
}
