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
showTheme(localStorage.getItem(THEME) ?? 'system')

const wallet = openWallet(screenPort)
startClock()
effect(() => {
  const theme = wallet.view.value?.theme
  if (theme === undefined) return
  localStorage.setItem(THEME, theme)
  showTheme(theme)
})

const root = document.getElementById('app')
if (root === null) throw new Error('index.html without #app')
render(
  <WalletContext.Provider value={wallet}>
    <App surface={surface} />
  </WalletContext.Provider>,
  root,
)

function showTheme(theme: string): void {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  else delete document.documentElement.dataset.theme
}
