import { signal } from '@preact/signals'

/** Which screen, in the address after #: nothing secret, and Back works. */
export const path = signal(read())
window.addEventListener('hashchange', () => {
  path.value = read()
})

export function go(to: string): void {
  location.hash = to
}

function read(): string {
  return location.hash.slice(1) || '/'
}
