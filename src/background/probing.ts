import type { SeenNode } from '../core/records.ts'
import { probe } from '../platform/node.ts'

export interface ProbingNeeds {
  readonly post: Parameters<typeof probe>[0]['post']
  /** The origins that may be asked who they are, and no others of this kind. */
  readonly allow: (origins: readonly string[]) => void
  readonly wait?: (ms: number) => Promise<void>
}

/** Asks a node who it is before it is one of the wallet's: only then, and only so long, may it be reached. */
export function createProbing({ post, allow, wait }: ProbingNeeds): (url: string) => Promise<SeenNode> {
  /** Two may be asked at once, also twice the same. */
  const asked: string[] = []
  return async (url) => {
    const { origin } = new URL(url)
    asked.push(origin)
    allow(asked)
    try {
      return await probe(wait === undefined ? { url, post } : { url, post, wait })
    } finally {
      asked.splice(asked.indexOf(origin), 1)
      allow(asked)
    }
  }
}
