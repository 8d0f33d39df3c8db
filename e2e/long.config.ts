import { defineConfig } from '@playwright/test'
import short from './playwright.config.ts'

// What takes longer than a run of CI may: npm run e2e:kill.
export default defineConfig({ ...short, testMatch: '**/*.long.ts', timeout: 1_800_000, workers: 1 })
