// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// solhint-disable no-inline-assembly

import {ISettlementEngine} from "../settlement/ISettlementEngine.sol";

/// @title EIP-712 hash of a list of legs, straight from calldata
/// @notice A leg is four words and its hash is that of its type and those words; copying them one by one through the
/// ABI encoder would cost each deal twice as much. An address with dirty high bits hashes to something nobody signed.
library LegsHash {
    /// @notice keccak256 of the concatenated struct hashes.
    function hashAll(bytes32 typeHash, ISettlementEngine.Leg[] calldata legs) internal pure returns (bytes32 hash) {
        // Memory-safe: works beyond the free pointer and leaves nothing there that anybody owns; `legs` was
        // bounds-checked by the decoder.
        assembly ("memory-safe") {
            let leg := mload(0x40)
            let hashes := add(leg, 0xa0)
            let end := add(hashes, shl(5, legs.length))
            mstore(leg, typeHash)
            let source := legs.offset
            for {
                let at := hashes
            } lt(at, end) {
                at := add(at, 0x20)
            } {
                calldatacopy(add(leg, 0x20), source, 0x80)
                mstore(at, keccak256(leg, 0xa0))
                source := add(source, 0x80)
            }
            hash := keccak256(hashes, shl(5, legs.length))
        }
    }
}
