import { plural, t } from '../words.ts'

const LEAST = 10

/** How many are still missing to the shortest password there may be. */
export function missingLetters(password: string): number {
  return Math.max(0, LEAST - Array.from(password.normalize('NFKC')).length)
}

export function PasswordHint({ password }: { readonly password: string }) {
  const missing = missingLetters(password)
  return (
    <p class="label muted" role="status">
      {password === ''
        ? t('ui_create_passwordRule')
        : missing > 0
          ? plural('ui_create_passwordMissing_other', missing)
          : t('ui_create_passwordEnough')}
    </p>
  )
}
