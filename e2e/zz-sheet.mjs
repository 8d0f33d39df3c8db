import { chromium } from '@playwright/test'
const [out, ...files] = process.argv.slice(2)
import { readFileSync } from 'node:fs'
const b = await chromium.launch({ executablePath: '/usr/bin/chromium' })
const p = await b.newPage({ viewport: { width: 1360, height: 800 } })
await p.setContent(`<body style="margin:0;background:#888;display:flex;flex-wrap:wrap;gap:8px;align-items:flex-start">${files.map(f => `<img style="height:700px" src="data:image/png;base64,${readFileSync(f).toString('base64')}">`).join('')}</body>`)
await p.waitForTimeout(300)
await p.screenshot({ path: out, fullPage: true })
await b.close()
