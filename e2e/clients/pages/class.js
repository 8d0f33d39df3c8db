// A class of its own for each run on one chain: what is declared once cannot be declared again.
import hashes from '../../contracts/hashes.json'
import proxy from '../../contracts/proxy.sierra.json'
import replaceable from '../../contracts/replaceable.sierra.json'
import replacement from '../../contracts/replacement.sierra.json'
import { VARIANT } from './page.js'

const classes = { replacement, replaceable, proxy }
const name = { WalletAccountV5: 'replaceable', WalletAccountV6: 'proxy' }[VARIANT] ?? 'replacement'
export const contract = classes[name]
export const compiledClassHash = hashes[name].compiled_class_hash
/** As the Wallet API wants it. */
export const DECLARE = {
  compiled_class_hash: compiledClassHash,
  contract_class: { ...contract, abi: JSON.stringify(contract.abi) },
}
