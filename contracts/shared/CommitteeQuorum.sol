// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IDVCommittee} from "../staking/IDVCommittee.sol";
import {ICommitteeQuorum} from "./ICommitteeQuorum.sol";

/// @title CommitteeQuorum
/// @notice See ICommitteeQuorum.
abstract contract CommitteeQuorum is ICommitteeQuorum, AccessManaged {
    uint256 private constant BPS_WHOLE = 10_000;
    uint16 private constant BPS_MIN = 5_001;
    uint8 private constant SIGNERS_MIN = 3;
    uint8 private constant SIGNERS_MAX = 64;

    IDVCommittee private immutable COMMITTEE;

    uint16 private _bps = 6_700;
    uint8 private _signers = SIGNERS_MIN;

    constructor(address committee_) {
        require(committee_ != address(0), CommitteeQuorumZeroAddress());
        COMMITTEE = IDVCommittee(committee_);
    }

    /// @inheritdoc ICommitteeQuorum
    function setQuorum(uint16 bps, uint8 signers) external restricted {
        bool inBounds = bps >= BPS_MIN && bps <= BPS_WHOLE && signers >= SIGNERS_MIN && signers <= SIGNERS_MAX;
        require(inBounds, CommitteeQuorumOutOfBounds(bps, signers));
        (uint16 oldBps, uint8 oldSigners) = (_bps, _signers);
        require(bps != oldBps || signers != oldSigners, CommitteeQuorumNoChange());

        (_bps, _signers) = (bps, signers);
        emit QuorumSet(oldBps, oldSigners, bps, signers);
    }

    /// @inheritdoc ICommitteeQuorum
    function quorum() external view returns (uint16 bps, uint8 signers) {
        return (_bps, _signers);
    }

    /// @inheritdoc ICommitteeQuorum
    function committee() external view returns (address) {
        return address(COMMITTEE);
    }

    /// @dev The keys that signed, when they are enough; an empty committee never is.
    function _requireQuorum(bytes32 digest, bytes calldata sigs) internal view returns (address[] memory keys) {
        uint256 weight;
        uint256 total;
        (weight, total, keys) = COMMITTEE.tally(digest, sigs);
        bool enough = total > 0 && keys.length >= _signers && weight * BPS_WHOLE >= total * _bps;
        require(enough, CommitteeQuorumMissing(digest, weight, total, keys.length));
    }
}
