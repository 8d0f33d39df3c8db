/** Names of the extension's ports: a file of its own, so that each end reads nothing else with them. */
export const SITE_PORT = 'site'
export const SCREEN_PORT = 'screen'
