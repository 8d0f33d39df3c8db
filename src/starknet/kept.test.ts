import { expect, test } from 'vitest'
import { keep } from './kept.ts'

test('a kept result is made once', () => {
  const kept = keep<number>(2)
  let made = 0
  const ask = () => kept('a', () => ++made)
  expect([ask(), ask(), ask()]).toEqual([1, 1, 1])
})

test('undefined is a result too', () => {
  const kept = keep<undefined>(2)
  let made = 0
  const make = () => {
    made++
    return undefined
  }
  kept('a', make)
  kept('a', make)
  expect(made).toBe(1)
})

test('the bound holds: the least recently used goes first', () => {
  const kept = keep<string>(2)
  const made: string[] = []
  const ask = (key: string) =>
    kept(key, () => {
      made.push(key)
      return key.toUpperCase()
    })
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) expect(ask(key)).toBe(key.toUpperCase())
  // c pushed b out, because a was used since; a stayed all along.
  expect(made).toEqual(['a', 'b', 'c', 'b'])
})

test('asking for what is there pushes nothing out', () => {
  const kept = keep<string>(3)
  let made = 0
  const ask = (key: string) => kept(key, () => `${key}${++made}`)
  for (const key of ['a', 'b', 'c', 'b', 'b', 'a', 'c']) ask(key)
  expect(made).toBe(3)
})

test('a failed attempt leaves nothing behind', () => {
  const kept = keep<number>(2)
  expect(() =>
    kept('a', () => {
      throw new RangeError('no')
    }),
  ).toThrow('no')
  expect(kept('a', () => 7)).toBe(7)
})
