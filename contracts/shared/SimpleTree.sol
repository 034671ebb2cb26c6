// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title A Merkle tree built in memory, node for node the one `@openzeppelin/merkle-tree` builds
/// @notice `SimpleMerkleTree.of(leaves, {sortLeaves: false})`: a complete binary tree of 2n-1 nodes, leaf i at place
/// 2n-2-i, parents hash their sorted children. Third parties can so verify with an independent library.
library SimpleTree {
    /// @notice Room for `count` leaves (at least one) and all their parents.
    function open(uint256 count) internal pure returns (bytes32[] memory nodes) {
        return new bytes32[](2 * count - 1);
    }

    /// @notice Places leaf number `index`.
    function put(bytes32[] memory nodes, uint256 index, bytes32 leaf) internal pure {
        nodes[nodes.length - 1 - index] = leaf;
    }

    /// @notice Hashes all parents and gives the root; a single leaf is its own root.
    function close(bytes32[] memory nodes) internal pure returns (bytes32 root) {
        for (uint256 parent = nodes.length / 2; parent > 0; --parent) {
            nodes[parent - 1] = Hashes.commutativeKeccak256(nodes[2 * parent - 1], nodes[2 * parent]);
        }
        return nodes[0];
    }
}
