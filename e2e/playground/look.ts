// How every page here looks: the frame, the scene above its buttons, what is left of its session, its code beside it.

const PAGES = {
  'index.html': 'Game',
  'trade.html': 'Trade',
  'tip.html': 'Tip',
  'subscription.html': 'Subscription',
  'items.html': 'Items',
}

/** What a person looks at, read from the chain. */
export interface Scene {
  /** A picture of it; drawn by the page. */
  readonly picture: Element
  readonly figures: readonly (readonly [name: string, value: string])[]
}
export interface MeterLine {
  readonly name: string
  readonly left: string
  /** 0 to 1. */
  readonly share: number
}

/** The whole page, before anything is known. */
export function shell(about: {
  readonly title: string
  readonly pitch: string
  readonly code: string
  readonly asks: string
}): void {
  const { title, pitch, code, asks } = about
  document.body.replaceChildren(
    make('header', {}, [
      make('h1', {}, 'Playground'),
      make('nav', { 'aria-label': 'Pages' }),
      make('p', { id: 'support', role: 'status' }, 'looking for Latchkey'),
    ]),
    make('main', {}, [
      make('section', { class: 'play', 'aria-labelledby': 'title' }, [
        make('div', {}, [make('h2', { id: 'title' }, title), make('p', { class: 'pitch' }, pitch)]),
        make('div', { id: 'scene', class: 'scene' }, [
          make('p', { class: 'pitch' }, 'Connect, and it is read from the chain.'),
        ]),
        make('div', { id: 'buttons' }),
        make('dl', { class: 'wallet' }, [
          make('dt', {}, 'Account'),
          make('dd', { id: 'account', class: 'mono' }, 'not connected'),
          make('dt', {}, 'Session'),
          make('dd', {}, [
            make('span', { id: 'session', 'aria-live': 'polite' }, 'none'),
            make('ul', { id: 'meters' }),
          ]),
        ]),
        make('h2', { id: 'results-title', class: 'small' }, 'Results'),
        make('ol', { id: 'results', 'aria-labelledby': 'results-title' }),
      ]),
      make('aside', { 'aria-label': 'Code' }, [
        make('h2', { class: 'small' }, 'What it asks'),
        make('pre', { id: 'asks', role: 'region', tabindex: '0', 'aria-label': 'What it asks' }, coloured(asks)),
        make('h2', { class: 'small' }, 'The code of this page'),
        make('pre', { role: 'region', tabindex: '0', 'aria-label': 'The code of this page' }, coloured(code.trimEnd())),
      ]),
    ]),
  )
}

/** The other pages, at the same addresses. */
export function links(given: string): void {
  for (const [page, name] of Object.entries(PAGES)) {
    const link = make('a', { href: `./${page}${given}` }, name)
    if (document.title.endsWith(name.toLowerCase())) link.setAttribute('aria-current', 'page')
    document.querySelector('nav')?.append(link)
  }
}

export function showScene({ picture, figures }: Scene): void {
  const facts = figures.flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, value)])
  document.getElementById('scene')?.replaceChildren(picture, make('dl', {}, facts))
}

export function showMeters(meters: readonly MeterLine[]): void {
  const lines = meters.map(({ name, left, share }) => {
    const bar = make('span', { class: 'bar', 'aria-hidden': 'true' })
    bar.style.setProperty('--share', String(share))
    return make('li', {}, [make('span', {}, name), bar, make('span', { class: 'left' }, left)])
  })
  document.getElementById('meters')?.replaceChildren(...lines)
}

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>>,
  inside: string | readonly (Element | Text)[] = [],
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  if (typeof inside === 'string') element.textContent = inside
  else element.append(...inside)
  return element
}

/** A drawing; its shapes are elements of SVG with these attributes. */
export function drawing(
  [width, height]: readonly [width: number, height: number],
  shapes: readonly (readonly [tag: string, attributes: Readonly<Record<string, string | number>>])[],
): Element {
  const SVG = 'http://www.w3.org/2000/svg'
  const picture = document.createElementNS(SVG, 'svg')
  picture.setAttribute('viewBox', `0 0 ${width} ${height}`)
  picture.setAttribute('aria-hidden', 'true')
  for (const [tag, attributes] of shapes) {
    const shape = document.createElementNS(SVG, tag)
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, String(value))
    picture.append(shape)
  }
  return picture
}

const TOKENS =
  /(?<comment>\/\/.*|\/\*[\s\S]*?\*\/)|(?<text>'[^'\n]*'|"[^"\n]*"|`[^`]*`)|(?<word>\b(?:await|async|const|return|import|from|if|throw|new|for|let)\b)/g

/** Comments, texts and words of the language apart from the rest. */
function coloured(code: string): readonly (Element | Text)[] {
  const parts: (Element | Text)[] = []
  let end = 0
  for (const { index, 0: token, groups } of code.matchAll(TOKENS)) {
    const kind = Object.entries(groups ?? {}).find(([, found]) => found !== undefined)?.[0] ?? ''
    parts.push(new Text(code.slice(end, index)), make('span', { class: kind }, token))
    end = index + token.length
  }
  return [...parts, new Text(code.slice(end))]
}
