// `npm run pictures`: every screen of the gallery, light and dark, and the README's picture, from the real screens.
// `npm run pictures -- screens` or `-- readme` makes one of the two.
// `npm run pictures -- all [screen…]` makes the whole set, which no repository keeps: each screen light and dark, at
// 360 × 560, as popup and as tab, in each language, into the folder `pictures`.
import { onStage } from './stage.mjs'

const [, , only, ...screens] = process.argv
const say = (/** @type {string} */ line) => console.log(`pictures: ${line}`)
const album = () => onStage('pictures', 'e2e/gallery/album.ts', ({ album }) => album(say))
const everything = () => onStage('pictures', 'e2e/gallery/album.ts', ({ everything }) => everything(screens, say))
const readme = () => onStage('pictures', 'e2e/pictures.ts', ({ pictures }) => pictures())

process.exitCode =
  only === 'all'
    ? await everything()
    : (only === 'readme' ? 0 : await album()) || (only === 'screens' ? 0 : await readme())
