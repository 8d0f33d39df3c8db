import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
export const PLAYGROUND = at('../dist/playground')

const PAGES = ['index.html', 'trade.html', 'tip.html', 'subscription.html', 'items.html', 'for-dapps.html']

/** The playground as static files, built like any site: nothing of the extension's own build takes part. */
export async function buildPlayground(): Promise<void> {
  await build({
    root: at('./playground'),
    configFile: false,
    base: './',
    logLevel: 'error',
    build: {
      outDir: PLAYGROUND,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: false,
      rolldownOptions: { input: PAGES.map((page) => at(`./playground/${page}`)) },
    },
  })
}

export interface Served {
  readonly port: number
  stop(): Promise<void>
}

/** Serves a folder on 127.0.0.1; `localhost` and `127.0.0.1` are two origins of the same pages. */
export async function serve(folder: string, port = 0): Promise<Served> {
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    readFile(join(folder, path.endsWith('/') ? `${path}index.html` : path)).then(
      (body) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/html' }).end(body),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('the server has no port')
  return {
    port: address.port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
}
