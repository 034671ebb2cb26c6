// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// solhint-disable no-inline-assembly

/// @title Refuses calldata that carries more than its arguments
/// @notice The ABI decoder ignores bytes after, between and inside the padding of arguments. On a public chain those
/// bytes would be a place to leave somebody's personal data for ever, so the functions that take bytes refuse them.
library ExactCalldata {
    /// @notice The calldata is not the one canonical encoding of its arguments.
    error CalldataNotExact(uint256 length);

    /// @notice Passes when `msg.data` ends where the last argument does.
    function requireEnd(uint256 end) internal pure {
        require(end == msg.data.length, CalldataNotExact(msg.data.length));
    }

    /// @notice Where `part` ends when its length stands at `start` and its padding is clean; otherwise a value that no
    /// calldata ends at. Nest it to walk over several arguments in order.
    function endOf(uint256 start, bytes calldata part) internal pure returns (uint256 end) {
        // Reads calldata only: `part` was bounds-checked by the decoder, so no addition here can overflow.
        assembly ("memory-safe") {
            let size := part.length
            end := add(part.offset, and(add(size, 0x1f), not(0x1f)))
            let unused := and(sub(0, size), 0x1f)
            let dirt := 0
            if unused {
                dirt := shl(sub(256, shl(3, unused)), calldataload(sub(end, 0x20)))
            }
            if or(dirt, iszero(eq(part.offset, add(start, 0x20)))) {
                end := not(0)
            }
        }
    }
}
