/**
 * An agent on a backend, for the tests: a process of its own that makes the key of a session and keeps it. It speaks to whoever
 * started it, which stands for the way between a backend and its page.
 *
 * `fork('program.mjs', ['http://127.0.0.1:5050/rpc'])`: the node that it asks and sends to; the frames are those of work.ts.
 */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

const { module } = await runnerImport(fileURLToPath(new URL('work.ts', import.meta.url)), { configFile: false })
module.work(process.argv[2])
