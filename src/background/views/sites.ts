import type { Origin } from '../../core/policy/policy.ts'
import type { ConnectedSiteView, QuietSiteView, SiteView } from '../../core/protocol/ui.ts'
import type { GrantRecord } from '../../core/records.ts'
import type { UnixSeconds } from '../../core/time.ts'

/** Last used first. */
export function connectedSites(
  grants: readonly GrantRecord[],
  quiet: readonly { readonly origin: Origin; readonly until: UnixSeconds }[],
  site: (origin: Origin) => SiteView,
): readonly ConnectedSiteView[] {
  return [...grants]
    .sort((a, b) => b.lastUsedAt - a.lastUsedAt)
    .map(({ origin, account, network, at, lastUsedAt }) => {
      const silenced = quiet.find((it) => it.origin === origin)
      return {
        ...site(origin),
        account,
        network,
        since: at,
        lastUsedAt,
        ...(silenced === undefined ? {} : { quietUntil: silenced.until }),
      }
    })
}

/** Silenced without ever having been connected, or after it was disconnected. */
export function quietSites(
  grants: readonly GrantRecord[],
  quiet: readonly { readonly origin: Origin; readonly until: UnixSeconds }[],
  site: (origin: Origin) => SiteView,
): readonly QuietSiteView[] {
  return quiet
    .filter(({ origin }) => !grants.some((it) => it.origin === origin))
    .map(({ origin, until }) => ({ ...site(origin), quietUntil: until }))
}
