// `npm run conformance`: every method in every state of the wallet, good and bad, asked by a page of the built extension in a real
// browser on a real chain, against src/core/protocol/told.ts and the shapes of the specification. Prints the table.
import { e2e } from './e2e.mjs'
import { bin, run } from './steps.mjs'

const { code } = await run(bin('vite'), ['build', '--logLevel', 'warn'])
if (code !== 0) process.exit(code)
const { passed, failed } = await e2e(process.argv.slice(2), 'e2e/conformance.config.ts')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
