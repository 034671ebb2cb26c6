// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The four kinds of Merkle leaf
/// @notice Every leaf is the double hash of a fixed-width encoding that starts with its kind, so that no inner node and
/// no leaf of another kind can pass for it (second pre-image).
library Leaves {
    uint256 internal constant INPUT = 1;
    uint256 internal constant OUTCOME = 2;
    uint256 internal constant CERTIFICATE = 3;
    uint256 internal constant HEADER = 4;

    /// @notice Leaf of a notarized transaction: its salted commitment.
    function input(bytes32 commitment) internal pure returns (bytes32) {
        return _twice(keccak256(abi.encode(INPUT, commitment)));
    }

    /// @notice Leaf of what became of the deal at place `index` of a batch.
    function outcome(
        uint256 index,
        bytes32 dealId,
        uint256 status,
        bytes32 reasonHash
    ) internal pure returns (bytes32) {
        return _twice(keccak256(abi.encode(OUTCOME, index, dealId, status, reasonHash)));
    }

    /// @notice Leaf of the certificate at place `index` of an attestation: its salted commitment.
    function certificate(uint256 index, bytes32 commitment) internal pure returns (bytes32) {
        return _twice(keccak256(abi.encode(CERTIFICATE, index, commitment)));
    }

    /// @notice Leaf of a notarized header shared with another chain, with what came of its items.
    function header(bytes32 headerHash, bytes32 outcomeRoot) internal pure returns (bytes32) {
        return _twice(keccak256(abi.encode(HEADER, headerHash, outcomeRoot)));
    }

    function _twice(bytes32 inner) private pure returns (bytes32) {
        return keccak256(bytes.concat(inner));
    }
}
