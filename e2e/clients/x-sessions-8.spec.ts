import { test } from './client.ts'
import { sessionsOf } from './sessions.ts'

test.use({ story: 'x-sessions-8' })

sessionsOf('8.0.1', 3)
