/** Sizes of a policy and of what is judged by it (policy.md 14). Beyond them a request is refused, never cut. */
export const LIMITS = {
  depth: 12,
  rules: 200,
  entrypoints: 64,
  leaves: 512,
  argNodes: 128,
  argNodesInAll: 1_024,
  shapeNodes: 256,
  inList: 64,
  denies: 64,
  /** Of tokens and collections together. */
  limits: 32,
  tokenIds: 256,
  caps: 8,
  recipients: 256,
  /** Named ones are fewer; by default it is every contract of the rules. */
  spenders: 512,
  windowSeconds: 7_776_000,
  count: 1_000_000,
  callsPerTx: 64,
  inFlight: 64,
  label: 64,
  description: 160,
  reason: 300,
  tagBytes: 31,
  calls: 64,
  felts: 5_000,
} as const
