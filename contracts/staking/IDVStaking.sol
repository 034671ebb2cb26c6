// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface IDVStaking {
    function creditFee(address[] calldata keys, uint256 amount) external;

    function proveEquivocation(address key, bytes32 evidence) external;

    function nodeOf(address key) external view returns (address);
}
