// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The deposit behind every proposal
/// @notice Whoever proposes pays a deposit of the platform token. It is lost only by losing a vote: it comes back when
/// the vote succeeds, whatever happens to the proposal afterwards, and when the proposal is cancelled before its vote
/// is over; otherwise it goes to the treasury (the timelock). Amounts are wei.
interface IGovernorDeposit {
    /// @notice `proposer` paid the deposit of a proposal.
    event DepositPaid(uint256 indexed proposalId, address indexed proposer, uint256 amount);
    /// @notice The deposit went back to the proposer.
    event DepositRefunded(uint256 indexed proposalId, address indexed proposer, uint256 amount);
    /// @notice The deposit went to the treasury.
    event DepositForfeited(uint256 indexed proposalId, address indexed treasury, uint256 amount);
    /// @notice The deposit of later proposals changed.
    event ProposalDepositSet(uint256 oldAmount, uint256 newAmount);

    /// @notice The deposit is above its immutable maximum.
    error GovernorDepositTooLarge(uint256 amount, uint256 amountMax);
    /// @notice The deposit already is this one.
    error GovernorDepositUnchanged(uint256 amount);
    /// @notice The vote is open until `deadline`, which a late quorum can move.
    error GovernorDepositVoteOpen(uint256 proposalId, uint256 deadline);
    /// @notice Nothing is deposited for this proposal, or no longer.
    error GovernorDepositNothing(uint256 proposalId);

    /// @notice Pays the deposit of a proposal out, to the proposer or to the treasury.
    /// @dev Anyone, once. Decided by the result of the vote, never by the state: a defeated proposal that is cancelled
    /// afterwards stays lost. Emits {DepositRefunded} or {DepositForfeited}. Reverts with {GovernorDepositNothing}, or
    /// {GovernorDepositVoteOpen} until the vote is over, unless the proposal was cancelled before.
    /// @param proposalId id of the proposal
    function settleDeposit(uint256 proposalId) external;

    /// @notice Sets the deposit of later proposals; open ones keep theirs.
    /// @dev Only a proposal. Emits {ProposalDepositSet}. Reverts with {GovernorDepositTooLarge} or
    /// {GovernorDepositUnchanged}.
    /// @param amount wei
    function setProposalDeposit(uint256 amount) external;

    /// @notice The deposit of the next proposal, wei.
    function proposalDeposit() external view returns (uint256);

    /// @notice Immutable highest deposit, wei.
    function proposalDepositMax() external view returns (uint256);

    /// @notice What is still deposited for a proposal, and whether it was cancelled before its vote was over.
    function depositOf(uint256 proposalId) external view returns (uint256 amount, bool cancelledInTime);
}
