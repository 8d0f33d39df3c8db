import type { Page } from '@playwright/test'

/**
 * Words of the wallet that go on in the next line although they fit in one: something left them too little of the page. What
 * others wrote (names, hosts, addresses) may be longer than any line, and breaks where it must.
 */
export const broken = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const place = document.querySelector('dialog:modal') ?? document.querySelector('main') ?? document.body
    const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(place.querySelector('.body') ?? place)
    const room = place.clientWidth - Number.parseFloat(paddingInlineStart) - Number.parseFloat(paddingInlineEnd)
    const range = document.createRange()
    /** Each piece of a word on a line of its own. */
    const pieces = () => [...range.getClientRects()].filter(({ width }) => width > 0)
    const isOnOneLine = (all: readonly DOMRect[]) =>
      all.every(({ top, height }) => top < (all[0]?.top ?? 0) + height / 2)
    const found: string[] = []
    const texts = document.createTreeWalker(place, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text instanceof Text; text = texts.nextNode()) {
      const around = text.parentElement
      if (around === null || around.closest('.mono, .address, .quote, .unseen, .host:not(.fact, h1, h2)') !== null)
        continue
      range.selectNodeContents(text)
      if (isOnOneLine(pieces())) continue
      // Not a part of what has no spaces: "play.g.io", "set_price". Latin: between Chinese signs a line may end.
      for (const word of text.data.matchAll(/(?<![^\s([“‘«¿¡"])\p{Script=Latin}{2,}(?![^\s)\]”’».,:;!?…"])/gu)) {
        range.setStart(text, word.index)
        range.setEnd(text, word.index + word[0].length)
        const all = pieces()
        const width = all.reduce((sum, it) => sum + it.width, 0)
        if (!isOnOneLine(all) && width <= room)
          found.push(`${word[0]} (${Math.round(width)} px) in ${around.outerHTML.slice(0, 160)}`)
      }
    }
    return found
  })
