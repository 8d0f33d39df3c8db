import { useEffect, useRef, useState } from 'preact/hooks'
import { plural, t } from '../words.ts'
import { Button } from './controls.tsx'

/**
 * The words are pixels: no text node, no field, no copy button, so that neither extensions nor the browser's own memory of
 * pages keep them. Hidden until asked for, and again whenever the window loses the focus.
 */
export function Phrase({ words, onSeen }: { readonly words: readonly string[]; readonly onSeen?: () => void }) {
  const [shown, setShown] = useState(false)
  const [aloud, setAloud] = useState(false)
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const hide = () => {
      setShown(false)
      setAloud(false)
    }
    window.addEventListener('blur', hide)
    document.addEventListener('visibilitychange', hide)
    return () => {
      window.removeEventListener('blur', hide)
      document.removeEventListener('visibilitychange', hide)
    }
  }, [])
  useEffect(() => {
    const element = canvas.current
    if (element === null) return
    const redraw = () => draw(element, shown ? words : words.map(() => undefined))
    redraw()
    const sizes = new ResizeObserver(redraw)
    sizes.observe(element)
    return () => sizes.disconnect()
  }, [shown, words])
  const show = () => {
    setShown(true)
    onSeen?.()
  }
  return (
    <div class="stack gap12">
      <div class="phrase">
        <canvas
          ref={canvas}
          role="img"
          aria-label={plural(shown ? 'ui_phrase_shown_other' : 'ui_phrase_hidden_other', words.length)}
        />
        {!shown && (
          <div class="cover">
            <Button icon="eye" onPress={show}>
              {t('ui_phrase_show')}
            </Button>
          </div>
        )}
      </div>
      <div class="row wrap">
        {shown && (
          <Button look="small equal" icon="eyeOff" onPress={() => setShown(false)}>
            {t('ui_phrase_hide')}
          </Button>
        )}
        <Button
          look="small equal"
          icon="sound"
          onPress={() => {
            setAloud(!aloud)
            if (!aloud) onSeen?.()
          }}
        >
          {t(aloud ? 'ui_phrase_stopReading' : 'ui_phrase_readAloud')}
        </Button>
        <span class="grow" />
        <span class="label muted">{t('ui_phrase_hidesAgain')}</span>
      </div>
      <div class="unseen" role="status" aria-live="assertive" aria-label={t('ui_phrase_aloud')}>
        {aloud && words.map((word, index) => `${index + 1} ${word}`).join(', ')}
      </div>
    </div>
  )
}

const ROW = 44
const PADDING = 10

function draw(canvas: HTMLCanvasElement, words: readonly (string | undefined)[]): void {
  const style = getComputedStyle(canvas)
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16
  const colour = (name: string) => style.getPropertyValue(name)
  const width = canvas.clientWidth
  const columns = width >= 480 * rem ? 3 : width >= 280 * rem ? 2 : 1
  const rows = Math.ceil(words.length / columns)
  const row = ROW * rem
  const height = rows * row + 2 * PADDING
  const ratio = window.devicePixelRatio
  canvas.style.height = `${height}px`
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  const brush = canvas.getContext('2d')
  if (brush === null) return
  brush.scale(ratio, ratio)
  brush.textBaseline = 'middle'
  for (const [index, word] of words.entries()) {
    const column = Math.floor(index / rows)
    const x = (width / columns) * column
    const y = PADDING + row * ((index % rows) + 0.5)
    brush.textAlign = 'right'
    brush.fillStyle = colour('--muted')
    brush.font = `400 ${13 * rem}px ${style.fontFamily}`
    brush.fillText(String(index + 1), x + 44 * rem, y + 1)
    brush.textAlign = 'left'
    if (word === undefined) {
      brush.fillStyle = colour('--track')
      brush.fillRect(x + 56 * rem, y - 4 * rem, 56 * rem, 8 * rem)
    } else {
      brush.fillStyle = colour('--text')
      brush.font = `500 ${17 * rem}px ${style.fontFamily}`
      brush.fillText(word, x + 56 * rem, y)
    }
    if (column > 0 && index % rows === 0) {
      brush.fillStyle = colour('--hairline')
      brush.fillRect(Math.round(x), PADDING, 1, rows * row)
    }
  }
}
