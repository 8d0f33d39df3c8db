import { computed, effect } from '@preact/signals'
import { render } from 'preact'
import { App, readAhead, type Surface } from './app.tsx'
import { openWallet, screenPort, startClock, WalletContext } from './client.ts'
import { languageOf, speak } from './words.ts'

const surface: Surface = location.hash.startsWith('#/approval')
  ? 'window'
  : chrome.extension.getViews({ type: 'popup' }).includes(window)
    ? 'popup'
    : 'tab'
document.documentElement.dataset.surface = surface

// Kept beside the real settings so that the first paint has the right colours and words; they are no more than that.
const THEME = 'theme'
const LANGUAGE = 'language'
const dark = matchMedia('(prefers-color-scheme: dark)')
dark.addEventListener('change', showTheme)
showTheme()

const wallet = openWallet(screenPort)
readAhead(surface)
startClock()
effect(() => {
  const theme = wallet.view.value?.theme
  if (theme === undefined) return
  localStorage.setItem(THEME, theme)
  showTheme()
})

const language = computed(() => {
  const view = wallet.view.value
  const chosen = view === undefined ? (localStorage.getItem(LANGUAGE) ?? undefined) : view.language
  return languageOf(chosen, navigator.languages)
})
let spoken = Promise.resolve()
effect(() => {
  // A catalogue that cannot be read leaves the sentences that there are.
  spoken = speak(language.value).catch(() => undefined)
})
effect(() => {
  const view = wallet.view.value
  if (view === undefined) return
  if (view.language === undefined) localStorage.removeItem(LANGUAGE)
  else localStorage.setItem(LANGUAGE, view.language)
})

// English is here already. In another language nothing is shown before its sentences are, so that no English flashes by.
if (language.peek().load === undefined) show()
else spoken.then(show)

function show(): void {
  const root = document.getElementById('app')
  if (root === null) throw new Error('index.html without #app')
  render(
    <WalletContext.Provider value={wallet}>
      <App surface={surface} />
    </WalletContext.Provider>,
    root,
  )
}

function showTheme(): void {
  const chosen = localStorage.getItem(THEME)
  document.documentElement.dataset.theme =
    chosen === 'light' || chosen === 'dark' ? chosen : dark.matches ? 'dark' : 'light'
}
