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

    function inputRoot(bytes32[] calldata commitments) external pure returns (bytes32) {
        bytes32[] memory nodes = SimpleTree.open(commitments.length);
        for (uint256 i = 0; i < commitments.length; ++i) SimpleTree.put(nodes, i, Leaves.input(commitments[i]));
        return SimpleTree.close(nodes);
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
