// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// solhint-disable no-inline-assembly

/// @title Gives memory back, inside long loops above all
/// @notice Memory costs grow with its square, so a loop of 256 items that never gives back pays for all of them at once.
library MemoryMark {
    /// @notice Remembers where free memory starts.
    function take() internal pure returns (uint256 mark) {
        // Memory-safe: only reads the free pointer.
        assembly ("memory-safe") {
            mark := mload(0x40)
        }
    }

    /// @notice Frees everything allocated since `mark`. The caller holds no reference into it any more.
    function release(uint256 mark) internal pure {
        // Memory-safe under the caller's promise: the pointer only returns to a place it has been before.
        assembly ("memory-safe") {
            mstore(0x40, mark)
        }
    }

    /// @notice Shortens an array to its first `length` entries; `length` is at most what it has.
    function shorten(address[] memory list, uint256 length) internal pure {
        // Memory-safe: only lowers the length word, what follows stays allocated.
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }
}
