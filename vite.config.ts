import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crx, type ManifestV3Export } from '@crxjs/vite-plugin'
import preact from '@preact/preset-vite'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { alertWords } from './.ci/alert-words.ts'
import { buildHash } from './.ci/build-hash.ts'
import chromium from './manifest.json' with { type: 'json' }
import project from './package.json' with { type: 'json' }

const browser = process.env.BROWSER === 'firefox' ? 'firefox' : 'chrome'
const e2e = process.env.E2E === '1'
const { background, minimum_chrome_version, key, externally_connectable, ...shared } = chromium
const firefox = {
  ...shared,
  background: { scripts: [background.service_worker], type: 'module' },
  browser_specific_settings: {
    gecko: {
      id: 'wallet@latchkey.example',
      strict_min_version: '140.0',
      data_collection_permissions: { required: ['none'] },
    },
  },
}
/** The browser's page of extensions and our settings show it. */
const named = () => ({
  ...chromium,
  version_name: `${chromium.version} (${buildHash(fileURLToPath(new URL('.', import.meta.url)))})`,
})
const extension = () => crx({ browser, manifest: (browser === 'firefox' ? firefox : named()) as ManifestV3Export })

/** Screens fill placeholders by name; the lists of them are for the browser, which reads its own copy of the catalogue. */
const sentences = (): Plugin => ({
  name: 'sentences',
  enforce: 'pre',
  transform(source, id) {
    if (!/[\\/]_locales[\\/]\w+[\\/]messages\.json$/.test(id)) return null
    const catalogue: Record<string, { message: string }> = JSON.parse(source)
    const kept = Object.entries(catalogue).map(([key, { message }]) => [key, { message }])
    return { code: JSON.stringify(Object.fromEntries(kept)), map: null }
  },
})

/** What the packages inside the extension are licensed under, word by word: the settings link to it. */
const licences = (): Plugin => ({
  name: 'licences',
  apply: 'build',
  generateBundle() {
    const texts = Object.keys(project.dependencies).map((name) => {
      const folder = new URL(`./node_modules/${name}/`, import.meta.url)
      const file = readdirSync(folder).find((it) => /^licen[cs]e/i.test(it))
      if (file === undefined) throw new Error(`${name} has no licence`)
      return `${name}\n\n${readFileSync(new URL(file, folder), 'utf8').trim()}`
    })
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `${texts.join('\n\n\n')}\n` })
  },
})

export default defineConfig({
  // Vitest reads this file too; the extension plugin must not run there.
  plugins: [sentences(), preact(), licences(), process.env.VITEST ? [] : extension()],
  build: {
    outDir: browser === 'firefox' ? 'dist/firefox' : e2e ? 'dist/e2e' : 'dist/chromium',
    target: browser === 'firefox' ? 'firefox140' : 'chrome120',
    modulePreload: false,
    rolldownOptions: {
      output: {
        // A chunk shared with the screens is evaluated before the worker's own code: the guard has to come before that
        // one too, so it is a chunk of its own and the worker's first import (security.md 13.3).
        codeSplitting: {
          groups: [
            { name: 'egress', test: /src[\\/]platform[\\/]egress\.ts$/ },
            // Read beside the screens' code, not as a part of it.
            { name: 'english', test: /_locales[\\/]en[\\/]messages\.json$/ },
            { name: 'spanish', test: /_locales[\\/]es[\\/]messages\.json$/ },
            { name: 'chinese', test: /_locales[\\/]zh_CN[\\/]messages\.json$/ },
          ],
        },
      },
    },
  },
  define: {
    __E2E__: JSON.stringify(e2e),
    __ALERT_WORDS__: JSON.stringify(alertWords(fileURLToPath(new URL('.', import.meta.url)))),
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
    // Every core works: left to itself, one of two would stand idle. Files of a worker share their modules, which keep no state.
    maxWorkers: '100%',
    isolate: false,
    // For what hangs. How long a test takes is the machine's affair, and machines are shared.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
})
