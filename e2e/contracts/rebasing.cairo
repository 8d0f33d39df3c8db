// An ERC-20 that keeps shares, of which anyone may set the worth: what leaves is whole shares, so it can be more than the
// calldata says, and balances change without anybody's transfer.
use starknet::ContractAddress;

#[starknet::interface]
trait IRebasing<T> {
    fn name(self: @T) -> ByteArray;
    fn symbol(self: @T) -> ByteArray;
    fn decimals(self: @T) -> u8;
    fn balance_of(self: @T, account: ContractAddress) -> u256;
    fn allowance(self: @T, owner: ContractAddress, spender: ContractAddress) -> u256;
    fn transfer(ref self: T, recipient: ContractAddress, amount: u256) -> bool;
    fn transfer_from(ref self: T, sender: ContractAddress, recipient: ContractAddress, amount: u256) -> bool;
    fn approve(ref self: T, spender: ContractAddress, amount: u256) -> bool;
    fn mint(ref self: T, recipient: ContractAddress, shares: u256);
    fn rebase(ref self: T, worth: u256);
}

#[starknet::contract]
mod Rebasing {
    use core::num::traits::Zero;
    use starknet::{ContractAddress, get_caller_address};
    use starknet::storage::Map;

    #[storage]
    struct Storage {
        shares: Map<ContractAddress, u256>,
        allowances: Map<(ContractAddress, ContractAddress), u256>,
        worth: u256,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Transfer: Transfer,
        Approval: Approval,
    }

    #[derive(Drop, starknet::Event)]
    struct Transfer {
        #[key]
        from: ContractAddress,
        #[key]
        to: ContractAddress,
        value: u256,
    }

    #[derive(Drop, starknet::Event)]
    struct Approval {
        #[key]
        owner: ContractAddress,
        #[key]
        spender: ContractAddress,
        value: u256,
    }

    #[constructor]
    fn constructor(ref self: ContractState) {
        self.worth.write(1);
    }

    #[abi(embed_v0)]
    impl RebasingImpl of super::IRebasing<ContractState> {
        fn name(self: @ContractState) -> ByteArray {
            "Rebasing coin"
        }
        fn symbol(self: @ContractState) -> ByteArray {
            "REB"
        }
        fn decimals(self: @ContractState) -> u8 {
            18
        }
        fn balance_of(self: @ContractState, account: ContractAddress) -> u256 {
            self.shares.read(account) * self.worth.read()
        }
        fn allowance(self: @ContractState, owner: ContractAddress, spender: ContractAddress) -> u256 {
            self.allowances.read((owner, spender))
        }
        fn transfer(ref self: ContractState, recipient: ContractAddress, amount: u256) -> bool {
            self.move_shares(get_caller_address(), recipient, amount);
            true
        }
        fn transfer_from(
            ref self: ContractState, sender: ContractAddress, recipient: ContractAddress, amount: u256
        ) -> bool {
            let spender = get_caller_address();
            let allowed = self.allowances.read((sender, spender));
            assert(allowed >= amount, 'rebasing: allowance too small');
            self.allowances.write((sender, spender), allowed - amount);
            self.move_shares(sender, recipient, amount);
            true
        }
        fn approve(ref self: ContractState, spender: ContractAddress, amount: u256) -> bool {
            let owner = get_caller_address();
            self.allowances.write((owner, spender), amount);
            self.emit(Approval { owner, spender, value: amount });
            true
        }
        fn mint(ref self: ContractState, recipient: ContractAddress, shares: u256) {
            self.shares.write(recipient, self.shares.read(recipient) + shares);
            self.emit(Transfer { from: Zero::zero(), to: recipient, value: shares * self.worth.read() });
        }
        fn rebase(ref self: ContractState, worth: u256) {
            self.worth.write(worth);
        }
    }

    #[generate_trait]
    impl Inside of InsideTrait {
        /// Up to whole shares.
        fn move_shares(ref self: ContractState, from: ContractAddress, to: ContractAddress, amount: u256) {
            let worth = self.worth.read();
            let shares = (amount + worth - 1) / worth;
            let had = self.shares.read(from);
            assert(had >= shares, 'rebasing: balance too small');
            self.shares.write(from, had - shares);
            self.shares.write(to, self.shares.read(to) + shares);
            self.emit(Transfer { from, to, value: shares * worth });
        }
    }
}
