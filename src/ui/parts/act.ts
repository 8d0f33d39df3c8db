import { useState } from 'preact/hooks'
import { sentenceOf } from './fault.tsx'
import { announce, toast } from './live.tsx'

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

/** Of several buttons, which work: each takes no second press meanwhile, and none waits for another. What fails is a toast. */
export function useActs<A extends string>() {
  const [doing, setDoing] = useState<readonly A[]>([])
  return {
    isDoing: (name: A) => doing.includes(name),
    run: async (name: A, act: () => Promise<unknown>, done?: string): Promise<void> => {
      if (doing.includes(name)) return
      setDoing((all) => [...all, name])
      try {
        await act()
        if (done !== undefined) announce(done)
      } catch (error) {
        toast(sentenceOf(error))
      } finally {
        setDoing((all) => all.filter((it) => it !== name))
      }
    },
  }
}
