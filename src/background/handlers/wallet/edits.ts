import { parseU256 } from '../../../core/felt.ts'
import { boolean, exact, integer, optional, record, scalar } from '../../../core/schema.ts'
import { MAX_LIFE, parseTime } from '../../../core/time.ts'

/** `Edits` of core/protocol/ui.ts as a screen sends them. */
export const edits = exact({
  validUntil: optional(scalar(parseTime, 'unix seconds')),
  duration: optional(integer(0, MAX_LIFE)),
  rules: optional(record(boolean(), 200)),
  limits: optional(record(scalar(parseU256, 'an amount'), 200)),
  runWhileLocked: optional(boolean()),
  part: optional(integer(0, 4)),
  on: optional(boolean()),
  again: optional(boolean()),
  clear: optional(boolean()),
})
