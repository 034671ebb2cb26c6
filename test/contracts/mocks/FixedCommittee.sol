// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A committee with fixed members: the tally rules of the interface without epochs. Weights in any unit.
contract FixedCommittee {
    mapping(address key => uint256 weight) public weightOf;
    uint256 public total;
    uint256 public quorumBps;
    uint256 public minSigners;

    constructor(address[] memory keys, uint256 bps, uint256 signers) {
        for (uint256 i = 0; i < keys.length; ++i) set(keys[i], 100);
        (quorumBps, minSigners) = (bps, signers);
    }

    function set(address key, uint256 weight) public {
        total = total - weightOf[key] + weight;
        weightOf[key] = weight;
    }

    function setQuorum(uint256 bps, uint256 signers) external {
        (quorumBps, minSigners) = (bps, signers);
    }

    function hasQuorum(bytes32 digest, bytes calldata sigs) external view returns (bool) {
        (uint256 weight, uint256 all, address[] memory keys) = tally(digest, sigs);
        return all > 0 && weight > 0 && weight * 10_000 >= all * quorumBps && keys.length >= minSigners;
    }

    function tally(
        bytes32 digest,
        bytes calldata sigs
    ) public view returns (uint256 weight, uint256 all, address[] memory keys) {
        uint256 count = sigs.length / 65;
        if (sigs.length % 65 != 0 || count > 64) return (0, total, new address[](0));
        keys = new address[](count);
        uint256 known = 0;
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            (address key, , ) = ECDSA.tryRecoverCalldata(digest, sigs[i * 65:(i + 1) * 65]);
            if (key <= last) return (0, total, new address[](0));
            last = key;
            if (weightOf[key] == 0) continue;
            weight += weightOf[key];
            keys[known++] = key;
        }
        assembly ("memory-safe") {
            mstore(keys, known)
        }
        return (weight, total, keys);
    }
}
