// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ICommitteeTable} from "./ICommitteeTable.sol";
import {IDVCommittee} from "./IDVCommittee.sol";

/// @title Epoch table of signing keys and their weights
/// @notice See {ICommitteeTable}. How a committee is chosen is up to the contract that inherits this one.
abstract contract CommitteeTable is ICommitteeTable, AccessManaged {
    /// One slot a key, because a tally reads one for each signature.
    struct Member {
        uint96 weight;
        uint96 earlierWeight;
        uint32 epoch;
        bool ejected;
    }

    struct Rules {
        uint16 quorumBps;
        uint8 minSigners;
        uint8 maxMembers;
        uint32 grace;
        uint32 staleAfter;
    }

    uint256 internal constant BPS = 10_000;
    uint256 private constant SIGNATURE_BYTES = 65;
    uint16 private constant QUORUM_BPS_MIN = 5_001;
    uint8 private constant SIGNERS_MIN = 3;
    uint8 private constant MEMBERS_MAX = 64;
    uint32 private constant GRACE_MAX = 7 days;
    uint32 private constant STALE_AFTER_MIN = 7 days;
    uint32 private constant STALE_AFTER_MAX = 365 days;

    mapping(address key => Member member) private _members;
    address[] private _keys;

    // One slot: everything a tally needs besides the members.
    uint96 private _total;
    uint32 private _epoch;
    uint48 private _epochStart;
    /// At most 7 days, which fits 24 bits and so the slot.
    uint24 private _grace;
    uint16 private _quorumBps;
    uint8 private _minSigners;
    uint32 private _staleAfter;
    uint8 private _maxMembers;
    uint96 private _earlierTotal;
    uint32 private _earlierEpoch;

    constructor(Rules memory rules_) {
        _requireBetween("quorumBps", rules_.quorumBps, QUORUM_BPS_MIN, BPS);
        _requireBetween("maxMembers", rules_.maxMembers, SIGNERS_MIN, MEMBERS_MAX);
        _requireBetween("minSigners", rules_.minSigners, SIGNERS_MIN, rules_.maxMembers);
        _requireBetween("grace", rules_.grace, 0, GRACE_MAX);
        _requireStaleAfter(rules_.staleAfter);

        _quorumBps = rules_.quorumBps;
        _minSigners = rules_.minSigners;
        _maxMembers = rules_.maxMembers;
        _grace = uint24(rules_.grace);
        _staleAfter = rules_.staleAfter;
    }

    /// @inheritdoc ICommitteeTable
    function eject(address key) external restricted {
        require(!_members[key].ejected, DVCommitteeKeyEjected(key));

        _members[key].ejected = true;
        emit KeyEjected(key);
    }

    /// @inheritdoc ICommitteeTable
    function reinstate(address key) external restricted {
        require(_members[key].ejected, DVCommitteeKeyNotEjected(key));

        _members[key].ejected = false;
        emit KeyReinstated(key);
    }

    /// @inheritdoc ICommitteeTable
    function setQuorum(uint16 bps) external restricted {
        _requireBetween("quorumBps", bps, QUORUM_BPS_MIN, BPS);
        _recordRule("quorumBps", _quorumBps, bps);
        _quorumBps = bps;
    }

    /// @inheritdoc ICommitteeTable
    function setMinSigners(uint8 count) external restricted {
        _requireBetween("minSigners", count, SIGNERS_MIN, _maxMembers);
        _recordRule("minSigners", _minSigners, count);
        _minSigners = count;
    }

    /// @inheritdoc ICommitteeTable
    function setMaxMembers(uint8 count) external restricted {
        _requireBetween("maxMembers", count, _minSigners, MEMBERS_MAX);
        _recordRule("maxMembers", _maxMembers, count);
        _maxMembers = count;
    }

    /// @inheritdoc ICommitteeTable
    function setGrace(uint32 seconds_) external restricted {
        _requireBetween("grace", seconds_, 0, GRACE_MAX);
        _recordRule("grace", _grace, seconds_);
        _grace = uint24(seconds_);
    }

    /// @inheritdoc ICommitteeTable
    function setStaleAfter(uint32 seconds_) external restricted {
        _requireStaleAfter(seconds_);
        _recordRule("staleAfter", _staleAfter, seconds_);
        _staleAfter = seconds_;
    }

    /// @inheritdoc IDVCommittee
    function hasQuorum(bytes32 digest, bytes calldata sigs) external view returns (bool) {
        (uint256 weight, uint256 total, address[] memory keys) = tally(digest, sigs);
        return _isQuorum(weight, total, keys.length);
    }

    /// @inheritdoc ICommitteeTable
    function members() external view returns (address[] memory) {
        return _keys;
    }

    /// @inheritdoc ICommitteeTable
    function isEjected(address key) external view returns (bool) {
        return _members[key].ejected;
    }

    /// @inheritdoc ICommitteeTable
    function rules() external view returns (uint16, uint8, uint8, uint32, uint32) {
        return (_quorumBps, _minSigners, _maxMembers, _grace, _staleAfter);
    }

    /// @inheritdoc ICommitteeTable
    function epoch() public view returns (uint32) {
        return _epoch;
    }

    /// @inheritdoc ICommitteeTable
    function epochStart() public view returns (uint48) {
        return _epochStart;
    }

    /// @inheritdoc ICommitteeTable
    function totalWeight() public view returns (uint256) {
        return _total;
    }

    /// @inheritdoc ICommitteeTable
    function weightOf(address key) public view returns (uint256) {
        return _weight(key, _epoch);
    }

    /// @inheritdoc IDVCommittee
    function tally(
        bytes32 digest,
        bytes calldata sigs
    ) public view returns (uint256 weight, uint256 total, address[] memory keys) {
        if (_isStale()) return (0, 0, new address[](0));
        address[] memory signers = _recoverSorted(digest, sigs);
        total = _total;
        (weight, keys) = _addUp(signers, _epoch);
        if (block.timestamp <= uint256(_epochStart) + _grace) {
            (uint256 earlierWeight, address[] memory earlierKeys) = _addUp(signers, _earlierEpoch);
            if (earlierWeight * total > weight * _earlierTotal) return (earlierWeight, _earlierTotal, earlierKeys);
        }
    }

    /// Replaces the committee in office by `seats`, which has passed {_requireSeats}.
    function _seat(uint32 newEpoch, Seat[] memory seats) internal {
        _earlierTotal = _total;
        _earlierEpoch = _epoch;

        uint96 total = 0;
        address[] memory keys = new address[](seats.length);
        uint96[] memory weights = new uint96[](seats.length);
        for (uint256 i = 0; i < seats.length; ++i) {
            Member storage member = _members[seats[i].key];
            // Zero unless it is in office now: an even older weight must not come back in the grace period.
            member.earlierWeight = member.epoch == _epoch ? member.weight : 0;
            member.weight = seats[i].weight;
            member.epoch = newEpoch;
            total += seats[i].weight;
            (keys[i], weights[i]) = (seats[i].key, seats[i].weight);
        }
        _keys = keys;
        _total = total;
        _epoch = newEpoch;
        _epochStart = uint48(block.timestamp);
        emit CommitteeSeated(newEpoch, keys, weights, total);
    }

    /// Takes the weight of a key in every epoch until it is seated again.
    function _unweigh(address key) internal {
        _members[key].weight = 0;
        _members[key].earlierWeight = 0;
    }

    function _recordRule(bytes32 rule, uint256 oldValue, uint256 newValue) internal {
        require(oldValue != newValue, DVCommitteeRuleUnchanged(rule, newValue));
        emit RuleSet(rule, oldValue, newValue);
    }

    function _requireSeats(Seat[] memory seats) internal view {
        require(
            seats.length >= _minSigners && seats.length <= _maxMembers,
            DVCommitteeSeatCount(seats.length, _minSigners, _maxMembers)
        );
        address previous = address(0);
        for (uint256 i = 0; i < seats.length; ++i) {
            address key = seats[i].key;
            require(key > previous, DVCommitteeUnsorted(previous, key));
            require(!_members[key].ejected, DVCommitteeKeyEjected(key));
            require(seats[i].weight > 0, DVCommitteeZeroWeight(key));
            previous = key;
        }
    }

    /// Adds up under one epoch only, so that no quorum is ever mixed from two committees.
    function _addUp(
        address[] memory signers,
        uint32 whichEpoch
    ) internal view returns (uint256 weight, address[] memory keys) {
        keys = new address[](signers.length);
        uint256 count = 0;
        for (uint256 i = 0; i < signers.length; ++i) {
            uint256 one = _weight(signers[i], whichEpoch);
            if (one == 0) continue;
            weight += one;
            keys[count++] = signers[i];
        }
        if (count < keys.length) keys = _firstOf(keys, count);
    }

    function _isQuorum(uint256 weight, uint256 total, uint256 count) internal view returns (bool) {
        return total > 0 && count >= _minSigners && weight * BPS >= total * _quorumBps;
    }

    /// The signers in order, or none at all when any part of the blob is not as it must be.
    function _recoverSorted(bytes32 digest, bytes calldata sigs) internal pure returns (address[] memory signers) {
        uint256 count = sigs.length / SIGNATURE_BYTES;
        if (sigs.length % SIGNATURE_BYTES != 0 || count > MEMBERS_MAX) return new address[](0);
        signers = new address[](count);
        address previous = address(0);
        for (uint256 i = 0; i < count; ++i) {
            bytes calldata one = sigs[i * SIGNATURE_BYTES:(i + 1) * SIGNATURE_BYTES];
            (address signer, , ) = ECDSA.tryRecoverCalldata(digest, one);
            // A malformed signature recovers to zero, which is never above the one before.
            if (signer <= previous) return new address[](0);
            signers[i] = signer;
            previous = signer;
        }
    }

    function _requireBetween(bytes32 rule, uint256 value, uint256 min, uint256 max) internal pure {
        require(value >= min && value <= max, DVCommitteeRuleOutOfBounds(rule, value, min, max));
    }

    function _weight(address key, uint32 whichEpoch) private view returns (uint256) {
        Member storage member = _members[key];
        // Read together, once: a tally does this for every signature.
        (uint96 weight, uint32 seated, bool ejected) = (member.weight, member.epoch, member.ejected);
        if (ejected || whichEpoch == 0) return 0;
        if (seated == whichEpoch) return weight;
        // Seated again since: its weight of the epoch before is kept beside the new one.
        return seated == _epoch && whichEpoch == _earlierEpoch ? member.earlierWeight : 0;
    }

    function _isStale() private view returns (bool) {
        return _staleAfter != 0 && block.timestamp > uint256(_epochStart) + _staleAfter;
    }

    function _requireStaleAfter(uint32 seconds_) private pure {
        if (seconds_ != 0) _requireBetween("staleAfter", seconds_, STALE_AFTER_MIN, STALE_AFTER_MAX);
    }

    function _firstOf(address[] memory keys, uint256 count) private pure returns (address[] memory first) {
        first = new address[](count);
        for (uint256 i = 0; i < count; ++i) first[i] = keys[i];
    }
}
