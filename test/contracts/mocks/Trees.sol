// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Leaves} from "../../../contracts/shared/Leaves.sol";
import {SimpleTree} from "../../../contracts/shared/SimpleTree.sol";

/// @notice Opens the internal tree to tests.
contract Trees {
    struct Outcome {
        bytes32 dealId;
        uint256 status;
        bytes reason;
    }

    /// Roots over the first `from` to `to` of the commitments.
    function inputRoots(
        bytes32[] calldata commitments,
        uint256 from,
        uint256 to
    ) external pure returns (bytes32[] memory roots) {
        bytes32[] memory leaves = new bytes32[](to);
        for (uint256 i = 0; i < to; ++i) leaves[i] = Leaves.input(commitments[i]);
        roots = new bytes32[](to - from + 1);
        for (uint256 count = from; count <= to; ++count) {
            bytes32[] memory nodes = SimpleTree.open(count);
            for (uint256 i = 0; i < count; ++i) SimpleTree.put(nodes, i, leaves[i]);
            roots[count - from] = SimpleTree.close(nodes);
        }
    }

    function outcomeRoot(Outcome[] calldata outcomes) external pure returns (bytes32) {
        bytes32[] memory nodes = SimpleTree.open(outcomes.length);
        for (uint256 i = 0; i < outcomes.length; ++i) {
            Outcome calldata one = outcomes[i];
            SimpleTree.put(nodes, i, Leaves.outcome(i, one.dealId, one.status, keccak256(one.reason)));
        }
        return SimpleTree.close(nodes);
    }

    function accepts(bytes32 root, bytes32[] calldata proof, bytes32 commitment) external pure returns (bool) {
        return MerkleProof.verifyCalldata(proof, root, Leaves.input(commitment));
    }
}
