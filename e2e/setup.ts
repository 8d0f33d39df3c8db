import { buildPlayground } from './pages.ts'

/** Runs once before all specs. */
// biome-ignore lint/style/noDefaultExport: Playwright asks for one.
export default async function prepare() {
  await buildPlayground()
}
