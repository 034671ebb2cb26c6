// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CallType, ERC7579Utils, eqCallType, Mode} from "@openzeppelin/contracts/account/utils/draft-ERC7579Utils.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorCrosschain} from "@openzeppelin/contracts/governance/extensions/GovernorCrosschain.sol";
import {GovernorPreventLateQuorum} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorProposalGuardian} from "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {GovernorDeposit} from "./GovernorDeposit.sol";
import {IPlatformGovernor} from "./IPlatformGovernor.sol";

/// @title Governor of the platform
/// @notice See {IPlatformGovernor} and {IGovernorDeposit}; the rest is OpenZeppelin's Governor with simple counting.
contract PlatformGovernor is
    IPlatformGovernor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorTimelockControl,
    GovernorProposalGuardian,
    GovernorCrosschain,
    GovernorDeposit
{
    using Checkpoints for Checkpoints.Trace208;

    uint256 private constant BPS = 10_000;
    uint256 private constant QUORUM_BPS_MIN = 100;
    uint256 private constant QUORUM_BPS_MAX = 5_000;
    uint256 private constant VOTING_PERIOD_MIN = 1 minutes;
    /// Nobody holds the key of this precompile: it stands for a guardian whose term is over.
    address private constant NOBODY = address(1);

    uint48 private immutable SPAN_MAX;
    uint48 private immutable GUARDIAN_TERM;
    uint256 private immutable QUORUM_FLOOR_MAX;

    uint48 private _guardianUntil;
    Checkpoints.Trace208 private _quorumFloors;

    constructor(
        IVotes staking,
        IERC20 token_,
        TimelockController timelock_,
        Rules memory rules
    )
        Governor("PlatformGovernor")
        GovernorSettings(rules.votingDelay, rules.votingPeriod, rules.proposalThreshold)
        GovernorVotes(staking)
        GovernorVotesQuorumFraction(rules.quorumBps)
        GovernorPreventLateQuorum(rules.voteExtension)
        GovernorTimelockControl(timelock_)
        GovernorDeposit(token_, rules.deposit, rules.depositMax)
    {
        SPAN_MAX = rules.spanMax;
        GUARDIAN_TERM = rules.guardianTerm;
        QUORUM_FLOOR_MAX = rules.quorumFloorMax;
        _setQuorumFloor(rules.quorumFloor, rules.quorumFloorMax);
        _appoint(rules.guardian, rules.guardianTerm);
        _requireSpan(rules.spanMax);
    }

    /// @inheritdoc IPlatformGovernor
    function setQuorumFloor(uint256 floor) external onlyGovernance {
        _setQuorumFloor(floor, QUORUM_FLOOR_MAX);
    }

    /// @inheritdoc IPlatformGovernor
    function quorumFloor() external view returns (uint256) {
        return _quorumFloors.latest();
    }

    /// @inheritdoc IPlatformGovernor
    function quorumFloorMax() external view returns (uint256) {
        return QUORUM_FLOOR_MAX;
    }

    /// @inheritdoc IPlatformGovernor
    function guardianUntil() external view returns (uint48) {
        return _guardianUntil;
    }

    /// @inheritdoc IPlatformGovernor
    function spanMax() external view returns (uint48) {
        return SPAN_MAX;
    }

    /// @notice As OpenZeppelin's, but the whole way to execution must stay within {spanMax}.
    function setVotingDelay(uint48 newVotingDelay) public override {
        super.setVotingDelay(newVotingDelay);
        _requireSpan(SPAN_MAX);
    }

    /// @notice As OpenZeppelin's, but the whole way to execution must stay within {spanMax}.
    function setVotingPeriod(uint32 newVotingPeriod) public override {
        super.setVotingPeriod(newVotingPeriod);
        _requireSpan(SPAN_MAX);
    }

    /// @notice As OpenZeppelin's, but the whole way to execution must stay within {spanMax}.
    function setLateQuorumVoteExtension(uint48 newVoteExtension) public override {
        super.setLateQuorumVoteExtension(newVoteExtension);
        _requireSpan(SPAN_MAX);
    }

    /// @notice The guardian, or an address nobody has once its term is over.
    function proposalGuardian() public view override returns (address) {
        return block.timestamp < _guardianUntil ? super.proposalGuardian() : NOBODY;
    }

    /// @notice Votes a quorum needs at a past second: the part of the staked tokens, and never less than the floor.
    /// @dev Small supplies need the floor: a part of what is left after a mass unstake is within anybody's reach.
    function quorum(uint256 timepoint) public view override(Governor, GovernorVotesQuorumFraction) returns (uint256) {
        return Math.max(super.quorum(timepoint), _quorumFloors.upperLookupRecent(SafeCast.toUint48(timepoint)));
    }

    /// @inheritdoc Governor
    function state(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    /// @inheritdoc Governor
    function proposalNeedsQueuing(
        uint256 proposalId
    ) public view override(Governor, GovernorTimelockControl) returns (bool) {
        return super.proposalNeedsQueuing(proposalId);
    }

    /// @inheritdoc Governor
    function proposalDeadline(
        uint256 proposalId
    ) public view override(Governor, GovernorPreventLateQuorum) returns (uint256) {
        return super.proposalDeadline(proposalId);
    }

    /// @inheritdoc Governor
    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    /// @notice Quorum parts are basis points.
    function quorumDenominator() public pure override returns (uint256) {
        return BPS;
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override(Governor, GovernorDeposit) returns (uint256) {
        return super._propose(targets, values, calldatas, description, proposer);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl, GovernorDeposit) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _setProposalGuardian(address newProposalGuardian) internal override {
        _appoint(newProposalGuardian, GUARDIAN_TERM);
    }

    function _updateQuorumNumerator(uint256 newQuorumNumerator) internal override {
        require(
            newQuorumNumerator >= QUORUM_BPS_MIN && newQuorumNumerator <= QUORUM_BPS_MAX,
            PlatformGovernorQuorumOutOfBounds(newQuorumNumerator, QUORUM_BPS_MIN, QUORUM_BPS_MAX)
        );
        super._updateQuorumNumerator(newQuorumNumerator);
    }

    function _crosschainExecute(
        address gateway,
        bytes memory executor,
        Mode mode,
        bytes memory executionCalldata
    ) internal override {
        (CallType callType, , , ) = ERC7579Utils.decodeMode(mode);
        // Foreign code run in the remote executor's place could take over everything the executor administers.
        require(
            !eqCallType(callType, ERC7579Utils.CALLTYPE_DELEGATECALL),
            PlatformGovernorDelegateCall(Mode.unwrap(mode))
        );
        super._crosschainExecute(gateway, executor, mode, executionCalldata);
    }

    function _validateCancel(
        uint256 proposalId,
        address caller
    ) internal view override(Governor, GovernorProposalGuardian) returns (bool) {
        return super._validateCancel(proposalId, caller);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    function _appoint(address guardian, uint48 term) private {
        require(guardian != address(0), PlatformGovernorGuardianMissing());
        super._setProposalGuardian(guardian);
        _guardianUntil = uint48(block.timestamp) + term;
        emit GuardianTermSet(guardian, _guardianUntil);
    }

    function _setQuorumFloor(uint256 floor, uint256 floorMax) private {
        require(floor <= floorMax, PlatformGovernorFloorTooHigh(floor, floorMax));
        (uint208 oldFloor, ) = _quorumFloors.push(clock(), SafeCast.toUint208(floor));
        emit QuorumFloorSet(oldFloor, floor);
    }

    /// A voter's stake must still be slashable when what it voted for takes effect.
    function _requireSpan(uint48 spanMax_) private view {
        (uint256 delay, uint256 period) = (votingDelay(), votingPeriod());
        require(delay > 0 && period >= VOTING_PERIOD_MIN, PlatformGovernorVoteTooShort(delay, period));
        uint256 span =
            delay + period + lateQuorumVoteExtension() + TimelockController(payable(timelock())).getMinDelay();
        require(span <= spanMax_, PlatformGovernorSpanTooLong(span, spanMax_));
    }
}
