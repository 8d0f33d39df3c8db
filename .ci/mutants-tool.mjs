/**
 * Mutants made by a tool: every comparison, sum, truth, constant, branch and effect of a file, changed one at a time. Own, because
 * the package that does this needs a JavaScript API of TypeScript, which version 7 has not, and some hundred packages; Vite's parser
 * is here anyway.
 */
import { parseSync } from 'vite'

const policy = (...names) => names.map((name) => `src/core/policy/${name}.ts`)

/** What a score is of, where its tests are, and which properties try it if they see nothing. */
export const FILES = {
  evaluate: {
    files: policy('evaluate', 'matching', 'standing'),
    tests: policy('evaluate.test', 'arguments.test', 'allowances.test', 'items.test', 'refusal.test'),
    properties: 'P1,P6,P8',
  },
  book: {
    files: policy('book', 'charging', 'windows'),
    tests: policy('book.test', 'evaluate.test', 'windows.test', 'meters.test', 'properties.test'),
    properties: 'P1,P2,P10',
  },
  narrow: { files: policy('narrow'), tests: policy('narrow.test', 'update.test'), properties: 'P3' },
  exposure: {
    files: policy('exposure'),
    tests: policy('exposure.test', 'explain.test', 'properties.test'),
    properties: 'P7',
  },
  parse: {
    files: policy('wire', 'wire-arguments', 'wire-schema', 'wire-print'),
    tests: policy(
      'wire.test',
      'wire-arguments.test',
      'wire-items.test',
      'wire-messages.test',
      'codec.test',
      'edits.test',
      'update.test',
    ),
    properties: 'P4',
  },
}

/**
 * Changes that change nothing anybody can see, with the line they are in and the reason. They count neither way.
 *
 * @type {readonly (readonly [file: string, change: string, line: string, reason: string])[]}
 */
export const EQUIVALENT = [
  [
    'src/core/policy/standing.ts',
    '"memory.set(policy, pins)" → ""',
    'memory.set(policy, pins)',
    'what is worked out again is the same; that it is quick is for bench:policy',
  ],
  [
    'src/core/policy/standing.ts',
    '"known !== undefined" → "false"',
    'if (known !== undefined) return known',
    'what is worked out again is the same; that it is quick is for bench:policy',
  ],
  [
    'src/core/policy/evaluate.ts',
    '" < " → " <= "',
    '(a.chosen.session.id < b.chosen.session.id ? -1 : 1)',
    'no two sessions have one id',
  ],
  [
    'src/core/policy/windows.ts',
    '"146_097" → "146098"',
    'const era = Math.floor(shifted / 146_097)',
    'the first days of 400 years, counted on from the 400 before, are the same days',
  ],
]

const SWAPS = {
  ...{ '<': '<=', '<=': '<', '>': '>=', '>=': '>', '===': '!==', '!==': '===' },
  ...{ '+': '-', '-': '+', '*': '/', '/': '*', '&&': '||', '||': '&&' },
}
const CALLS = { some: 'every', every: 'some', max: 'min', min: 'max' }

/** @returns {{ file: string, says: string, whole: string, line: string }[]} the file with one change each */
export function mutantsOf(file, text) {
  const found = []
  const put = (start, end, replacement) => {
    const before = text.slice(0, start)
    const number = before.split('\n').length
    const line = text.split('\n')[number - 1].trim()
    const change = `${JSON.stringify(text.slice(start, end).slice(0, 60))} → ${JSON.stringify(replacement)}`
    if (EQUIVALENT.some(([of, same, known]) => of === file && same === change && known === line)) return
    const says = `${file}:${number} ${change} in: ${line}`
    found.push({ file, says, line, whole: before + replacement + text.slice(end) })
  }
  walk(parseSync(file, text).program, (node) => {
    switch (node.type) {
      case 'BinaryExpression':
      case 'LogicalExpression': {
        const other = SWAPS[node.operator]
        if (other === undefined) return
        const gap = text.slice(node.left.end, node.right.start)
        put(node.left.end, node.right.start, gap.replace(node.operator, other))
        return
      }
      case 'UnaryExpression':
        if (node.operator === '!') put(node.start, node.argument.start, '')
        return
      case 'ConditionalExpression':
        put(node.test.start, node.test.end, `!(${text.slice(node.test.start, node.test.end)})`)
        return
      case 'IfStatement':
        put(node.test.start, node.test.end, 'false')
        return
      case 'Literal':
        if (typeof node.value === 'number') put(node.start, node.end, `${node.value + 1}`)
        if (typeof node.value === 'bigint') put(node.start, node.end, `${node.value + 1n}n`)
        if (typeof node.value === 'boolean') put(node.start, node.end, `${!node.value}`)
        return
      case 'ExpressionStatement':
        if (node.expression.type === 'CallExpression') put(node.start, node.end, '')
        return
      case 'MemberExpression':
        if (!node.computed && node.property.name in CALLS) {
          put(node.property.start, node.property.end, CALLS[node.property.name])
        }
    }
  })
  return found
}

/** Types are no code. */
function walk(node, see) {
  if (typeof node !== 'object' || node === null) return
  if (Array.isArray(node)) {
    for (const it of node) walk(it, see)
    return
  }
  if (typeof node.type !== 'string' || node.type === 'ImportDeclaration') return
  if (/^TS/.test(node.type) && !/^TS(As|Satisfies|NonNull)/.test(node.type)) return
  see(node)
  for (const [key, it] of Object.entries(node)) {
    if (key !== 'typeAnnotation' && key !== 'typeArguments' && key !== 'returnType') walk(it, see)
  }
}
