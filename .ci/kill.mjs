// `npm run e2e:kill`: the worker killed at every crash point and at moments by a seed, the browser killed under load. It takes
// longer than `npm test` may. Another seed: KILL_SEED=1 npm run e2e:kill
import { e2e } from './e2e.mjs'
import { bin, run } from './steps.mjs'

const { code } = await run(bin('vite'), ['build', '--logLevel', 'warn'], { env: { E2E: '1' } })
if (code !== 0) process.exit(code)
const { passed, failed } = await e2e(process.argv.slice(2), 'e2e/long.config.ts')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
