/** Errors are facts with a `kind` (architecture.md 11): whether `error` is one of that kind. */
export function isKind(error: unknown, kind: string): boolean {
  return error instanceof Error && 'kind' in error && error.kind === kind
}
