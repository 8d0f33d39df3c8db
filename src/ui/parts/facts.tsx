import { type ComponentChildren, createContext } from 'preact'
import { useContext, useState } from 'preact/hooks'
import type { EnforcedBy, FactView, LimitView, RiskView, RuleView } from '../../core/protocol/ui.ts'
import { inner, type Line, text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { fieldText, plural, said, shortAddress, t, typedAmount } from '../words.ts'
import { Button, Fold, IconButton, Switch } from './controls.tsx'
import { Icon } from './icons.tsx'
import { enforcedBy, FullAddress, ShortAddress } from './text.tsx'

export function Facts({ children }: { readonly children: ComponentChildren }) {
  return <div class="facts">{children}</div>
}

/** Of what the groups below are, where a page has several of each: their names are told apart by it. */
export const Within = createContext<string | undefined>(undefined)

/** One group of the grid: its label, then its rows. */
export function Group({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  const within = useContext(Within)
  return (
    <section aria-label={within === undefined ? name : t('ui_within', { name: text(name), of: text(within) })}>
      <h2 class="name">{name}</h2>
      <div>{children}</div>
    </section>
  )
}

/** Who holds it, in two weights that differ without colour. One press says what that means. */
export function useChip(by: EnforcedBy, what: string) {
  const [open, setOpen] = useState(false)
  return {
    chip: (
      <button
        type="button"
        class={`chip ${by === 'wallet' ? '' : 'both'}`}
        aria-expanded={open}
        aria-label={t('ui_chip', { what: text(what), by: text(enforcedBy(by)) })}
        onClick={() => setOpen(!open)}
      >
        <span>{enforcedBy(by)}</span>
      </button>
    ),
    explanation: open ? (
      <p class="explain">{t(by === 'wallet' ? 'ui_chip_wallet' : by === 'chain' ? 'ui_chip_chain' : 'ui_chip_both')}</p>
    ) : undefined,
  }
}

interface RisksProps {
  readonly risks: readonly RiskView[]
  /** Absent: nothing can be done about them here. */
  readonly onClear?: (clear: boolean) => void
}

export function Risks({ risks, onClear }: RisksProps) {
  const [all, setAll] = useState(false)
  if (risks.length === 0) return null
  const dangers = risks.filter((risk) => risk.level === 'danger')
  const others = risks.filter((risk) => risk.level !== 'danger')
  const room = Math.max(0, 3 - dangers.length)
  const shown = all || others.length <= room ? others : others.slice(0, Math.max(1, room))
  return (
    <ul class="risks" aria-label={t('ui_risks')}>
      {[...dangers, ...shown].map((risk) => (
        <Risk key={said(risk.line)} risk={risk} {...(onClear === undefined ? {} : { onClear })} />
      ))}
      {shown.length < others.length && (
        <li class="risk">
          <button type="button" onClick={() => setAll(true)}>
            <Icon name="warn" size={18} />
            <span class="grow">{plural('ui_risks_more_other', others.length - shown.length)}</span>
            <Icon name="down" size={18} />
          </button>
        </li>
      )}
    </ul>
  )
}

const LEVEL = {
  danger: { icon: 'danger', word: 'ui_danger' },
  warn: { icon: 'warn', word: 'ui_warning' },
  note: { icon: 'info', word: 'ui_note' },
} as const

function Risk({ risk, onClear }: { readonly risk: RiskView } & Pick<RisksProps, 'onClear'>) {
  const [open, setOpen] = useState(false)
  const { icon, word } = LEVEL[risk.level]
  const inside = (
    <>
      <Icon name={icon} size={18} />
      <span class="grow">
        <span class="unseen">{t(word)} </span>
        {said(risk.line)}
      </span>
      {risk.detail !== undefined && <Icon name={open ? 'down' : 'right'} size={18} />}
    </>
  )
  return (
    <li class={`risk ${risk.level}`}>
      {risk.detail === undefined ? (
        <div>
          {inside}
          {risk.clears !== undefined && onClear !== undefined && (
            <Button look="small" onPress={() => onClear(risk.clears !== true)}>
              {t(risk.clears ? 'ui_risk_leave' : 'ui_risk_clear')}
            </Button>
          )}
        </div>
      ) : (
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {inside}
        </button>
      )}
      {open && risk.detail !== undefined && <p>{said(risk.detail)}</p>}
    </li>
  )
}

interface RulesProps {
  readonly rules: readonly RuleView[]
  readonly changed?: ReadonlySet<string>
  /** By id: how it differs from the session whose place is taken. */
  readonly tags?: Readonly<Record<string, 'new' | 'more' | 'off'>> | undefined
  /** Absent where nothing can be switched any more: of a session that has ended. */
  readonly onSwitch?: (id: string, on: boolean) => void
}

/** Up to 5 rules: a row each. More: a row per contract, those that move money first; none is left out. */
export function Rules({ rules, changed, tags, onSwitch }: RulesProps) {
  const groups = byContract(rules)
  if (rules.length <= 5)
    return (
      <>
        {groups.map((group) => (
          <div key={group[0]?.contract} class={groups.length > 1 ? 'one-of-many' : undefined}>
            {groups.length > 1 ? <ContractRow rules={group} /> : <ContractHead rules={group} />}
            {group.map((rule) => (
              <RuleRow
                key={rule.id}
                rule={rule}
                tag={tags?.[rule.id]}
                changed={changed?.has(rule.id) === true}
                onSwitch={onSwitch}
              />
            ))}
          </div>
        ))}
      </>
    )
  return <ManyRules groups={groups} count={rules.length} changed={changed} tags={tags} onSwitch={onSwitch} />
}

function ManyRules({
  groups,
  count,
  changed,
  tags,
  onSwitch,
}: {
  readonly groups: readonly (readonly RuleView[])[]
  readonly count: number
  readonly changed: ReadonlySet<string> | undefined
  readonly tags: RulesProps['tags']
  readonly onSwitch: RulesProps['onSwitch']
}) {
  const [wanted, setWanted] = useState<string>()
  const movers = (group: readonly RuleView[]) => group.filter((rule) => rule.movesMoney).length
  const sorted = [...groups].sort((a, b) => Math.sign(movers(b)) - Math.sign(movers(a)))
  const found =
    wanted === undefined || wanted === ''
      ? undefined
      : groups.flat().filter((rule) => `${said(rule.line)} ${whereOf(rule)} ${rule.contract}`.includes(wanted))
  return (
    <>
      <div class="fact">
        <span class="grow">
          {t('ui_rules_count', {
            actions: text(plural('policy_actions_other', count)),
            contracts: text(plural('policy_contracts_other', groups.length)),
          })}
        </span>
        <IconButton
          icon="search"
          name={t('ui_rules_search')}
          expanded={wanted !== undefined}
          onPress={() => setWanted(wanted === undefined ? '' : undefined)}
        />
      </div>
      {wanted !== undefined && (
        <div class="field slim">
          <input
            type="search"
            value={wanted}
            aria-label={t('ui_rules_search')}
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
        </div>
      )}
      {found !== undefined
        ? found.map((rule) => (
            <RuleRow
              key={rule.id}
              rule={rule}
              tag={tags?.[rule.id]}
              changed={changed?.has(rule.id) === true}
              onSwitch={onSwitch}
              named
            />
          ))
        : sorted.map((group) => (
            <Fold
              key={group[0]?.contract}
              head={
                <>
                  <span class="grow">
                    <ContractName rules={group} />
                    {group.some((rule) => tags?.[rule.id] === 'new') && (
                      <span class="tag new">{t('ui_change_new')}</span>
                    )}
                    {movers(group) > 0 && <span class="q moves">{plural('ui_rules_move_other', movers(group))}</span>}
                  </span>
                  <span class="muted num">{group.length}</span>
                </>
              }
            >
              {group[0]?.contractName === undefined && <ContractHead rules={group} />}
              {group.map((rule) => (
                <RuleRow
                  key={rule.id}
                  rule={rule}
                  tag={tags?.[rule.id]}
                  changed={changed?.has(rule.id) === true}
                  onSwitch={onSwitch}
                />
              ))}
            </Fold>
          ))}
    </>
  )
}

function ContractName({ rules }: { readonly rules: readonly RuleView[] }) {
  const [rule] = rules
  if (rule === undefined) return null
  if (rule.contract === '*') return <span class="fact-name">{whereOf(rule)} </span>
  return (
    <>
      {rule.contractName === undefined ? (
        <span class="muted">{t('ui_unknownContract')}</span>
      ) : (
        <span class="fact-name">{rule.contractName}</span>
      )}{' '}
      <span class="q mono">{shortAddress(rule.contract)}</span>{' '}
    </>
  )
}

function ContractHead({ rules }: { readonly rules: readonly RuleView[] }) {
  const [rule] = rules
  if (rule === undefined) return null
  if (rule.contract === '*') return <p class="contract">{whereOf(rule)}</p>
  if (rule.contractName !== undefined)
    return (
      <p class="contract">
        {rule.contractName} <ShortAddress address={rule.contract} />
      </p>
    )
  const label = sharedLabel(rules)
  return (
    <div class="unlisted">
      <p class="muted">
        {label === undefined ? t('ui_unknownContract') : t('ui_unknownContract_named', { name: text(label) })}
      </p>
      <FullAddress address={rule.contract} />
    </div>
  )
}

/** One of several contracts is one line, so that all of them are in view; the digits of one without a name are a press away. */
function ContractRow({ rules }: { readonly rules: readonly RuleView[] }) {
  const [rule] = rules
  if (rule === undefined || rule.contract === '*' || rule.contractName !== undefined)
    return <ContractHead rules={rules} />
  return (
    <Fold
      head={
        <span class="grow">
          <ContractName rules={rules} />
        </span>
      }
    >
      <ContractHead rules={rules} />
    </Fold>
  )
}

/** What the site calls the contract, where it calls all its rules the same. */
function sharedLabel(rules: readonly RuleView[]): string | undefined {
  const label = rules[0]?.label
  return rules.every((rule) => rule.label === label) ? label : undefined
}

const TAG_LOOKS = { new: 'new', more: 'warn', off: '' } as const
const TAGS = { new: 'ui_change_new', more: 'ui_change_more', off: 'ui_change_off' } as const

function RuleRow({
  rule,
  changed,
  tag,
  onSwitch,
  named = false,
}: {
  readonly rule: RuleView
  readonly changed: boolean
  readonly tag?: keyof typeof TAGS | undefined
  readonly onSwitch: RulesProps['onSwitch']
  readonly named?: boolean
}) {
  const where = whereOf(rule)
  const name = t('ui_rule_on', { action: text(said(rule.line)), contract: text(where) })
  const { chip, explanation } = useChip(rule.by, name)
  return (
    <>
      <div class={`fact ${rule.enabled ? '' : 'off'} ${changed ? 'changed' : ''}`}>
        <span class="grow">
          <span class="fact-name">{said(rule.line)}</span>
          {tag !== undefined && <span class={`tag ${TAG_LOOKS[tag]}`}>{t(TAGS[tag])}</span>}
          {named && <span class="q">{where}</span>}
          {rule.required && rule.qualifiers.every((it) => it.key !== 'policy_needed') && (
            <span class="q">{t('ui_rule_required')}</span>
          )}
          {rule.qualifiers.map((qualifier) => (
            <span key={said(qualifier)} class="q">
              {said(qualifier)}
            </span>
          ))}
          {rule.used !== undefined && <span class="q">{plural('ui_rule_used_other', rule.used)}</span>}
        </span>
        {chip}
        {onSwitch !== undefined && (
          <Switch
            name={name}
            on={rule.enabled}
            locked={rule.locked || rule.required}
            onChange={(on) => onSwitch(rule.id, on)}
          />
        )}
      </div>
      {explanation}
    </>
  )
}

export function Limit({
  limit,
  today,
  changed = false,
  onEdit,
  onDraft,
}: {
  readonly limit: LimitView
  /** How it is in the session whose place is taken; `null`: there is none there. */
  readonly today?: Line | null | undefined
  readonly changed?: boolean
  /** Absent: it cannot be changed here. */
  readonly onEdit?: ((values: Readonly<Record<string, string>>) => void) | undefined
  /** True while something typed is not a number the wallet takes: nothing may be allowed meanwhile. */
  readonly onDraft?: (open: boolean) => void
}) {
  const [open, setOpen] = useState(false)
  const title = said(limit.title)
  const { chip, explanation } = useChip(limit.by, title)
  const editable = onEdit !== undefined && limit.fields.length > 0
  return (
    <>
      <div class={`fact ${changed ? 'changed' : ''}`}>
        <span class="grow">
          <span class="fact-name">{title}</span> {today === null && <span class="tag new">{t('ui_change_new')}</span>}
          {today != null && <span class="num muted">{t('ui_change_arrow', { before: inner(today) })}</span>}{' '}
          <span class="num value">{said(limit.line)}</span>
        </span>
        {chip}
        <span class="control">
          {editable && (
            <IconButton
              icon="pencil"
              name={t('ui_limit_edit', { what: text(title) })}
              expanded={open}
              onPress={() => setOpen(!open)}
              look="end"
            />
          )}
        </span>
      </div>
      {explanation}
      {open && editable && (
        <div class="form">
          {limit.fields.map((field) =>
            field.isSwitch === true ? (
              <SwitchField
                key={field.id}
                field={field}
                title={title}
                onSet={(value) => onEdit({ [field.id]: value })}
              />
            ) : (
              <CapField
                key={`${field.id} ${field.value}`}
                field={field}
                title={title}
                onDraft={onDraft}
                onSet={(value) => onEdit({ [field.id]: value })}
              />
            ),
          )}
        </div>
      )}
    </>
  )
}

function SwitchField({
  field,
  title,
  onSet,
}: {
  readonly field: LimitView['fields'][number]
  readonly title: string
  readonly onSet: (value: string) => void
}) {
  const label = said(field.label)
  return (
    <div class="fact">
      <span class="grow">{label}</span>
      <Switch
        name={t('ui_limit_field', { limit: text(title), what: text(label) })}
        on={field.value === '1'}
        locked={false}
        onChange={(on) => onSet(on ? '1' : '0')}
      />
    </div>
  )
}

/** Takes effect on Enter or when the field is left; until then, and while it cannot be read, Allow is off. */
function CapField({
  field,
  title,
  onSet,
  onDraft,
}: {
  readonly field: LimitView['fields'][number]
  readonly title: string
  readonly onSet: (value: string) => void
  readonly onDraft: ((open: boolean) => void) | undefined
}) {
  const decimals = field.token?.decimals ?? 0
  const unit = field.token?.symbol
  const [typed, setTyped] = useState(fieldText(field.value, decimals))
  const value = typedAmount(typed, decimals)
  const tooMuch = value !== undefined && field.max !== undefined && value > BigInt(field.max)
  const wrong = value === undefined ? t('ui_limit_unreadable') : tooMuch ? t('ui_limit_tooMuch') : undefined
  const label = said(field.label)
  const id = `limit ${field.id}`
  const set = () => {
    if (value === undefined || tooMuch) return
    onDraft?.(false)
    if (value.toString() !== field.value) onSet(value.toString())
  }
  return (
    <div class="stack gap4">
      <label class="label muted" for={id}>
        {label}
      </label>
      <div class={`field slim ${wrong === undefined ? '' : 'wrong'}`}>
        <input
          id={id}
          type="text"
          inputMode="decimal"
          autocomplete="off"
          aria-label={t('ui_limit_field', { limit: text(title), what: text(label) })}
          aria-invalid={wrong === undefined ? undefined : 'true'}
          aria-describedby={`${id} wrong`}
          value={typed}
          onInput={(event) => {
            setTyped(event.currentTarget.value)
            onDraft?.(true)
          }}
          onBlur={set}
          onKeyDown={(event) => {
            if (event.key === 'Enter') set()
          }}
        />
        <span class="suffix num">
          {field.max === undefined
            ? (unit ?? '')
            : unit === undefined
              ? t('ui_limit_ofCount', { max: text(fieldText(field.max, 0)) })
              : t('ui_limit_of', { max: text(fieldText(field.max, decimals)), unit: text(unit) })}
        </span>
      </div>
      <p id={`${id} wrong`} class="note danger" role="alert">
        {wrong}
      </p>
    </div>
  )
}

/** What most do not read: named, and there for who looks; open for who wants to see hashes. */
export function FoldedDetails({ hint, facts }: { readonly hint: string; readonly facts: readonly FactView[] }) {
  const { view } = useWallet()
  return (
    <Group name={t('ui_details')}>
      <Fold head={<span class="grow muted">{hint}</span>} open={view.value?.showHashes === true}>
        <DetailFacts facts={facts} />
      </Fold>
    </Group>
  )
}

export function DetailFacts({ facts }: { readonly facts: readonly FactView[] }) {
  return (
    <dl class="detail-facts">
      {facts.map((fact) => (
        <div key={said(fact.label)}>
          <dt class="note muted">{said(fact.label)}</dt>
          <dd class={fact.mono ? 'mono' : 'label'}>{fact.value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Short, for a row of many. */
function whereOf({ contract, contractName }: RuleView): string {
  if (contract === '*') return said({ key: 'policy_anyContract' })
  return contractName ?? shortAddress(contract)
}

function byContract(rules: readonly RuleView[]): readonly (readonly RuleView[])[] {
  const groups = new Map<string, RuleView[]>()
  for (const rule of rules) groups.set(rule.contract, [...(groups.get(rule.contract) ?? []), rule])
  return [...groups.values()]
}

export function Lines({ lines }: { readonly lines: readonly string[] }) {
  return (
    <ul class="lines">
      {lines.map((it) => (
        <li key={it} class="fact slim">
          {it}
        </li>
      ))}
    </ul>
  )
}
