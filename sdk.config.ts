import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const at = (entry: string) => fileURLToPath(new URL(`src/sdk/${entry}.ts`, import.meta.url))

/** What dApps import: one module for each entry point of seeds.md 7.1, without the wallet's own code around it. */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: 'dist/sdk',
    target: 'es2022',
    lib: { entry: { index: at('index'), accounts: at('accounts'), agent: at('agent') }, formats: ['es'] },
    // A peer: who uses accounts.js or agent.js has it, and index.js does not need it.
    rolldownOptions: { external: ['starknet'] },
  },
})
