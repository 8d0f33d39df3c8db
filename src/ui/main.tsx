import { effect } from '@preact/signals'
import { render } from 'preact'
import { App, type Surface } from './app.tsx'
import { openWallet, screenPort, startClock, WalletContext } from './client.ts'

const surface: Surface = location.hash.startsWith('#/approval')
  ? 'window'
  : chrome.extension.getViews({ type: 'popup' }).includes(window)
    ? 'popup'
    : 'tab'
document.documentElement.dataset.surface = surface

// Kept beside the real setting so that the first paint has the right colours; it is only a colour.
const THEME = 'theme'
const dark = matchMedia('(prefers-color-scheme: dark)')
dark.addEventListener('change', showTheme)
showTheme()

const wallet = openWallet(screenPort)
startClock()
effect(() => {
  const theme = wallet.view.value?.theme
  if (theme === undefined) return
  localStorage.setItem(THEME, theme)
  showTheme()
})

const root = document.getElementById('app')
if (root === null) throw new Error('index.html without #app')
render(
  <WalletContext.Provider value={wallet}>
    <App surface={surface} />
  </WalletContext.Provider>,
  root,
)

function showTheme(): void {
  const chosen = localStorage.getItem(THEME)
  document.documentElement.dataset.theme =
    chosen === 'light' || chosen === 'dark' ? chosen : dark.matches ? 'dark' : 'light'
}
