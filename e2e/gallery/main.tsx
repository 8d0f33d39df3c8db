/** Draws one screen from a canned View: `?screen=session&theme=dark`. Without `screen`: the list of all. */
import { signal } from '@preact/signals'
import { render } from 'preact'
import type { Verb, Verbs, View } from '../../src/core/protocol/ui.ts'
import { line } from '../../src/core/words.ts'
import { App } from '../../src/ui/app.tsx'
import { type Wallet, WalletContext } from '../../src/ui/client.ts'
import { clock } from '../../src/ui/words.ts'
import { Parts } from './parts.tsx'
import { base, NOW, shown } from './views.ts'

const query = new URLSearchParams(location.search)
const name = query.get('screen') ?? ''
const theme = query.get('theme')
document.documentElement.dataset.theme = theme === 'dark' ? 'dark' : 'light'
clock.value = NOW

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
      <WalletContext.Provider value={cannedWallet(picture.view)}>
        <App surface={picture.surface} />
      </WalletContext.Provider>
    ),
    root,
  )
}

/** Answers like a worker whose state never changes, and keeps what it was asked for the tests. */
function cannedWallet(view: View | undefined): Wallet {
  const asked: { readonly verb: Verb; readonly params: unknown }[] = []
  Object.assign(window, { asked })
  const answers: Partial<{ [V in Verb]: Verbs[V]['result'] }> = {
    newPhrase: { words: 'legal winner thank year wave sausage worth useful legal winner thank yellow'.split(' ') },
    revealPhrase: { words: 'legal winner thank year wave sausage worth useful legal winner thank yellow'.split(' ') },
    checkPhrase: { ok: true, address: base.accounts[0]!.address },
    stopAll: { stopped: ['s1', 's2'] },
  }
  const ask: Wallet['ask'] = async (verb, params) => {
    asked.push({ verb, params })
    if (verb === 'unlock') throw { code: 'wrongPassword', line: line('ui_fault_title') }
    // Only the verbs above answer with more than null.
    return (answers[verb] ?? null) as Verbs[typeof verb]['result']
  }
  return {
    view: signal(view),
    line: signal(view === undefined ? 'lost' : 'open'),
    failure: signal(undefined),
    ask,
    retry: () => undefined,
  }
}
