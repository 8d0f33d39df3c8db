import { useRef, useState } from 'preact/hooks'
import type { FileView } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { t } from '../words.ts'
import { Button } from './controls.tsx'

/** As large as a backup can be (background/keys/backup.ts): a larger file is not read at all. */
const MAX_FILE = 8 * 1024 * 1024

/** One file, chosen or dropped. Its text stays in this page until it is used. */
export function FileField({
  label,
  name,
  wrong,
  onFile,
}: {
  readonly label: string
  /** Of the one that was chosen. */
  readonly name: string | undefined
  readonly wrong?: string | undefined
  readonly onFile: (file: FileView | undefined) => void
}) {
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [failure, setFailure] = useState<string>()
  const take = async (files: FileList | null | undefined) => {
    setFailure(undefined)
    onFile(undefined)
    const [file] = files ?? []
    if (files === null || files === undefined || file === undefined) return
    if (files.length > 1) setFailure(t('ui_file_one'))
    else if (file.size > MAX_FILE) setFailure(t('err_backupTooLarge'))
    else {
      try {
        onFile({ name: file.name, text: await file.text() })
      } catch {
        // A folder, or a file that was taken away meanwhile.
        setFailure(t('ui_file_unread'))
      }
    }
  }
  const said = failure ?? wrong
  return (
    <div class="stack gap4">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button is the first */}
      <div
        class={`drop ${over ? 'over' : ''} ${said === undefined ? '' : 'wrong'}`}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setOver(false)
          void take(event.dataTransfer?.files)
        }}
      >
        <input
          ref={input}
          type="file"
          accept=".json,application/json"
          class="unseen"
          tabIndex={-1}
          aria-label={label}
          onChange={(event) => {
            const { files } = event.currentTarget
            void take(files).then(() => {
              // The same file may be chosen again.
              if (input.current !== null) input.current.value = ''
            })
          }}
        />
        <Button onPress={() => input.current?.click()}>
          {t(name === undefined ? 'ui_file_choose' : 'ui_file_other')}
        </Button>
        <span class="label muted grow" role="status">
          {name === undefined ? t('ui_file_drop') : t('ui_file_chosen', { name: text(name.slice(0, 80)) })}
        </span>
      </div>
      {said !== undefined && (
        <p class="label danger" role="alert">
          {said}
        </p>
      )}
    </div>
  )
}

export function saveFile({ name, text }: FileView): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it up by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
