// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDVStaking} from "./IDVStaking.sol";

/// @title Stakes of data-verification (DV) nodes, their rewards and their votes
/// @notice Everyone who stakes is a *node*: the account that owns the stake. A node that wants to sign batches also
/// registers a *signing key*. Votes are staked tokens (ERC-5805, timestamp clock of ERC-6372); stake that is leaving
/// (unbonding) neither votes nor earns, but can still be slashed. Amounts are wei of the platform token, times are
/// seconds, shares are basis points.
interface INodeStakes is IDVStaking {
    /// @notice `amount` became active stake of `node`.
    event Staked(address indexed node, uint256 amount);
    /// @notice `amount` of active stake began to leave; the whole bucket of `node` unlocks at `unlockAt`.
    event UnstakeRequested(address indexed node, uint256 amount, uint48 unlockAt);
    /// @notice `amount` of leaving stake became active again.
    event UnstakeCancelled(address indexed node, uint256 amount);
    /// @notice `amount` of unlocked stake was paid to `node`.
    event Withdrawn(address indexed node, uint256 amount);
    /// @notice `amount` of rewards and fees was paid to `node`.
    event RewardClaimed(address indexed node, uint256 amount);
    /// @notice `minted` wei of inflation was spread over the active stake.
    event RewardAccrued(uint256 minted, uint256 index);
    /// @notice A node lost stake. `sink` is the zero address when it was burned.
    event Slashed(address indexed node, uint256 amount, bytes32 indexed reason, address sink);
    /// @notice `key` now signs for `node`. The key it replaces keeps pointing to `node` for ever.
    event KeySet(address indexed node, address indexed key, address oldKey);
    /// @notice A rule changed. `rule` is the name as bytes32, for example "unbondDelay".
    event RuleSet(bytes32 indexed rule, uint256 oldValue, uint256 newValue);

    /// @notice More was asked for than the node has.
    error DVStakingTooMuch(uint256 asked, uint256 available);
    /// @notice The stake is still leaving.
    error DVStakingLocked(uint256 unlockAt);
    /// @notice There is nothing to pay out.
    error DVStakingNothing(address node);
    /// @notice The key belongs, or belonged, to another node.
    error DVStakingKeyTaken(address key, address node);
    /// @notice The key did not sign its registration for this node.
    error DVStakingBadProof(address key, address node);
    /// @notice A rule is outside its immutable bounds.
    error DVStakingRuleOutOfBounds(bytes32 rule, uint256 value, uint256 min, uint256 max);
    /// @notice A rule already has this value.
    error DVStakingRuleUnchanged(bytes32 rule, uint256 value);

    /// @notice Stakes `amount` of the caller's tokens, taken with its allowance.
    /// @dev Anyone. Emits {Staked}. Reverts with {DVStakingZeroAmount} or the token's own errors. Votes stay where the
    /// node delegated them; a node that never delegated has no votes (ERC-5805).
    /// @param amount wei
    function stake(uint256 amount) external;

    /// @notice Delegates the caller's votes to `delegatee`, then stakes `amount`.
    /// @dev Anyone. Emits `DelegateChanged` and {Staked}; otherwise as {stake}.
    /// @param amount wei
    /// @param delegatee who votes with the whole stake of the caller from now on
    function stakeAndDelegate(uint256 amount, address delegatee) external;

    /// @notice Stakes with an ERC-2612 permit for exactly `amount` instead of an earlier approval.
    /// @dev Anyone. A permit somebody else already submitted is not an error: the allowance it left is used.
    /// @param amount wei
    /// @param deadline last second the permit is good
    function stakeWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Starts taking `amount` out. It merges with what is already leaving, and the clock of all of it restarts.
    /// @dev Anyone with stake. Emits {UnstakeRequested}. Reverts with {DVStakingZeroAmount} or {DVStakingTooMuch}.
    /// @param amount wei
    function requestUnstake(uint256 amount) external;

    /// @notice Makes `amount` of the caller's leaving stake active again, locked or not.
    /// @dev Emits {UnstakeCancelled}. Reverts with {DVStakingZeroAmount} or {DVStakingTooMuch}.
    /// @param amount wei
    function cancelUnstake(uint256 amount) external;

    /// @notice Pays the caller all its unlocked stake.
    /// @dev Emits {Withdrawn}. Reverts with {DVStakingNothing}, or {DVStakingLocked} before the unlock time.
    /// @return amount wei paid
    function withdraw() external returns (uint256 amount);

    /// @notice Pays the caller its rewards and fees.
    /// @dev Emits {RewardClaimed}. Reverts with {DVStakingNothing}.
    /// @return amount wei paid
    function claim() external returns (uint256 amount);

    /// @notice Mints the inflation due and spreads it over the active stake; with no stake at all it is given up.
    /// @dev Anyone. Every other function that changes a stake does this first. Emits {RewardAccrued} when something
    /// was minted. If the token refuses to mint, stakes stay movable and nothing is spread.
    function accrue() external;

    /// @notice Registers the caller's signing key. A key serves one node for ever, so that evidence against an old key
    /// still reaches its node; a node may return to an old key of its own.
    /// @dev Anyone. Emits {KeySet}. Reverts with {DVStakingKeyTaken}, {DVStakingBadProof} or {DVStakingRuleUnchanged}.
    /// @param key address of the signing key
    /// @param proof 65-byte signature by `key` of the EIP-712 message `NodeKey(address node,address key)` in the domain
    /// ("DVStaking","1", chain, this contract)
    function setKey(address key, bytes calldata proof) external;

    /// @notice Takes up to `amount` from a node: active stake first, then leaving stake; never more than it has.
    /// @dev Only the timelock through the access manager. Emits {Slashed}. Reverts with {DVStakingNothing}.
    /// @param node whose stake
    /// @param amount wei
    /// @param reason hash of the public explanation
    function slash(address node, uint256 amount, bytes32 reason) external;

    /// @notice Sets how long leaving stake stays locked; requests already made keep their time.
    /// @dev Only the timelock. Emits {RuleSet} "unbondDelay". Bounds: immutable minimum to 90 days.
    /// @param delay seconds
    function setUnbondDelay(uint48 delay) external;

    /// @notice Sets which part of every fee is spread over all active stake instead of the signing nodes.
    /// @dev Only the timelock. Emits {RuleSet} "stakersShareBps". Bounds: 0 to 10,000.
    /// @param bps basis points
    function setStakersShare(uint16 bps) external;

    /// @notice Sets which part of a node's stake an equivocation costs.
    /// @dev Only the timelock. Emits {RuleSet} "equivocationBps". Bounds: 100 to 10,000.
    /// @param bps basis points of active plus leaving stake
    function setEquivocationPenalty(uint16 bps) external;

    /// @notice Sets who receives slashed stake; the zero address burns it.
    /// @dev Only the timelock. Emits {RuleSet} "slashSink".
    /// @param sink account or zero
    function setSlashSink(address sink) external;

    /// @notice The current signing key of a node, or zero.
    function keyOf(address node) external view returns (address);

    /// @notice Active stake of a node, wei.
    function stakeOf(address node) external view returns (uint256);

    /// @notice Leaving stake of a node and when all of it unlocks.
    function unbondingOf(address node) external view returns (uint256 amount, uint48 unlockAt);

    /// @notice What {claim} would pay the node now, without the inflation not accrued yet.
    function claimable(address node) external view returns (uint256);

    /// @notice Active stake of a node at a past second (see ERC-5805 for the clock).
    /// @dev Reverts with `ERC5805FutureLookup` when the second is not over.
    function getPastBalanceOf(address node, uint256 timepoint) external view returns (uint256);

    /// @notice Sum of all active stakes.
    function totalStaked() external view returns (uint256);

    /// @notice Sum of all leaving stakes.
    function totalUnbonding() external view returns (uint256);

    /// @notice Rewards and fees received and not paid out. The contract always holds at least
    /// `totalStaked + totalUnbonding + totalOwed`.
    function totalOwed() external view returns (uint256);

    /// @notice Rewards per staked wei since the start, times 1e36. Never decreases.
    function rewardIndex() external view returns (uint256);

    /// @notice The rules in force.
    function rules()
        external
        view
        returns (
            uint48 unbondDelay,
            uint48 unbondDelayMin,
            uint16 stakersShareBps,
            uint16 equivocationBps,
            address sink
        );
}
