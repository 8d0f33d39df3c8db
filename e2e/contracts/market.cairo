// A market that takes through allowances: as it says, more than it said before, or whatever an old allowance still gives.
use starknet::ContractAddress;

#[starknet::interface]
trait IPaid<T> {
    fn transfer(ref self: T, recipient: ContractAddress, amount: u256) -> bool;
    fn transfer_from(ref self: T, sender: ContractAddress, recipient: ContractAddress, amount: u256) -> bool;
}

#[starknet::interface]
trait IItems<T> {
    fn transfer_from(ref self: T, from: ContractAddress, to: ContractAddress, token_id: u256);
}

#[starknet::interface]
trait IMarket<T> {
    fn swap(
        ref self: T, token_in: ContractAddress, amount_in: u256, token_out: ContractAddress, amount_out: u256
    );
    fn swap_more(
        ref self: T, token_in: ContractAddress, amount_in: u256, token_out: ContractAddress, amount_out: u256
    );
    fn turn(ref self: T, extra: u256);
    fn pull(ref self: T, token: ContractAddress, from: ContractAddress, amount: u256);
    fn take(ref self: T, collection: ContractAddress, from: ContractAddress, token_id: u256);
    fn extra(self: @T) -> u256;
    fn swaps(self: @T, trader: ContractAddress) -> u64;
}

#[starknet::contract]
mod Market {
    use super::{IItemsDispatcher, IItemsDispatcherTrait, IPaidDispatcher, IPaidDispatcherTrait};
    use starknet::{ContractAddress, get_caller_address, get_contract_address};
    use starknet::storage::Map;

    #[storage]
    struct Storage {
        extra: u256,
        swaps: Map<ContractAddress, u64>,
    }

    #[abi(embed_v0)]
    impl MarketImpl of super::IMarket<ContractState> {
        // Pays out of what the market holds, at the price the caller names.
        fn swap(
            ref self: ContractState,
            token_in: ContractAddress,
            amount_in: u256,
            token_out: ContractAddress,
            amount_out: u256
        ) {
            self.trade(token_in, amount_in, token_out, amount_out);
        }
        // Takes `extra` on top: turned between a trial run and the block, it does on chain what the trial run did not show.
        fn swap_more(
            ref self: ContractState,
            token_in: ContractAddress,
            amount_in: u256,
            token_out: ContractAddress,
            amount_out: u256
        ) {
            let amount = amount_in + self.extra.read();
            self.trade(token_in, amount, token_out, amount_out);
        }
        // Anybody may turn it.
        fn turn(ref self: ContractState, extra: u256) {
            self.extra.write(extra);
        }
        // Takes what an allowance gives to the market, of whomever, for nothing.
        fn pull(ref self: ContractState, token: ContractAddress, from: ContractAddress, amount: u256) {
            self.collect(token, from, amount);
        }
        fn take(ref self: ContractState, collection: ContractAddress, from: ContractAddress, token_id: u256) {
            IItemsDispatcher { contract_address: collection }
                .transfer_from(from, get_contract_address(), token_id);
        }
        fn extra(self: @ContractState) -> u256 {
            self.extra.read()
        }
        fn swaps(self: @ContractState, trader: ContractAddress) -> u64 {
            self.swaps.read(trader)
        }
    }

    #[generate_trait]
    impl Inside of InsideTrait {
        fn trade(
            ref self: ContractState,
            token_in: ContractAddress,
            amount_in: u256,
            token_out: ContractAddress,
            amount_out: u256
        ) {
            let trader = get_caller_address();
            self.collect(token_in, trader, amount_in);
            let paid = IPaidDispatcher { contract_address: token_out }.transfer(trader, amount_out);
            assert(paid, 'market: not paid out');
            self.swaps.write(trader, self.swaps.read(trader) + 1);
        }
        fn collect(ref self: ContractState, token: ContractAddress, from: ContractAddress, amount: u256) {
            let paid = IPaidDispatcher { contract_address: token }
                .transfer_from(from, get_contract_address(), amount);
            assert(paid, 'market: not paid');
        }
    }
}
