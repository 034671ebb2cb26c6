// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the platform's governor adds to OpenZeppelin's
/// @notice Votes are staked tokens at the snapshot (timestamp clock). Rules change only by a proposal that waited in
/// the timelock. Times are seconds, shares basis points, weights wei of staked tokens.
interface IPlatformGovernor {
    /// @notice Rules the governor starts with, and the immutable bounds they keep.
    /// @param votingDelay from the proposal to the snapshot
    /// @param votingPeriod length of a vote
    /// @param voteExtension least time between reaching the quorum and the end of the vote
    /// @param spanMax immutable: most time from a proposal to its execution; the least unbonding delay of the stakes
    /// @param guardianTerm immutable: how long a guardian serves
    /// @param guardian first guardian
    /// @param proposalThreshold votes needed to propose
    /// @param quorumBps part of all staked tokens a quorum needs
    /// @param quorumFloor votes a quorum needs at least
    /// @param quorumFloorMax immutable: highest floor
    /// @param deposit deposit of a proposal
    /// @param depositMax immutable: highest deposit
    struct Rules {
        uint48 votingDelay;
        uint32 votingPeriod;
        uint48 voteExtension;
        uint48 spanMax;
        uint48 guardianTerm;
        address guardian;
        uint256 proposalThreshold;
        uint256 quorumBps;
        uint256 quorumFloor;
        uint256 quorumFloorMax;
        uint256 deposit;
        uint256 depositMax;
    }

    /// @notice The least number of votes a quorum needs changed.
    event QuorumFloorSet(uint256 oldFloor, uint256 newFloor);
    /// @notice A guardian serves until `until`.
    event GuardianTermSet(address indexed guardian, uint48 until);

    /// @notice Voting delay, period, extension and timelock delay together outlast the stakes' unbonding delay.
    error PlatformGovernorSpanTooLong(uint256 span, uint256 spanMax);
    /// @notice A vote needs a snapshot after its proposal, and some time.
    error PlatformGovernorVoteTooShort(uint256 votingDelay, uint256 votingPeriod);
    /// @notice The quorum part must be between 100 and 5,000 basis points.
    error PlatformGovernorQuorumOutOfBounds(uint256 bps, uint256 min, uint256 max);
    /// @notice The floor is above its immutable maximum.
    error PlatformGovernorFloorTooHigh(uint256 floor, uint256 floorMax);
    /// @notice Without a guardian every proposer could cancel at any time.
    error PlatformGovernorGuardianMissing();
    /// @notice A message to a remote executor must not run foreign code in its place.
    error PlatformGovernorDelegateCall(bytes32 mode);

    /// @notice Sets the least number of votes a quorum needs; votes whose snapshot is over keep theirs.
    /// @dev Only a proposal. Emits {QuorumFloorSet}. Reverts with {PlatformGovernorFloorTooHigh}.
    /// @param floor wei of staked tokens
    function setQuorumFloor(uint256 floor) external;

    /// @notice The floor now.
    function quorumFloor() external view returns (uint256);

    /// @notice Immutable highest floor.
    function quorumFloorMax() external view returns (uint256);

    /// @notice When the guardian's term ends; after that nobody but a pending proposal's proposer can cancel.
    function guardianUntil() external view returns (uint48);

    /// @notice Immutable most time from a proposal to its execution.
    function spanMax() external view returns (uint48);
}
