// A contract that does what another class does, by the storage layout of OpenZeppelin's proxies: its own class never changes.
use starknet::ClassHash;

#[starknet::interface]
trait IProxy<T> {
    fn play(ref self: T);
    fn point(ref self: T, class_hash: ClassHash);
    fn plays(self: @T) -> u64;
}

#[starknet::interface]
trait IPlayed<T> {
    fn play(ref self: T);
    fn plays(self: @T) -> u64;
}

#[starknet::contract]
mod Proxy {
    use starknet::ClassHash;
    use super::{IPlayedDispatcherTrait, IPlayedLibraryDispatcher};

    #[storage]
    struct Storage {
        Proxy_implementation_hash: ClassHash,
    }

    #[constructor]
    fn constructor(ref self: ContractState, class_hash: ClassHash) {
        self.Proxy_implementation_hash.write(class_hash);
    }

    #[abi(embed_v0)]
    impl ProxyImpl of super::IProxy<ContractState> {
        fn play(ref self: ContractState) {
            IPlayedLibraryDispatcher { class_hash: self.Proxy_implementation_hash.read() }.play();
        }
        fn point(ref self: ContractState, class_hash: ClassHash) {
            self.Proxy_implementation_hash.write(class_hash);
        }
        fn plays(self: @ContractState) -> u64 {
            IPlayedLibraryDispatcher { class_hash: self.Proxy_implementation_hash.read() }.plays()
        }
    }
}
