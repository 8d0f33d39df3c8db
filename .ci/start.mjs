// `npm start`: from a fresh clone to a browser window with the wallet and the playground, on a chain of its own.
// `npm start -- --headless`: the same without a window; it walks the main story by itself and leaves pictures.
import { onStage } from './stage.mjs'

const unknown = process.argv.slice(2).filter((word) => word !== '--headless')
// npm keeps the word to itself when the dashes before it are forgotten: `npm start --headless`.
const headless = process.argv.includes('--headless') || process.env.npm_config_headless === 'true'
const windows = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY

if (unknown.length > 0) {
  console.error(`start: ${unknown[0]} is not known here; there is npm start, and npm start -- --headless.`)
  process.exitCode = 2
} else if (!headless && !windows) {
  console.error(
    'start: there is no display here, so no window can open.\n' +
      'start: npm start -- --headless walks the main story by itself and leaves a picture of each screen in walk/.\n' +
      'start: To use the wallet yourself, start it where a window can open.',
  )
  process.exitCode = 3
} else {
  process.exitCode = await onStage('start', 'e2e/start.ts', ({ start, walk }) => (headless ? walk('walk/') : start()))
}
