import type { ApprovalView } from '../../../core/protocol/ui.ts'

/** What an edit of a question asks of the worker; it answers with the revision that it made, where it made one. */
export type Act = (approval: ApprovalView) => Promise<{ readonly rev: number } | null>
