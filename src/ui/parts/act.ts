import { useState } from 'preact/hooks'
import { sentenceOf } from './fault.tsx'

/** Whether it works, and what came of the last try. A password is forgotten after each. */
export function useAct() {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  return {
    busy,
    failure,
    clear: () => setFailure(undefined),
    fail: setFailure,
    run: async (act: () => Promise<void>, setPassword?: (password: '') => void): Promise<void> => {
      if (busy) return
      setBusy(true)
      setFailure(undefined)
      try {
        await act()
      } catch (error) {
        setFailure(sentenceOf(error))
      } finally {
        setPassword?.('')
        setBusy(false)
      }
    },
  }
}
