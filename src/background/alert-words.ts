import type { Said } from './alerts.ts'

/** Put in by the build from the catalogues (.ci/alert-words.ts). */
declare const __ALERT_WORDS__: Readonly<Record<string, Readonly<Record<string, string>>>>

/** In the language that the person chose; without a choice as the browser says it. */
export function alertWords(said: Said, language: string | undefined, browser: (said: Said) => string): string {
  const { key, n } = said
  const sentences = language === undefined ? undefined : __ALERT_WORDS__[language]
  const isOne = key.endsWith('_other') && n !== undefined && new Intl.PluralRules(language).select(n) === 'one'
  const sentence = sentences?.[isOne ? key.replace(/_other$/, '_one') : key]
  return sentence === undefined ? browser(said) : sentence.replace('$N$', String(n))
}
