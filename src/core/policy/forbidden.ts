import type { Selector } from '../felt.ts'

/**
 * What no session may ever call, on any contract (policy.md 5.1, step 3). As selectors, because core has no keccak;
 * forbidden.test.ts compares each with the hash of its name.
 */
export const BANNED: Readonly<Record<string, string>> = {
  __execute__: '0x15d40a3d6ca2ac30f4031e42be28da9b056fef9bb7357ac5e85627ee876e5ad',
  __validate__: '0x162da33a4585851fe8d3af3c2a9c60b557814e221e0d4f30ff0b2189d9c7775',
  __validate_declare__: '0x289da278a8dc833409cabfdad1581e8e7d40e42dcaed693fa4008dcdb4963b3',
  __validate_deploy__: '0x36fcbf06cd96843058359e1a75928beacfac10727dab22a3972f0af8aa92895',
  execute_from_outside: '0x7ec457cd7ed1630225a8328f826a29a327b19486f6b2882b4176545ebdbe3d',
  execute_from_outside_v2: '0x34cc13b274446654ca3233ed2c1620d4c5d1d32fd20b47146a3371064bdc57d',
  execute_from_outside_v3: '0x3dbc508ba4afd040c8dc4ff8a61113a7bcaf5eae88a6ba27b3c50578b3587e3',
}

/**
 * Entrypoints that hand over control: allowed only by a rule that lists them on an exact contract and that the person
 * confirmed as such (policy.md 5.2).
 */
export const ADMIN: Readonly<Record<string, string>> = {
  upgrade: '0xf2f7c15cbe06c8d94597cd91fd7f3369eae842359235712def5584f8d270cd',
  upgrade_to: '0xed163e8350935d550d16de1f53fd8284b06f37685f9d20c7f1735f719f336e',
  execute_after_upgrade: '0x1a1e41f464a235695e5050a846a26ca22ecc27acac54be5f6666848031efb8f',
  perform_upgrade: '0x3555cc10a596e827ec681e0a0d522233b9927dd13b9456c3eed44a8c59761f0',
  replace_class: '0x217df192877eed2921e241046523f8d8da7981f0a3ddafe0e7517f6523276d2',
  set_implementation: '0xc4e105e5276c704b5490fa2ab565b6b1904912203fbc6e7bcdeb51fa8c1ef2',
  set_public_key: '0x2e3e21ff5952b2531241e37999d9c4c8b3034cccc89a202a6bf019bdf5294f9',
  setPublicKey: '0xbc0eb87884ab91e330445c3584a50d7ddf4b568f02fbeb456a6242cce3f5d9',
  change_owner: '0x1746f7542cac71b5c88f0b2301e87cd9b0896dab1c83b8b515762697e521040',
  change_owners: '0x3138528db1baa895a0ffc1905ca66eecd2915ed4345128e7b05333af894ad69',
  change_guardian: '0x309e00d93c6f8c0c2fcc1c8a01976f72e03b95841c3e3a1f7614048d5a77ead',
  change_guardians: '0x8fe233ec9e3828387d7a39865989e3e71d545e09593703e75c280ee651d6ba',
  change_guardian_backup: '0x960e70c0b7135476e33b1ba6a72e9b10cb5e261ebaa730d1ed01a0f21c22d3',
  trigger_escape_owner: '0x26e71b81ea2af0a2b5c6bfceb639b4fc6faae9d8de072a61fc913d3301ff56b',
  trigger_escape_guardian: '0x29ce6d1019e7bef00e94df2973d8d36e9e9b6c5f8783275441c9e466cb8b43',
  escape_owner: '0x395b662db8770f18d407bbbfeebf45fffec4a7fa4f6c7cee13d084055a9387d',
  escape_guardian: '0x3ad2979f59dc1535593f6af33e41945239f4811966bcd49314582a892ebcee8',
  cancel_escape: '0x231c71f842bf17eb7be2cd595e2ad846543dbbbe46c1381a6477a1022625d60',
  set_escape_security_period: '0x44d28a1e8e762f6a386feae73283793d758f1cf5d4afdefdaea1be41e9077b',
  revoke_session: '0x3fab092e963914fd624eedd965d67f571fea93cae38bbacb48be7db091be933',
  revoke_sessions: '0x2027071a26678e8efb018fec753ebdf0c971d6a9b4e6bc9be2763f2098a9c31',
  register_session: '0x13f6fcb09682fd385a29ed9e333d48be50ed8245d540ecd221d510555344456',
  add_or_update_session_key: '0x27d4f8b711f8a318b18cac75c0b7c9941844dbbece6f62ca10111055acb64c1',
  revoke_session_key: '0x32d4c11046940bbba0d48557b365ca002c6adc3f58d28671c8b7542ab7d60e9',
  set_spending_policy: '0x27b6399a529753e66438fe0341234566c390277e9c20b0f556016eb33bb698',
  remove_spending_policy: '0x28dac008d849601a4f136c3a869aa4dcb43907ea63ab552ecddfd2281144040',
  use_plugin: '0x27ad8765fc3b8f3afef2481081767daadd0abafbd10a7face32534f2e4730e2',
  add_plugin: '0x10ee56cbdb29cf1cdf642b58a894e8aa80f95570e4a860658eb4f69a22f4edf',
  addPlugin: '0xfcad79cc189fc52af52e0f904f7fc222609bc9a065163a00b7453071e3f289',
  transfer_ownership: '0x2a3bb1eaa05b77c4b0eeee0116a3177c6d62319dd7149ae148185d9e09de74a',
  transferOwnership: '0x14a390f291e2e1f29874769efdef47ddad94d76f77ff516fad206a385e8995f',
  renounce_ownership: '0x52580a92c73f4428f1a260c5d768ef462b25955307de00f99957df119865d',
  grant_role: '0x18a2f881894a5eb15a2a00f598839abaa75bd7f1fea1a37e42779d7fbcd9cf8',
  revoke_role: '0x246116ed358bad337e64a4df51cb57a40929189494ad5905a39872c489136ec',
  set_minter: '0x1d56ad9d491b70108bc9e8fcfd74f47eff73ccdb78a9bf68214b2f1f5a104c4',
  permit: '0xec05aa319b6958a87b81f9887ffc395d1d4a9e3203fefda7f12ae099375a8f',
  permit_transfer_from: '0x26bb47fe9010384e424bc27c8b694c1d59ca33a5c26b94ca1d1ea39c0eefd26',
  permitTransferFrom: '0x21040469433decc9a6315089bbb8cda9e59ee3495f2ef938a86f3b433687e72',
  permit_batch: '0x139dca90f2602c270a8610193f3cf144e05d815b8795faf9aa32892db9a4353',
  delegate: '0x3dcb8fff5ef717a847d344b0a6ae7be40a2656cce2c3881dd009fc855b9d1ec',
  delegate_by_sig: '0xca3d74b41480e0dacf45e9f3244a1c271b50c8e1dbe9146f0cfbb571caaff7',
  lock_and_delegate: '0xc357e0791efd20abc629024da92179b10fce7f1b3d10edc62ef40a57984697',
  lock_and_delegate_by_sig: '0x2842cf0fb9cd347687a6bfcf564c97b007cc28c3e25566d4b71c8935857767d',
}

const banned = namesBySelector(BANNED)
const admin = namesBySelector(ADMIN)

/** Its name, if no session may call it. */
export function bannedName(selector: Selector): string | undefined {
  return banned.get(selector)
}

/** Its name, if it hands over control. */
export function adminName(selector: Selector): string | undefined {
  return admin.get(selector)
}

function namesBySelector(table: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(table).map(([name, selector]) => [selector, name]))
}
