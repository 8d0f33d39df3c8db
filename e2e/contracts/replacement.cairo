// What Replaceable becomes: the same entrypoints, and playing counts a hundred times.
use starknet::ClassHash;

#[starknet::interface]
trait IReplaceable<T> {
    fn play(ref self: T);
    fn replace(ref self: T, class_hash: ClassHash);
    fn plays(self: @T) -> u64;
}

#[starknet::contract]
mod Replacement {
    use starknet::{ClassHash, SyscallResultTrait};
    use starknet::syscalls::replace_class_syscall;

    #[storage]
    struct Storage {
        plays: u64,
    }

    #[abi(embed_v0)]
    impl ReplacementImpl of super::IReplaceable<ContractState> {
        fn play(ref self: ContractState) {
            self.plays.write(self.plays.read() + 100);
        }
        fn replace(ref self: ContractState, class_hash: ClassHash) {
            replace_class_syscall(class_hash).unwrap_syscall();
        }
        fn plays(self: @ContractState) -> u64 {
            self.plays.read()
        }
    }
}
