/** Draws one screen from a canned View: `?screen=session&theme=dark`, with `&language=es` in one that is shipped, `long` or `rtl` in one nobody speaks. Without `screen`: the list of all. */
import { signal } from '@preact/signals'
import { render } from 'preact'
import { felt } from '../../src/core/felt.ts'
import type { Verb, Verbs } from '../../src/core/protocol/ui.ts'
import { line } from '../../src/core/words.ts'
import { App } from '../../src/ui/app.tsx'
import { type Wallet, WalletContext } from '../../src/ui/client.ts'
import { clock, LANGUAGES, speak, t } from '../../src/ui/words.ts'
import { stepCost } from './life.ts'
import { Parts } from './parts.tsx'
import { longer, mirrored } from './pseudo.ts'
import { base, candidatesOf, canned, foundAt, NOW, type Shown, shown, waitingDetail } from './views.ts'

const query = new URLSearchParams(location.search)
const name = query.get('screen') ?? ''
const theme = query.get('theme')
document.documentElement.dataset.theme = theme === 'dark' ? 'dark' : 'light'
clock.value = NOW

const language = query.get('language')
const shipped = LANGUAGES.find(({ code }) => code === language)
if (shipped !== undefined) await speak(shipped)
// A test reads the same page in another language.
Object.assign(window, {
  speak: (code: string) => speak(LANGUAGES.find((it) => it.code === code) ?? { code: 'en', name: 'English' }),
})
if (language === 'long') await speak({ code: 'en', name: 'longer', load: async () => longer() })
// Hebrew for the browser: its figures are ours, and it runs from right to left.
if (language === 'rtl') await speak({ code: 'he', name: 'mirrored', load: async () => mirrored() })

/** What the worker was asked, for the tests. */
const asked: { readonly verb: Verb; readonly params: unknown }[] = []
Object.assign(window, { asked })

const picture = shown[name]
const root = document.getElementById('app')
if (root === null) throw new Error('index.html without #app')
if (picture === undefined)
  render(
    <main class="page">
      <h1>Gallery</h1>
      <ul>
        {Object.keys(shown).map((screen) => (
          <li key={screen}>
            <a href={`?screen=${screen}&theme=light`}>{screen}</a> · <a href={`?screen=${screen}&theme=dark`}>dark</a>
          </li>
        ))}
      </ul>
    </main>,
    root,
  )
else {
  document.documentElement.dataset.surface = picture.surface
  if (picture.path !== undefined) history.replaceState(null, '', `#${picture.path}`)
  dispatchEvent(new HashChangeEvent('hashchange'))
  render(
    name === 'parts' ? (
      <Parts />
    ) : (
      <WalletContext.Provider value={cannedWallet(picture)}>
        <App surface={picture.surface} />
      </WalletContext.Provider>
    ),
    root,
  )
  for (const [at, key] of (picture.press ?? []).entries()) {
    if (picture.password !== undefined && at === (picture.press?.length ?? 0) - 1) await type(picture.password)
    ;(await found(t(key))).click()
    // What is pressed leads to the screen that is meant: only when that is drawn it is looked at.
    await drawn()
  }
  if (picture.at !== undefined) (await there(() => document.getElementById(picture.at ?? ''))).scrollIntoView()
  // No frame is waited for elsewhere: in some tests the page's time stands still.
  const { last } = picture
  if (last !== undefined) {
    await there(() => asked.find(({ verb }) => verb === last))
    await drawn()
  }
  document.documentElement.dataset.ready = name
}

function nextFrame(): Promise<unknown> {
  return new Promise((next) => requestAnimationFrame(next))
}

/** What was just set stands on the screen. */
async function drawn(): Promise<void> {
  await nextFrame()
  await nextFrame()
}

async function there<T>(find: () => T | null | undefined): Promise<T> {
  for (;;) {
    const it = find()
    if (it != null) return it
    await nextFrame()
  }
}

/** Screens that are read when they are first shown come a moment later. */
function found(name: string): Promise<HTMLElement> {
  return there(() => {
    const button = [...document.querySelectorAll('button')].find((it) => it.textContent === name)
    // What is off yet is on once what was typed is read.
    return button !== undefined && button.ariaDisabled !== 'true' && !button.disabled ? button : undefined
  })
}

async function type(password: string): Promise<void> {
  const field = await there(() => document.querySelector<HTMLInputElement>('input[type=password]'))
  field.value = password
  field.dispatchEvent(new InputEvent('input', { bubbles: true }))
}

/** Answers like a worker whose state changes only when a test pushes another screen's. */
function cannedWallet({ view, failure, answers: own }: Shown): Wallet {
  const answers: Partial<{ [V in Verb]: Verbs[V]['result'] }> = {
    newPhrase: { words: 'legal winner thank year wave sausage worth useful legal winner thank yellow'.split(' ') },
    revealPhrase: { words: 'legal winner thank year wave sausage worth useful legal winner thank yellow'.split(' ') },
    checkPhrase: { ok: true, address: base.accounts[0]!.address },
    exportBackup: { name: 'latchkey-backup-2025-11-26.json', text: '{}' },
    checkBackup: { at: base.now - 86_400, accounts: 2, sites: 3, sessions: 1, same: true },
    stepCost,
    checkNetwork: { state: 'answers' },
    importKeys: { keys: [0, 1, 2].map((index) => ({ index, publicKey: felt(index + 0x2b42) })) },
    stopAll: { stopped: ['s1', 's2'] },
    ...canned,
    ...own,
  }
  let heldBack = false
  const ask: Wallet['ask'] = async (verb, params) => {
    asked.push({ verb, params })
    if (verb === 'decide' && heldBack) throw { code: 'blocked', line: line('blocked_node') }
    if (verb === 'unlock') throw { code: 'wrongPassword', line: line('ui_fault_title') }
    // Of each key its own addresses.
    if (verb === 'importCandidates')
      return candidatesOf((params as Verbs['importCandidates']['params']).publicKey) as never
    if (verb === 'importLook') return foundAt((params as Verbs['importLook']['params']).addresses) as never
    // The canned ones are whole.
    if (verb === 'session')
      return current.value?.sessions.find(({ id }) => id === (params as Verbs['session']['params']).id) as never
    if (verb === 'activityDetail' && (params as Verbs['activityDetail']['params']).id === waitingDetail.row.id)
      return waitingDetail as never
    if (verb === 'activity' && (params as Verbs['activity']['params']).before !== null)
      return { rows: [], next: null, sites: [] } as never
    // Only the verbs above answer with more than null.
    return (answers[verb] ?? null) as Verbs[typeof verb]['result']
  }
  const current = signal(view)
  Object.assign(window, {
    push: (screen: string) => {
      current.value = shown[screen]?.view
    },
    holdBack: () => {
      heldBack = true
    },
  })
  return {
    view: current,
    line: signal(view === undefined ? 'lost' : 'open'),
    failure: signal(undefined),
    damage: signal(failure),
    ask,
    retry: () => undefined,
  }
}
