/**
 * One text per value: the preimage of the policy hash, of approval digests and of row MACs (policy.md 1, security.md 7.2).
 * Keys sorted by code unit, no spaces, absent members omitted, never `null`.
 *
 * @throws RangeError for what has no single spelling or would be dropped silently: `null`, `undefined` in a list, bigint,
 * fractions, numbers beyond 2^53 - 1, functions, dates, maps. Such a value is a mistake of the code, not of a site.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  // `-0` would be written "0" and read back as another value.
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value)
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`
  if (isPlain(value)) {
    const members = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
    return `{${members.join(',')}}`
  }
  throw new RangeError(`no canonical form: ${value === null ? 'null' : typeof value}`)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Rows read from IndexedDB may carry another realm's Object.prototype: its own prototype is null as well.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
