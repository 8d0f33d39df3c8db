// A game of every shape a call can have; each act leaves something that can be read back.
use starknet::ContractAddress;

#[starknet::interface]
trait IPaid<T> {
    fn transfer_from(ref self: T, sender: ContractAddress, recipient: ContractAddress, amount: u256) -> bool;
}

#[derive(Copy, Drop, Serde, starknet::Store)]
struct Item {
    kind: felt252,
    x: felt252,
    y: felt252,
    weight: u256,
}

#[starknet::interface]
trait IGame<T> {
    fn move(ref self: T, x: felt252, y: felt252);
    fn doAction(ref self: T, n: felt252);
    fn reset(ref self: T);
    fn buy(ref self: T, token: ContractAddress, price: u256);
    fn say(ref self: T, text: ByteArray);
    fn place(ref self: T, items: Array<Item>);
    fn fill(ref self: T, n: u32);
    fn fail(ref self: T);
    fn position(self: @T, player: ContractAddress) -> (felt252, felt252);
    fn moves(self: @T, player: ContractAddress) -> u64;
    fn actions(self: @T, player: ContractAddress) -> u64;
    fn last_action(self: @T, player: ContractAddress) -> felt252;
    fn paid(self: @T, player: ContractAddress, token: ContractAddress) -> u256;
    fn said(self: @T, player: ContractAddress) -> ByteArray;
    fn placed(self: @T, player: ContractAddress) -> u32;
    fn item(self: @T, player: ContractAddress, index: u32) -> Item;
    fn filled(self: @T) -> u32;
}

#[starknet::contract]
mod Game {
    use super::{IPaidDispatcher, IPaidDispatcherTrait, Item};
    use starknet::{ContractAddress, get_caller_address, get_contract_address};
    use starknet::storage::Map;

    #[storage]
    struct Storage {
        positions: Map<ContractAddress, (felt252, felt252)>,
        moves: Map<ContractAddress, u64>,
        actions: Map<ContractAddress, u64>,
        last_actions: Map<ContractAddress, felt252>,
        payments: Map<(ContractAddress, ContractAddress), u256>,
        texts: Map<ContractAddress, ByteArray>,
        placed: Map<ContractAddress, u32>,
        items: Map<(ContractAddress, u32), Item>,
        filled: u32,
        slots: Map<u32, felt252>,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Moved: Moved,
        Acted: Acted,
    }

    #[derive(Drop, starknet::Event)]
    struct Moved {
        #[key]
        player: ContractAddress,
        x: felt252,
        y: felt252,
    }

    #[derive(Drop, starknet::Event)]
    struct Acted {
        #[key]
        player: ContractAddress,
        n: felt252,
    }

    #[abi(embed_v0)]
    impl GameImpl of super::IGame<ContractState> {
        fn move(ref self: ContractState, x: felt252, y: felt252) {
            let player = get_caller_address();
            self.positions.write(player, (x, y));
            self.moves.write(player, self.moves.read(player) + 1);
            self.emit(Moved { player, x, y });
        }
        fn doAction(ref self: ContractState, n: felt252) {
            let player = get_caller_address();
            self.last_actions.write(player, n);
            self.actions.write(player, self.actions.read(player) + 1);
            self.emit(Acted { player, n });
        }
        fn reset(ref self: ContractState) {
            let player = get_caller_address();
            self.positions.write(player, (0, 0));
            self.moves.write(player, 0);
            self.actions.write(player, 0);
            self.last_actions.write(player, 0);
        }
        fn buy(ref self: ContractState, token: ContractAddress, price: u256) {
            let player = get_caller_address();
            let paid = IPaidDispatcher { contract_address: token }
                .transfer_from(player, get_contract_address(), price);
            assert(paid, 'game: not paid');
            self.payments.write((player, token), self.payments.read((player, token)) + price);
        }
        fn say(ref self: ContractState, text: ByteArray) {
            self.texts.write(get_caller_address(), text);
        }
        fn place(ref self: ContractState, items: Array<Item>) {
            let player = get_caller_address();
            let mut index = self.placed.read(player);
            let mut rest = items.span();
            loop {
                match rest.pop_front() {
                    Option::Some(item) => {
                        self.items.write((player, index), *item);
                        index += 1;
                    },
                    Option::None => { break; },
                };
            };
            self.placed.write(player, index);
        }
        // Every call writes slots that were never written before: the state it costs cannot be foreseen from an earlier call.
        fn fill(ref self: ContractState, n: u32) {
            let from = self.filled.read();
            let mut index = from;
            while index < from + n {
                self.slots.write(index, 1);
                index += 1;
            };
            self.filled.write(index);
        }
        fn fail(ref self: ContractState) {
            panic!("game: fails as asked");
        }

        fn position(self: @ContractState, player: ContractAddress) -> (felt252, felt252) {
            self.positions.read(player)
        }
        fn moves(self: @ContractState, player: ContractAddress) -> u64 {
            self.moves.read(player)
        }
        fn actions(self: @ContractState, player: ContractAddress) -> u64 {
            self.actions.read(player)
        }
        fn last_action(self: @ContractState, player: ContractAddress) -> felt252 {
            self.last_actions.read(player)
        }
        fn paid(self: @ContractState, player: ContractAddress, token: ContractAddress) -> u256 {
            self.payments.read((player, token))
        }
        fn said(self: @ContractState, player: ContractAddress) -> ByteArray {
            self.texts.read(player)
        }
        fn placed(self: @ContractState, player: ContractAddress) -> u32 {
            self.placed.read(player)
        }
        fn item(self: @ContractState, player: ContractAddress, index: u32) -> Item {
            self.items.read((player, index))
        }
        fn filled(self: @ContractState) -> u32 {
            self.filled.read()
        }
    }
}
