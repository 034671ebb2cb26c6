// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface IDVCommittee {
    function tally(
        bytes32 digest,
        bytes calldata sigs
    ) external view returns (uint256 weight, uint256 total, address[] memory keys);

    function hasQuorum(bytes32 digest, bytes calldata sigs) external view returns (bool);
}
