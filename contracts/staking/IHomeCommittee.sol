// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How the committee of the home chain is chosen from the stakes
/// @notice When an epoch is over anyone may nominate the next committee. During the challenge window a heavier
/// nomination replaces a lighter one; the committee in office keeps working meanwhile, so a bad nomination never
/// signs anything. After the window anyone seats the winner.
interface IHomeCommittee {
    /// @notice A set of keys is now the heaviest nomination for `epoch`.
    event Nominated(uint32 indexed epoch, address indexed by, uint256 total, uint48 closesAt);
    /// @notice A member whose stake fell below the minimum lost its weight until the next epoch.
    event KeyDismissed(address indexed key, uint256 stake);

    /// @notice The committee in office serves until `endsAt`.
    error DVCommitteeEpochNotOver(uint256 endsAt);
    /// @notice The nomination is not heavier than the standing one.
    error DVCommitteeNotHeavier(uint256 total, uint256 standing);
    /// @notice Nominations for this epoch are closed; {roll} comes next.
    error DVCommitteeNominationsClosed(uint256 closedAt);
    /// @notice The challenge window is open until `closesAt`, or nobody is nominated (zero).
    error DVCommitteeWindowOpen(uint256 closesAt);
    /// @notice The key is not the current key of any node.
    error DVCommitteeKeyUnknown(address key);
    /// @notice The node has less than the minimum, now or at the snapshot.
    error DVCommitteeStakeTooSmall(address key, uint256 stake, uint256 min);
    /// @notice The member still has the minimum stake, or the key is no member.
    error DVCommitteeNotDismissible(address key);

    /// @notice Nominates the next committee. Weights are read from the stakes: the smaller of the stake at the snapshot
    /// (the second before the first nomination of this epoch) and the stake now.
    /// @dev Anyone, once the epoch is over. Emits {Nominated}. Reverts with {DVCommitteeEpochNotOver},
    /// {DVCommitteeNominationsClosed}, {DVCommitteeNotHeavier}, `DVCommitteeSeatCount`, `DVCommitteeUnsorted`,
    /// `DVCommitteeKeyEjected`, {DVCommitteeKeyUnknown} or {DVCommitteeStakeTooSmall}.
    /// @param keys current signing keys, strictly ascending
    function nominate(address[] calldata keys) external;

    /// @notice Seats the heaviest nomination once its window is closed.
    /// @dev Anyone. Emits `CommitteeSeated`. Reverts with {DVCommitteeWindowOpen}.
    function roll() external;

    /// @notice Takes the weight of a member whose node no longer has the minimum stake, until the next epoch.
    /// @dev Anyone. Emits {KeyDismissed}. Reverts with {DVCommitteeNotDismissible}.
    /// @param key signing key
    function dismiss(address key) external;

    /// @notice Sets the stake a member needs.
    /// @dev Only the timelock. Emits `RuleSet` "minStake". Bounds: 1 wei to 2^96 - 1.
    /// @param amount wei
    function setMinStake(uint96 amount) external;

    /// @notice Sets how long a committee serves.
    /// @dev Only the timelock. Emits `RuleSet` "epochLength". Bounds: 1 hour to 30 days.
    /// @param seconds_ seconds
    function setEpochLength(uint32 seconds_) external;

    /// @notice Sets how long a nomination can be outweighed.
    /// @dev Only the timelock. Emits `RuleSet` "challengeWindow". Bounds: immutable minimum to 7 days.
    /// @param seconds_ seconds
    function setChallengeWindow(uint32 seconds_) external;

    /// @notice The staking contract the weights come from.
    function staking() external view returns (address);

    /// @notice The standing nomination: its weight, when its window closes, and the second its stakes are read at;
    /// all zero when there is none.
    function nomination() external view returns (uint256 total, uint48 closesAt, uint48 snapshotAt);

    /// @notice The rules of nomination in force.
    function electionRules()
        external
        view
        returns (uint96 minStake, uint32 epochLength, uint32 challengeWindow, uint32 challengeWindowMin);
}
