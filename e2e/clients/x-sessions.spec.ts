import { test } from './client.ts'
import { sessionsOf } from './sessions.ts'

test.use({ story: 'x-sessions' })

sessionsOf('9.0.4', 10)
