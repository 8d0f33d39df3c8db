// An ERC-20 whose coins anyone may mint: both spellings of every entrypoint, as the tokens in use have them.
use starknet::ContractAddress;

#[starknet::interface]
trait IToken<T> {
    fn name(self: @T) -> ByteArray;
    fn symbol(self: @T) -> ByteArray;
    fn decimals(self: @T) -> u8;
    fn total_supply(self: @T) -> u256;
    fn totalSupply(self: @T) -> u256;
    fn balance_of(self: @T, account: ContractAddress) -> u256;
    fn balanceOf(self: @T, account: ContractAddress) -> u256;
    fn allowance(self: @T, owner: ContractAddress, spender: ContractAddress) -> u256;
    fn transfer(ref self: T, recipient: ContractAddress, amount: u256) -> bool;
    fn transfer_from(ref self: T, sender: ContractAddress, recipient: ContractAddress, amount: u256) -> bool;
    fn transferFrom(ref self: T, sender: ContractAddress, recipient: ContractAddress, amount: u256) -> bool;
    fn approve(ref self: T, spender: ContractAddress, amount: u256) -> bool;
    fn increase_allowance(ref self: T, spender: ContractAddress, added_value: u256) -> bool;
    fn increaseAllowance(ref self: T, spender: ContractAddress, addedValue: u256) -> bool;
    fn decrease_allowance(ref self: T, spender: ContractAddress, subtracted_value: u256) -> bool;
    fn decreaseAllowance(ref self: T, spender: ContractAddress, subtractedValue: u256) -> bool;
    fn mint(ref self: T, recipient: ContractAddress, amount: u256);
}

#[starknet::contract]
mod Token {
    use core::num::traits::Zero;
    use starknet::{ContractAddress, get_caller_address};
    use starknet::storage::Map;

    #[storage]
    struct Storage {
        name: ByteArray,
        symbol: ByteArray,
        supply: u256,
        balances: Map<ContractAddress, u256>,
        allowances: Map<(ContractAddress, ContractAddress), u256>,
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
    fn constructor(ref self: ContractState, name: ByteArray, symbol: ByteArray) {
        self.name.write(name);
        self.symbol.write(symbol);
    }

    #[abi(embed_v0)]
    impl TokenImpl of super::IToken<ContractState> {
        fn name(self: @ContractState) -> ByteArray {
            self.name.read()
        }
        fn symbol(self: @ContractState) -> ByteArray {
            self.symbol.read()
        }
        fn decimals(self: @ContractState) -> u8 {
            18
        }
        fn total_supply(self: @ContractState) -> u256 {
            self.supply.read()
        }
        fn totalSupply(self: @ContractState) -> u256 {
            self.supply.read()
        }
        fn balance_of(self: @ContractState, account: ContractAddress) -> u256 {
            self.balances.read(account)
        }
        fn balanceOf(self: @ContractState, account: ContractAddress) -> u256 {
            self.balances.read(account)
        }
        fn allowance(self: @ContractState, owner: ContractAddress, spender: ContractAddress) -> u256 {
            self.allowances.read((owner, spender))
        }
        fn transfer(ref self: ContractState, recipient: ContractAddress, amount: u256) -> bool {
            self.move_coins(get_caller_address(), recipient, amount);
            true
        }
        fn transfer_from(
            ref self: ContractState, sender: ContractAddress, recipient: ContractAddress, amount: u256
        ) -> bool {
            self.spend(sender, recipient, amount)
        }
        fn transferFrom(
            ref self: ContractState, sender: ContractAddress, recipient: ContractAddress, amount: u256
        ) -> bool {
            self.spend(sender, recipient, amount)
        }
        fn approve(ref self: ContractState, spender: ContractAddress, amount: u256) -> bool {
            self.allow(get_caller_address(), spender, amount)
        }
        fn increase_allowance(ref self: ContractState, spender: ContractAddress, added_value: u256) -> bool {
            self.allow_more(spender, added_value)
        }
        fn increaseAllowance(ref self: ContractState, spender: ContractAddress, addedValue: u256) -> bool {
            self.allow_more(spender, addedValue)
        }
        fn decrease_allowance(ref self: ContractState, spender: ContractAddress, subtracted_value: u256) -> bool {
            self.allow_less(spender, subtracted_value)
        }
        fn decreaseAllowance(ref self: ContractState, spender: ContractAddress, subtractedValue: u256) -> bool {
            self.allow_less(spender, subtractedValue)
        }
        fn mint(ref self: ContractState, recipient: ContractAddress, amount: u256) {
            self.supply.write(self.supply.read() + amount);
            self.balances.write(recipient, self.balances.read(recipient) + amount);
            self.emit(Transfer { from: Zero::zero(), to: recipient, value: amount });
        }
    }

    #[generate_trait]
    impl Inside of InsideTrait {
        fn move_coins(ref self: ContractState, from: ContractAddress, to: ContractAddress, amount: u256) {
            let balance = self.balances.read(from);
            assert(balance >= amount, 'token: balance too small');
            self.balances.write(from, balance - amount);
            self.balances.write(to, self.balances.read(to) + amount);
            self.emit(Transfer { from, to, value: amount });
        }
        fn spend(ref self: ContractState, from: ContractAddress, to: ContractAddress, amount: u256) -> bool {
            let spender = get_caller_address();
            let allowed = self.allowances.read((from, spender));
            assert(allowed >= amount, 'token: allowance too small');
            self.allow(from, spender, allowed - amount);
            self.move_coins(from, to, amount);
            true
        }
        fn allow(
            ref self: ContractState, owner: ContractAddress, spender: ContractAddress, amount: u256
        ) -> bool {
            self.allowances.write((owner, spender), amount);
            self.emit(Approval { owner, spender, value: amount });
            true
        }
        fn allow_more(ref self: ContractState, spender: ContractAddress, added: u256) -> bool {
            let owner = get_caller_address();
            self.allow(owner, spender, self.allowances.read((owner, spender)) + added)
        }
        fn allow_less(ref self: ContractState, spender: ContractAddress, subtracted: u256) -> bool {
            let owner = get_caller_address();
            let allowed = self.allowances.read((owner, spender));
            assert(allowed >= subtracted, 'token: allowance too small');
            self.allow(owner, spender, allowed - subtracted)
        }
    }
}
