// What `npm start` and `npm run pictures` need before they begin: a machine that is set up, and the built extension.
import { at, bin, readEnvironment, run } from './steps.mjs'

/**
 * @param {string} name of the command, for what it says
 * @param {string} script whose exports the act gets
 * @param {(exports: any) => Promise<number>} act
 * @returns {Promise<number>} the exit code
 */
export async function onStage(name, script, act) {
  const setup = await run('bash', [at('.ci/setup.sh')])
  if (setup.code !== 0) return setup.code
  readEnvironment()
  console.log(`${name}: building the extension`)
  const build = await run(bin('vite'), ['build', '--logLevel', 'warn'], { kept: true })
  if (build.code !== 0) {
    console.error(build.output)
    return build.code
  }
  try {
    const { runnerImport } = await import('vite')
    const { module } = await runnerImport(at(script), { configFile: false })
    return await act(module)
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`)
    return 1
  }
}
