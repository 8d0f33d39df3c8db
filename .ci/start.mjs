// `npm start`: from a fresh clone to a browser window with the wallet and the playground, on a chain of its own.
import { at, bin, readEnvironment, run } from './steps.mjs'

const windows = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY
if (!windows) {
  console.error(
    'start: there is no display here: start it where a window can open, or under Xvfb (apt-get install xvfb, then xvfb-run npm start).',
  )
  process.exit(3)
}

const setup = await run('bash', [at('.ci/setup.sh')])
if (setup.code !== 0) process.exit(setup.code)
readEnvironment()
const build = await run(bin('vite'), ['build', '--logLevel', 'warn'])
if (build.code !== 0) process.exit(build.code)

try {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(at('e2e/start.ts'), { configFile: false })
  await module.start()
} catch (error) {
  console.error(`start: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
