// `npm run pictures`: the README's picture, from the real screens of the built extension.
import { onStage } from './stage.mjs'

process.exitCode = await onStage('pictures', 'e2e/pictures.ts', ({ pictures }) => pictures())
