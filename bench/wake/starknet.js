// A wallet on starknet.js alone, imported whole and at the top. No policy, no database, no lock. Without a nonce the library
// asks the node for what a transaction needs, as ours has to after a stop; with one, everything is given.
import * as starknet from 'starknet10'

globalThis.starknet = starknet

chrome.runtime.onConnect.addListener((port) => {
  port.onMessage.addListener(async ({ url, address, key, nonce, call }) => {
    const provider = new starknet.RpcProvider({ nodeUrl: url })
    const account = new starknet.Account({ provider, address, signer: key, cairoVersion: '1' })
    const bound = { max_amount: 2_000_000n, max_price_per_unit: 75_000_000_000_000n }
    const resourceBounds = { l1_gas: bound, l2_gas: bound, l1_data_gas: bound }
    const { transaction_hash } = await account
      .execute(call, nonce === undefined ? undefined : { nonce, tip: 0n, resourceBounds })
      .catch((error) => ({ transaction_hash: String(error) }))
    port.postMessage({ transaction_hash })
  })
})
