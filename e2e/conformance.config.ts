import { defineConfig } from '@playwright/test'
import shared from './playwright.config.ts'

export default defineConfig({ ...shared, testMatch: '**/*.conf.ts', workers: 1 })
