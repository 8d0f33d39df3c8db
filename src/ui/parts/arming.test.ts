// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ARM_DELAY, type Arming, createArming } from './arming.ts'

let button: HTMLButtonElement
let arming: Arming
let armed: boolean
let pressed: number
let focused: boolean
let visible: 'visible' | 'hidden'
let top: number

beforeEach(() => {
  vi.useFakeTimers()
  focused = true
  visible = 'visible'
  top = 0
  armed = false
  pressed = 0
  Object.defineProperty(document, 'hasFocus', { configurable: true, value: () => focused })
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => visible })
  button = document.createElement('button')
  button.getBoundingClientRect = () => new DOMRect(0, top, 100, 44)
  document.body.replaceChildren(button)
  arming = createArming({
    button,
    onChange: (it) => {
      armed = it
    },
    onPress: () => {
      pressed += 1
    },
  })
  arming.revise('a 1')
  arming.allow(true)
})
afterEach(() => {
  arming.stop()
  vi.useRealTimers()
})

const pass = (ms: number) => vi.advanceTimersByTime(ms)
/** As the browser makes it from a person's hand. */
const trusted = <E extends Event>(event: E): E => Object.defineProperty(event, 'isTrusted', { value: true })
const pointer = (type: string, more: PointerEventInit = {}) =>
  new PointerEvent(type, { isPrimary: true, pointerId: 1, button: 0, bubbles: true, ...more })
const key = (type: string, name: string, more: KeyboardEventInit = {}) =>
  new KeyboardEvent(type, { key: name, bubbles: true, cancelable: true, ...more })
const click = () => {
  button.dispatchEvent(trusted(pointer('pointerdown')))
  button.dispatchEvent(trusted(pointer('pointerup')))
}
const type = (name: string) => {
  button.dispatchEvent(trusted(key('keydown', name)))
  button.dispatchEvent(trusted(key('keyup', name)))
}

describe('it works 800 ms after the last of', () => {
  test('the first sight', () => {
    pass(ARM_DELAY - 1)
    expect(armed).toBe(false)
    click()
    expect(pressed).toBe(0)
    pass(1)
    expect(armed).toBe(true)
    click()
    expect(pressed).toBe(1)
  })
  test('a revision', () => {
    pass(ARM_DELAY)
    arming.revise('a 2')
    expect(armed).toBe(false)
    click()
    pass(ARM_DELAY - 1)
    expect(armed).toBe(false)
    pass(1)
    expect(armed).toBe(true)
    expect(pressed).toBe(0)
  })
  test('a step-up', () => {
    arming.allow(false)
    pass(5_000)
    expect(armed).toBe(false)
    arming.allow(true)
    pass(ARM_DELAY - 1)
    expect(armed).toBe(false)
    pass(1)
    expect(armed).toBe(true)
  })
  test('the window getting the focus', () => {
    focused = false
    window.dispatchEvent(new Event('blur'))
    pass(5_000)
    expect(armed).toBe(false)
    focused = true
    window.dispatchEvent(new Event('focus'))
    // The press that focuses the window.
    click()
    pass(ARM_DELAY - 1)
    expect([armed, pressed]).toEqual([false, 0])
    pass(1)
    expect(armed).toBe(true)
  })
  test('the page getting visible', () => {
    visible = 'hidden'
    document.dispatchEvent(new Event('visibilitychange'))
    pass(5_000)
    expect(armed).toBe(false)
    visible = 'visible'
    document.dispatchEvent(new Event('visibilitychange'))
    pass(ARM_DELAY)
    expect(armed).toBe(true)
  })
  test('the layout moving, also while it waits', () => {
    pass(ARM_DELAY - 1)
    top = 30
    pass(1)
    expect(armed).toBe(false)
    pass(ARM_DELAY)
    expect(armed).toBe(true)
  })
})

describe('refuses:', () => {
  beforeEach(() => pass(ARM_DELAY))
  test('a press begun before a blur, trusted or not', () => {
    button.dispatchEvent(trusted(pointer('pointerdown')))
    window.dispatchEvent(new Event('blur'))
    expect(armed).toBe(false)
    button.dispatchEvent(trusted(pointer('pointerup')))
    pass(ARM_DELAY)
    expect(pressed).toBe(0)
  })
  test('a press begun in one armed time and ended in the next', () => {
    button.dispatchEvent(trusted(pointer('pointerdown')))
    arming.revise('a 2')
    pass(ARM_DELAY)
    expect(armed).toBe(true)
    button.dispatchEvent(trusted(pointer('pointerup')))
    expect(pressed).toBe(0)
  })
  test('a press begun before it was armed', () => {
    arming.revise('a 2')
    button.dispatchEvent(trusted(pointer('pointerdown')))
    pass(ARM_DELAY)
    button.dispatchEvent(trusted(pointer('pointerup')))
    expect(pressed).toBe(0)
  })
  test('what a script dispatches', () => {
    button.dispatchEvent(pointer('pointerdown'))
    button.dispatchEvent(pointer('pointerup'))
    button.dispatchEvent(trusted(pointer('pointerdown')))
    button.dispatchEvent(pointer('pointerup'))
    button.dispatchEvent(pointer('pointerdown'))
    button.dispatchEvent(trusted(pointer('pointerup')))
    button.focus()
    button.dispatchEvent(key('keydown', 'Enter'))
    button.dispatchEvent(key('keyup', 'Enter'))
    button.dispatchEvent(trusted(key('keydown', 'Enter')))
    button.dispatchEvent(key('keyup', 'Enter'))
    button.dispatchEvent(key('keydown', 'Enter'))
    button.dispatchEvent(trusted(key('keyup', 'Enter')))
    button.click()
    expect(pressed).toBe(0)
  })
  test('another button of the mouse, a second finger, a press that left the button', () => {
    button.dispatchEvent(trusted(pointer('pointerdown', { button: 2 })))
    button.dispatchEvent(trusted(pointer('pointerup', { button: 2 })))
    button.dispatchEvent(trusted(pointer('pointerdown', { isPrimary: false, pointerId: 2 })))
    button.dispatchEvent(trusted(pointer('pointerup', { isPrimary: false, pointerId: 2 })))
    button.dispatchEvent(trusted(pointer('pointerdown')))
    button.dispatchEvent(trusted(pointer('pointerleave')))
    button.dispatchEvent(trusted(pointer('pointerup')))
    expect(pressed).toBe(0)
  })
  test('a press on a button that moved under the pointer', () => {
    top = 200
    click()
    expect([armed, pressed]).toEqual([false, 0])
  })
  test('keys that are held, that come from elsewhere, or end as another', () => {
    button.focus()
    button.dispatchEvent(trusted(key('keydown', 'Enter', { repeat: true })))
    button.dispatchEvent(trusted(key('keyup', 'Enter')))
    button.dispatchEvent(trusted(key('keydown', 'Enter')))
    button.dispatchEvent(trusted(key('keyup', ' ')))
    button.blur()
    type('Enter')
    button.focus()
    type('Escape')
    expect(pressed).toBe(0)
  })
  test('a second press of the same decision', () => {
    click()
    click()
    window.dispatchEvent(new Event('focus'))
    pass(ARM_DELAY)
    click()
    expect(pressed).toBe(1)
  })
  test('everything after it was stopped', () => {
    arming.stop()
    click()
    expect(pressed).toBe(0)
  })
})

test('Enter and Space press it while it is focused and armed', () => {
  pass(ARM_DELAY)
  button.focus()
  type('Enter')
  expect(pressed).toBe(1)
  arming.allow(false)
  arming.allow(true)
  pass(ARM_DELAY)
  type(' ')
  expect(pressed).toBe(2)
})
