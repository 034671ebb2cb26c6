// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IGovernorDeposit} from "./IGovernorDeposit.sol";

/// @title Extension of the governor that takes a deposit for every proposal
/// @notice See {IGovernorDeposit}.
abstract contract GovernorDeposit is Governor, IGovernorDeposit {
    using SafeERC20 for IERC20;

    struct Deposit {
        uint128 amount;
        bool cancelledInTime;
    }

    IERC20 private immutable TOKEN;
    uint256 private immutable PROPOSAL_DEPOSIT_MAX;

    uint256 private _proposalDeposit;
    /// The amount is kept for each proposal, so that changing the rule does not change open deposits.
    mapping(uint256 proposalId => Deposit deposit) private _deposits;

    constructor(IERC20 token_, uint256 amount, uint256 amountMax) {
        require(amount <= amountMax, GovernorDepositTooLarge(amount, amountMax));

        TOKEN = token_;
        PROPOSAL_DEPOSIT_MAX = amountMax;
        _proposalDeposit = amount;
        emit ProposalDepositSet(0, amount);
    }

    /// @inheritdoc IGovernorDeposit
    function settleDeposit(uint256 proposalId) external {
        Deposit memory deposit = _deposits[proposalId];
        require(deposit.amount > 0, GovernorDepositNothing(proposalId));
        uint256 deadline = proposalDeadline(proposalId);
        require(deposit.cancelledInTime || clock() > deadline, GovernorDepositVoteOpen(proposalId, deadline));

        delete _deposits[proposalId];
        bool refunded = deposit.cancelledInTime || (_quorumReached(proposalId) && _voteSucceeded(proposalId));
        address to = refunded ? proposalProposer(proposalId) : _executor();
        if (refunded) emit DepositRefunded(proposalId, to, deposit.amount);
        else emit DepositForfeited(proposalId, to, deposit.amount);

        TOKEN.safeTransfer(to, deposit.amount);
    }

    /// @inheritdoc IGovernorDeposit
    function setProposalDeposit(uint256 amount) external onlyGovernance {
        require(amount <= PROPOSAL_DEPOSIT_MAX, GovernorDepositTooLarge(amount, PROPOSAL_DEPOSIT_MAX));
        uint256 oldAmount = _proposalDeposit;
        require(amount != oldAmount, GovernorDepositUnchanged(amount));

        _proposalDeposit = amount;
        emit ProposalDepositSet(oldAmount, amount);
    }

    /// @inheritdoc IGovernorDeposit
    function proposalDeposit() external view returns (uint256) {
        return _proposalDeposit;
    }

    /// @inheritdoc IGovernorDeposit
    function proposalDepositMax() external view returns (uint256) {
        return PROPOSAL_DEPOSIT_MAX;
    }

    /// @inheritdoc IGovernorDeposit
    function depositOf(uint256 proposalId) external view returns (uint256 amount, bool cancelledInTime) {
        Deposit storage deposit = _deposits[proposalId];
        return (deposit.amount, deposit.cancelledInTime);
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal virtual override returns (uint256 proposalId) {
        proposalId = super._propose(targets, values, calldatas, description, proposer);
        uint256 amount = _proposalDeposit;
        if (amount == 0) return proposalId;

        _deposits[proposalId].amount = SafeCast.toUint128(amount);
        emit DepositPaid(proposalId, proposer, amount);

        TOKEN.safeTransferFrom(proposer, address(this), amount);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal virtual override returns (uint256 proposalId) {
        proposalId = super._cancel(targets, values, calldatas, descriptionHash);
        // Once the vote is over its result alone decides, or a lost deposit could be saved by cancelling.
        if (clock() <= proposalDeadline(proposalId)) _deposits[proposalId].cancelledInTime = true;
    }
}
