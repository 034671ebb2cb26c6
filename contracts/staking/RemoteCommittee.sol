// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {CommitteeTable} from "./CommitteeTable.sol";
import {IRemoteCommittee} from "./IRemoteCommittee.sol";

/// @title Committee of a remote chain, handed over by signature
/// @notice See {IRemoteCommittee} for the handover and {ICommitteeTable} for the table.
contract RemoteCommittee is CommitteeTable, EIP712, IRemoteCommittee {
    bytes32 private constant HANDOVER_TYPEHASH = keccak256("Handover(uint32 epoch,address[] keys,uint96[] weights)");

    constructor(
        address authority_,
        Rules memory tableRules,
        uint32 firstEpoch,
        Seat[] memory firstSeats
    ) CommitteeTable(tableRules) EIP712("DVCommittee", "1") AccessManaged(authority_) {
        require(firstEpoch > 0, RemoteCommitteeEpochNotLater(firstEpoch, 0));
        _requireSeats(firstSeats);

        _seat(firstEpoch, firstSeats);
    }

    /// @inheritdoc IRemoteCommittee
    function handover(uint32 epoch_, address[] calldata keys, uint96[] calldata weights, bytes calldata sigs) external {
        require(epoch_ > epoch(), RemoteCommitteeEpochNotLater(epoch_, epoch()));
        require(keys.length == weights.length, RemoteCommitteeLengthMismatch(keys.length, weights.length));
        bytes32 digest = hashHandover(epoch_, keys, weights);
        // Not {tally}: the committee before the one in office may still sign batches, but not choose successors.
        (uint256 weight, address[] memory signers) = _addUp(_recoverSorted(digest, sigs), epoch());
        require(
            _isQuorum(weight, totalWeight(), signers.length),
            RemoteCommitteeNoQuorum(digest, weight, totalWeight())
        );
        Seat[] memory seats = new Seat[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) seats[i] = Seat({key: keys[i], weight: weights[i]});
        _requireSeats(seats);

        _seat(epoch_, seats);
    }

    /// @inheritdoc IRemoteCommittee
    function hashHandover(
        uint32 epoch_,
        address[] calldata keys,
        uint96[] calldata weights
    ) public view returns (bytes32) {
        bytes32 keysHash = keccak256(abi.encodePacked(keys));
        bytes32 weightsHash = keccak256(abi.encodePacked(weights));
        return _hashTypedDataV4(keccak256(abi.encode(HANDOVER_TYPEHASH, epoch_, keysHash, weightsHash)));
    }
}
