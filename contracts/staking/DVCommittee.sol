// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {CommitteeTable} from "./CommitteeTable.sol";
import {INodeStakes} from "./INodeStakes.sol";
import {IHomeCommittee} from "./IHomeCommittee.sol";

/// @title Committee of the home chain, chosen from the stakes
/// @notice See {IHomeCommittee} for the choice and {ICommitteeTable} for the table.
contract DVCommittee is CommitteeTable, IHomeCommittee {
    struct ElectionRules {
        uint96 minStake;
        uint32 epochLength;
        uint32 challengeWindow;
        uint32 challengeWindowMin;
    }

    uint32 private constant EPOCH_LENGTH_MIN = 1 hours;
    uint32 private constant EPOCH_LENGTH_MAX = 30 days;
    uint32 private constant CHALLENGE_WINDOW_MAX = 7 days;

    INodeStakes private immutable STAKING;
    uint32 private immutable CHALLENGE_WINDOW_MIN;

    uint96 private _minStake;
    uint32 private _epochLength;
    uint32 private _challengeWindow;

    /// Empty when nobody is nominated.
    Seat[] private _nominated;
    uint96 private _nominatedTotal;
    uint48 private _closesAt;
    uint48 private _snapshotAt;

    constructor(
        address authority_,
        INodeStakes staking_,
        Rules memory tableRules,
        ElectionRules memory rules_
    ) CommitteeTable(tableRules) AccessManaged(authority_) {
        _requireBetween("challengeWindowMin", rules_.challengeWindowMin, 0, CHALLENGE_WINDOW_MAX);
        STAKING = staking_;
        CHALLENGE_WINDOW_MIN = rules_.challengeWindowMin;
        _requireBetween("minStake", rules_.minStake, 1, type(uint96).max);
        _requireBetween("epochLength", rules_.epochLength, EPOCH_LENGTH_MIN, EPOCH_LENGTH_MAX);
        _requireBetween("challengeWindow", rules_.challengeWindow, rules_.challengeWindowMin, CHALLENGE_WINDOW_MAX);

        _minStake = rules_.minStake;
        _epochLength = rules_.epochLength;
        _challengeWindow = rules_.challengeWindow;
    }

    /// @inheritdoc IHomeCommittee
    function nominate(address[] calldata keys) external {
        uint256 endsAt = epoch() == 0 ? 0 : uint256(epochStart()) + _epochLength;
        require(block.timestamp >= endsAt, DVCommitteeEpochNotOver(endsAt));
        if (_snapshotAt == 0) {
            // The second before, because the stakes of this one can still change.
            _snapshotAt = uint48(block.timestamp - 1);
            _closesAt = uint48(block.timestamp + _challengeWindow);
        }
        require(block.timestamp <= _closesAt, DVCommitteeNominationsClosed(_closesAt));
        (Seat[] memory seats, uint256 total) = _weigh(keys);
        _requireSeats(seats);
        require(total > _nominatedTotal, DVCommitteeNotHeavier(total, _nominatedTotal));

        delete _nominated;
        for (uint256 i = 0; i < seats.length; ++i) _nominated.push(seats[i]);
        _nominatedTotal = SafeCast.toUint96(total);
        emit Nominated(epoch() + 1, msg.sender, total, _closesAt);
    }

    /// @inheritdoc IHomeCommittee
    function roll() external {
        uint48 closesAt = _closesAt;
        // A window of no length closes in the second it opens.
        bool closed = closesAt != 0 && (block.timestamp > closesAt || _challengeWindow == 0);
        require(closed, DVCommitteeWindowOpen(closesAt));

        Seat[] memory seats = _nominated;
        delete _nominated;
        (_nominatedTotal, _closesAt, _snapshotAt) = (0, 0, 0);
        _seat(epoch() + 1, seats);
    }

    /// @inheritdoc IHomeCommittee
    function dismiss(address key) external {
        uint256 held = STAKING.stakeOf(STAKING.nodeOf(key));
        require(held < _minStake && weightOf(key) > 0, DVCommitteeNotDismissible(key));

        _unweigh(key);
        emit KeyDismissed(key, held);
    }

    /// @inheritdoc IHomeCommittee
    function setMinStake(uint96 amount) external restricted {
        _requireBetween("minStake", amount, 1, type(uint96).max);
        _recordRule("minStake", _minStake, amount);
        _minStake = amount;
    }

    /// @inheritdoc IHomeCommittee
    function setEpochLength(uint32 seconds_) external restricted {
        _requireBetween("epochLength", seconds_, EPOCH_LENGTH_MIN, EPOCH_LENGTH_MAX);
        _recordRule("epochLength", _epochLength, seconds_);
        _epochLength = seconds_;
    }

    /// @inheritdoc IHomeCommittee
    function setChallengeWindow(uint32 seconds_) external restricted {
        _requireBetween("challengeWindow", seconds_, CHALLENGE_WINDOW_MIN, CHALLENGE_WINDOW_MAX);
        _recordRule("challengeWindow", _challengeWindow, seconds_);
        _challengeWindow = seconds_;
    }

    /// @inheritdoc IHomeCommittee
    function staking() external view returns (address) {
        return address(STAKING);
    }

    /// @inheritdoc IHomeCommittee
    function nomination() external view returns (uint256, uint48, uint48) {
        return (_nominatedTotal, _closesAt, _snapshotAt);
    }

    /// @inheritdoc IHomeCommittee
    function electionRules() external view returns (uint96, uint32, uint32, uint32) {
        return (_minStake, _epochLength, _challengeWindow, CHALLENGE_WINDOW_MIN);
    }

    function _weigh(address[] calldata keys) private view returns (Seat[] memory seats, uint256 total) {
        seats = new Seat[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            address node = STAKING.nodeOf(keys[i]);
            require(node != address(0) && STAKING.keyOf(node) == keys[i], DVCommitteeKeyUnknown(keys[i]));
            // The smaller of both: stake that came later is no weight yet, stake that left is no weight any more.
            uint256 held = Math.min(STAKING.getPastBalanceOf(node, _snapshotAt), STAKING.stakeOf(node));
            require(held >= _minStake, DVCommitteeStakeTooSmall(keys[i], held, _minStake));
            seats[i] = Seat({key: keys[i], weight: SafeCast.toUint96(held)});
            total += held;
        }
    }
}
