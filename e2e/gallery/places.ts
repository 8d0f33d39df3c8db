/** Canned Views of networks, sites, contacts and settings. */
import { address, felt, type Hash32 } from '../../src/core/felt.ts'
import type {
  AddNetworkView,
  ConnectedSiteView,
  NetworkView,
  SwitchView,
  View,
  WatchTokenView,
} from '../../src/core/protocol/ui.ts'
import { DAY } from '../../src/core/time.ts'
import { inner, line, place, text } from '../../src/core/words.ts'
import type { Shown } from './views.ts'

const digest = `0x${'5e'.repeat(32)}` as Hash32
const LONG_HOST = 'a-rather-long-host-name-for-a-node.of-a-company-with-a-name.example'

/** What the pages of this subject show beside the wallet that all canned Views share. */
export function placesOf(plain: View, site: View['sites']): Pick<View, 'networks' | 'sites' | 'quiet' | 'contacts'> {
  const [play] = site ?? []
  if (play === undefined) throw new Error('a site')
  const own = plain.accounts[0]
  if (own === undefined) throw new Error('an account')
  return {
    networks: [
      network('sepolia', 'Sepolia', 'rpc.starknet-testnet.example', {
        node: 'https://rpc.starknet-testnet.example/v0_10',
        chain: 'SN_SEPOLIA',
        lastBlockAt: plain.now - 14,
      }),
      network('mainnet', 'Mainnet', 'rpc.starknet.example', {
        node: 'https://rpc.starknet.example/v0_10',
        chain: 'SN_MAIN',
        lastBlockAt: plain.now - 7_200,
        others: ['https://rpc.starknet.lava.build/'],
      }),
      network('devnet', 'Devnet', '127.0.0.1:5050', { node: 'http://127.0.0.1:5050/rpc', chain: 'SN_SEPOLIA' }),
      network('added:7f', 'Staging of the team', LONG_HOST, {
        node: `https://${LONG_HOST}/rpc/v0_10?key=0123456789abcdef`,
        chain: 'STAGING_2',
        builtIn: false,
        chosen: true,
        spec: '0.10.2',
        lastBlockAt: plain.now - 65,
      }),
    ],
    sites: [
      play,
      {
        ...play,
        host: 'a-market.with-a-long-name.example',
        origin: 'https://a-market.with-a-long-name.example',
        tint: 0,
        initial: 'A',
        network: 'mainnet',
        lastUsedAt: plain.now - 9_000,
        quietUntil: plain.now + 2_400,
      },
    ],
    quiet: [
      {
        ...play,
        host: 'pushy.example',
        origin: 'https://pushy.example',
        tint: 4,
        initial: 'P',
        quietUntil: plain.now + 3_300,
      },
    ],
    contacts: [
      { address: address('0x4a1b2c3d2c3d2c3d2c3d2c3d2c3d2c3d2c3d2c3d2c3d2c3d2c3d2c3d5e6f70a'), name: 'Ana' },
      {
        address: address('0x1c37a529be04f186d2ac95e7b3380f1d46aa2c97751e08b3fd0629c4e15a09e'),
        name: 'Bernardo of the long family name',
      },
    ],
  }
}

export const connected = (
  site: View['approvals'][number]['site'],
  view: Pick<View, 'accounts' | 'now'>,
): ConnectedSiteView => ({
  ...site,
  account: view.accounts[0]?.address ?? address('0x1'),
  network: 'sepolia',
  since: view.now - 13 * DAY,
  lastUsedAt: view.now - 130,
})

export function placesScreens(
  base: View,
  asks: (...approvals: View['approvals']) => Shown,
): Readonly<Record<string, Shown>> {
  const tab = (path: string, view: View = base): Shown => ({ surface: 'tab', path, view })
  const [first] = base.sites ?? []
  const [own] = base.accounts
  if (first === undefined || own === undefined) throw new Error('a site and an account')
  const asked = {
    rev: 1,
    digest,
    site: first,
    openedAt: base.now,
    lapsesAt: base.now + 300,
    account: { address: own.address, name: own.name },
    details: [{ label: line('fact_digest'), value: digest, mono: true }],
  }
  const switching: SwitchView = {
    ...asked,
    kind: 'switch',
    id: 'w1',
    network: 'mainnet',
    sentence: line('switch_sentence', { host: text(first.host), network: text('Mainnet') }),
    from: 'Sepolia',
    to: 'Mainnet',
    choices: base.accounts,
    lines: [line('switch_onlyIt', { host: text(first.host) }), line('switch_sessions')],
  }
  const adding: AddNetworkView = {
    ...asked,
    kind: 'network',
    id: 'n1',
    network: 'sepolia',
    stepUp: true,
    sentence: line('addNetwork_sentence', { host: text(first.host) }),
    name: 'Game chain',
    chain: 'GAME_CHAIN',
    chainId: felt('0x47414d455f434841494e'),
    node: `https://${LONG_HOST}/rpc/v0_10`,
    host: LONG_HOST,
    local: false,
    lines: [line('ui_network_sees'), line('addNetwork_stays', { host: text(first.host) })],
  }
  const watching: WatchTokenView = {
    ...asked,
    kind: 'token',
    id: 't1',
    network: 'sepolia',
    sentence: line('watchToken_sentence', { host: text(first.host) }),
    token: address('0x3f1a7c25b4d98e60a2c3d4e5f60718293a4b5c6d7e8f9012345678abcdef01'),
    name: { symbol: 'GOLD', decimals: 18 },
    called: 'Gold of the game',
    risks: [{ level: 'note', line: line('token_chain') }],
    ticks: [],
    lines: [line('watchToken_only')],
  }
  const alike: WatchTokenView = {
    ...watching,
    id: 't2',
    name: { symbol: 'USDC', decimals: 6 },
    called: 'USD Coin, the one and only, backed by nothing but its own name',
    risks: [
      {
        level: 'danger',
        line: line('token_lookAlike', { symbol: text('USDC') }),
        detail: line('token_lookAlikeDetail', {
          address: place(address('0x0512feac6339ff7889822cb5aa2a86c848e9d392bb0e3e237c008674feed8343')),
        }),
      },
      { level: 'note', line: line('token_chain') },
    ],
    ticks: [line('ui_tokens_compare')],
  }
  const { sites: _sites, quiet: _quiet, contacts: _contacts, ...bare } = base
  const { strip: _strip, ...still } = base
  const over: View = {
    ...still,
    sessions: base.sessions.map((it) =>
      it.group === 'ended'
        ? it
        : {
            ...it,
            status: 'paused',
            group: 'needsYou',
            cause: line('reason_paused', { cause: inner(line('reason_pauseChainRestarted')) }),
            todo: { line: line('todo_pauseChainRestarted') },
            canResume: false,
            worst: line('policy_leftNothing'),
          },
    ),
    banner: { kind: 'startedOver', line: line('banner_startedOver') },
  }
  return {
    switch: asks(switching),
    'network-request': asks(adding),
    'token-request': asks(watching),
    'token-request-alike': asks(alike),
    networks: tab('/networks'),
    'network-built-in': tab('/network/mainnet'),
    'network-added': tab('/network/added:7f'),
    'network-over': tab('/network/sepolia', over),
    'network-gone': tab('/network/added:00'),
    'network-add': tab('/network-add'),
    'home-over': { surface: 'popup', path: '/', view: over },
    sites: tab('/sites'),
    'sites-none': tab('/sites', { ...bare, sites: [], quiet: [] }),
    site: tab(`/site/${encodeURIComponent(first.origin)}`),
    'site-quiet': tab(`/site/${encodeURIComponent('https://a-market.with-a-long-name.example')}`),
    'site-unknown': tab('/site/none'),
    contacts: tab('/contacts'),
    'contacts-none': tab('/contacts', { ...bare, contacts: [] }),
    'settings-off': {
      ...tab('/settings', {
        ...still,
        sessions: base.sessions.filter(({ group }) => group === 'ended'),
        sessionSettings: { on: false, runWhileLocked: false, life: 604_800, idlePause: 86_400, limitsFrom: 80 },
        showHashes: true,
      }),
      at: 'ui_sessions',
    },
  }
}

function network(
  id: NetworkView['id'],
  name: string,
  host: string,
  more: Partial<NonNullable<NetworkView['more']>> & { readonly node: string; readonly chain: string },
): NetworkView {
  return {
    id,
    name,
    host,
    test: id !== 'mainnet',
    local: host.startsWith('127.'),
    more: { builtIn: true, chosen: false, ...more },
  }
}
