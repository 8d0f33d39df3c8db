import { signal } from '@preact/signals'

/** Which screen, in the address after #: nothing secret, and Back works. */
export const path = signal(read())
let walked = false
window.addEventListener('hashchange', () => {
  walked = true
  path.value = read()
})

export function go(to: string): void {
  location.hash = to
}

/**
 * Where the person came from; to `otherwise` where this page has shown nothing before. It takes the place of the address,
 * so that the browser's own Back does not lead here again.
 */
export function back(otherwise: string): void {
  if (walked) {
    history.back()
    return
  }
  history.replaceState(null, '', `#${otherwise}`)
  path.value = otherwise
}

function read(): string {
  return location.hash.slice(1) || '/'
}
