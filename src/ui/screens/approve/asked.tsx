import type { ComponentProps } from 'preact'
import type { View } from '../../../core/protocol/ui.ts'
import type { Line } from '../../../core/words.ts'
import { Sentence } from '../../parts/text.tsx'
import { networkName, Who } from '../../parts/who.tsx'

type Asking = ComponentProps<typeof Who>['approval'] & {
  readonly network: Parameters<typeof networkName>[1]
  readonly sentence: Line
}

/** Who asks, and what, in one sentence that reads on. */
export function Asked({ approval, view }: { readonly approval: Asking; readonly view: View }) {
  return (
    <>
      <div class="act-who">
        <Who approval={approval} network={networkName(view, approval.network)} />
      </div>
      <p class="big act" id="sentence">
        <Sentence line={approval.sentence} strong="names" />
      </p>
    </>
  )
}
