// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// solhint-disable no-inline-assembly

/// @title Calls whose cost to the caller is known before they are made
/// @notice A callee may burn the gas it is given and return as much as it likes; the caller pays at most the cap and
/// copies at most the stated number of bytes. Source: nomad-xyz ExcessivelySafeCall, written anew.
library BoundedCall {
    /// @notice Calls `target` with at most `gasCap` gas and keeps at most `keptMax` bytes of what it returned.
    /// @dev The caller checks beforehand that `gasCap` is really available (EIP-150 silently lowers it otherwise).
    function callKeeping(
        address target,
        uint256 gasCap,
        bytes memory data,
        uint256 keptMax
    ) internal returns (bool success, bytes memory kept) {
        // Memory-safe: writes only from the free pointer on, and moves it past what was written.
        assembly ("memory-safe") {
            success := call(gasCap, target, 0, add(data, 0x20), mload(data), 0, 0)
            let size := returndatasize()
            if gt(size, keptMax) {
                size := keptMax
            }
            kept := mload(0x40)
            mstore(kept, size)
            returndatacopy(add(kept, 0x20), 0, size)
            mstore(0x40, add(kept, and(add(size, 0x3f), not(0x1f))))
        }
    }

    /// @notice Reads one word from `target` with at most `gasCap` gas; zero when the call fails or answers shorter.
    function staticcallWord(address target, uint256 gasCap, bytes memory data) internal view returns (bytes32 word) {
        // Memory-safe: the answer lands in the scratch space (0x00..0x1f), and only when it fills it.
        assembly ("memory-safe") {
            let success := staticcall(gasCap, target, add(data, 0x20), mload(data), 0x00, 0x20)
            if and(success, gt(returndatasize(), 0x1f)) {
                word := mload(0x00)
            }
        }
    }

    /// @notice Gas that a call made now could be given at most (EIP-150 keeps one 64th back).
    function givable() internal view returns (uint256) {
        uint256 left = gasleft();
        return left - left / 64;
    }
}
