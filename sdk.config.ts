import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

/** What dApps import: one module for each entry point of seeds.md 7.1, without the wallet's own code around it. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: 'dist/sdk',
    target: 'es2022',
    lib: { entry: { index: fileURLToPath(new URL('src/sdk/index.ts', import.meta.url)) }, formats: ['es'] },
  },
})
