// `npm run fuzz:messages`: 200,000 odd messages of a hostile page through page script, bridge and the worker's router. Another
// run: MESSAGES=1000 MESSAGES_SEED=1 npm run fuzz:messages
import { bin, run } from './steps.mjs'

const { code } = await run(bin('vitest'), ['run', 'src/background/whole-way.test.ts'], {
  env: { MESSAGES: process.env.MESSAGES ?? '200000' },
})
process.exitCode = code
