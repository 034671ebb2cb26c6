// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {VotesExtended} from "@openzeppelin/contracts/governance/utils/VotesExtended.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC6372Utils} from "@openzeppelin/contracts/utils/ERC6372Utils.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

import {IPlatformToken} from "../token/IPlatformToken.sol";
import {IDVStaking} from "./IDVStaking.sol";
import {INodeStakes} from "./INodeStakes.sol";
import {NodeKeys} from "./NodeKeys.sol";

/// @title Stakes of DV nodes
/// @notice See {INodeStakes}. Rewards follow one growing index, so no reward period exists that could be entered late
/// or left early, and principal is counted apart from rewards although both are the same token.
contract DVStaking is NodeKeys, VotesExtended, AccessManaged, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IPlatformToken;

    struct Node {
        uint128 staked;
        uint128 unbonding;
    }

    struct Due {
        uint128 owed;
        uint48 unlockAt;
    }

    uint256 private constant INDEX_SCALE = 1e36;
    uint256 private constant BPS = 10_000;
    uint256 private constant FEE_KEYS_MAX = 64;
    uint48 private constant UNBOND_DELAY_MAX = 90 days;
    uint16 private constant EQUIVOCATION_BPS_MIN = 100;

    IPlatformToken private immutable TOKEN;
    /// At least the time from a vote to its execution, so that a voter is still slashable when the result takes effect.
    uint48 private immutable UNBOND_DELAY_MIN;

    mapping(address node => Node state) private _nodes;
    mapping(address node => Due due) private _dues;
    mapping(address node => uint256 index) private _paidIndex;
    mapping(address node => mapping(bytes32 evidence => bool used)) private _evidenceUsed;

    uint128 private _totalStaked;
    uint128 private _totalUnbonding;
    uint256 private _totalOwed;
    uint256 private _index;

    uint48 private _unbondDelay;
    uint16 private _stakersShareBps;
    uint16 private _equivocationBps;
    address private _slashSink;

    constructor(
        address authority_,
        IPlatformToken token_,
        uint48 unbondDelayMin,
        uint48 unbondDelay,
        uint16 stakersShareBps,
        uint16 equivocationBps
    ) EIP712("DVStaking", "1") AccessManaged(authority_) {
        _requireBetween("unbondDelayMin", unbondDelayMin, 1, UNBOND_DELAY_MAX);
        TOKEN = token_;
        UNBOND_DELAY_MIN = unbondDelayMin;
        _requireBetween("unbondDelay", unbondDelay, unbondDelayMin, UNBOND_DELAY_MAX);
        _requireBetween("stakersShareBps", stakersShareBps, 0, BPS);
        _requireBetween("equivocationBps", equivocationBps, EQUIVOCATION_BPS_MIN, BPS);

        _unbondDelay = unbondDelay;
        _stakersShareBps = stakersShareBps;
        _equivocationBps = equivocationBps;
    }

    /// @inheritdoc INodeStakes
    function stake(uint256 amount) external nonReentrant {
        _stake(amount);
    }

    /// @inheritdoc INodeStakes
    function stakeAndDelegate(uint256 amount, address delegatee) external nonReentrant {
        // Delegating moves the stake as it is now: crediting first would count the new amount twice.
        _delegate(msg.sender, delegatee);
        _stake(amount);
    }

    /// @inheritdoc INodeStakes
    function stakeWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        // Whoever copies the permit out of the pool and submits it first must not be able to block the stake.
        // solhint-disable-next-line no-empty-blocks
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _stake(amount);
    }

    /// @inheritdoc INodeStakes
    function requestUnstake(uint256 amount) external nonReentrant {
        require(amount > 0, DVStakingZeroAmount());
        Node storage node = _nodes[msg.sender];
        require(amount <= node.staked, DVStakingTooMuch(amount, node.staked));

        _settle(msg.sender);
        uint128 amount128 = amount.toUint128();
        _deactivate(msg.sender, amount128);
        node.unbonding += amount128;
        _totalUnbonding += amount128;
        uint48 unlockAt = clock() + _unbondDelay;
        _dues[msg.sender].unlockAt = unlockAt;
        emit UnstakeRequested(msg.sender, amount, unlockAt);
    }

    /// @inheritdoc INodeStakes
    function cancelUnstake(uint256 amount) external nonReentrant {
        require(amount > 0, DVStakingZeroAmount());
        Node storage node = _nodes[msg.sender];
        require(amount <= node.unbonding, DVStakingTooMuch(amount, node.unbonding));

        _settle(msg.sender);
        uint128 amount128 = amount.toUint128();
        node.unbonding -= amount128;
        _totalUnbonding -= amount128;
        _activate(msg.sender, amount128);
        emit UnstakeCancelled(msg.sender, amount);
    }

    /// @inheritdoc INodeStakes
    function withdraw() external nonReentrant returns (uint256 amount) {
        Node storage node = _nodes[msg.sender];
        amount = node.unbonding;
        require(amount > 0, DVStakingNothing(msg.sender));
        uint48 unlockAt = _dues[msg.sender].unlockAt;
        require(clock() >= unlockAt, DVStakingLocked(unlockAt));

        node.unbonding = 0;
        _totalUnbonding -= amount.toUint128();
        emit Withdrawn(msg.sender, amount);

        TOKEN.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc INodeStakes
    function claim() external nonReentrant returns (uint256 amount) {
        _settle(msg.sender);
        amount = _dues[msg.sender].owed;
        require(amount > 0, DVStakingNothing(msg.sender));

        _dues[msg.sender].owed = 0;
        _totalOwed -= amount;
        emit RewardClaimed(msg.sender, amount);

        TOKEN.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc INodeStakes
    function accrue() external nonReentrant {
        _accrue();
    }

    /// @inheritdoc IDVStaking
    function creditFee(address[] calldata keys, uint256 amount) external nonReentrant {
        require(amount > 0, DVStakingZeroAmount());
        require(keys.length > 0 && keys.length <= FEE_KEYS_MAX, DVStakingKeyCount(keys.length, FEE_KEYS_MAX));

        // Before the fee, so that the stakers of the past do not share in it.
        _accrue();
        uint256 toStakers = _totalStaked == 0 ? 0 : (amount * _stakersShareBps) / BPS;
        uint256 toNodes = amount - toStakers;
        uint256 each = toNodes / keys.length;
        for (uint256 i = 0; i < keys.length; ++i) {
            uint256 part = i == 0 ? toNodes - each * (keys.length - 1) : each;
            _dues[_nodeBehind(keys[i])].owed += part.toUint128();
        }
        _spread(toStakers);
        _totalOwed += amount;
        emit FeeCredited(msg.sender, toNodes, toStakers);

        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc INodeStakes
    function slash(address node, uint256 amount, bytes32 reason) external restricted nonReentrant {
        _slash(node, amount, reason);
    }

    /// @inheritdoc IDVStaking
    function proveEquivocation(address key, bytes32 evidence) external restricted nonReentrant {
        address node = _nodeBehind(key);
        require(!_evidenceUsed[node][evidence], DVStakingEvidenceUsed(node, evidence));

        _evidenceUsed[node][evidence] = true;
        uint256 held = uint256(_nodes[node].staked) + _nodes[node].unbonding;
        _slash(node, Math.mulDiv(held, _equivocationBps, BPS, Math.Rounding.Ceil), evidence);
    }

    /// @inheritdoc INodeStakes
    function setUnbondDelay(uint48 delay) external restricted {
        _requireBetween("unbondDelay", delay, UNBOND_DELAY_MIN, UNBOND_DELAY_MAX);
        _recordRule("unbondDelay", _unbondDelay, delay);
        _unbondDelay = delay;
    }

    /// @inheritdoc INodeStakes
    function setStakersShare(uint16 bps) external restricted {
        _requireBetween("stakersShareBps", bps, 0, BPS);
        _recordRule("stakersShareBps", _stakersShareBps, bps);
        _stakersShareBps = bps;
    }

    /// @inheritdoc INodeStakes
    function setEquivocationPenalty(uint16 bps) external restricted {
        _requireBetween("equivocationBps", bps, EQUIVOCATION_BPS_MIN, BPS);
        _recordRule("equivocationBps", _equivocationBps, bps);
        _equivocationBps = bps;
    }

    /// @inheritdoc INodeStakes
    function setSlashSink(address sink) external restricted {
        _recordRule("slashSink", uint160(_slashSink), uint160(sink));
        _slashSink = sink;
    }

    /// @inheritdoc INodeStakes
    function stakeOf(address node) external view returns (uint256) {
        return _nodes[node].staked;
    }

    /// @inheritdoc INodeStakes
    function unbondingOf(address node) external view returns (uint256 amount, uint48 unlockAt) {
        return (_nodes[node].unbonding, _dues[node].unlockAt);
    }

    /// @inheritdoc INodeStakes
    function claimable(address node) external view returns (uint256) {
        return _dues[node].owed + _earned(node);
    }

    /// @inheritdoc INodeStakes
    function totalStaked() external view returns (uint256) {
        return _totalStaked;
    }

    /// @inheritdoc INodeStakes
    function totalUnbonding() external view returns (uint256) {
        return _totalUnbonding;
    }

    /// @inheritdoc INodeStakes
    function totalOwed() external view returns (uint256) {
        return _totalOwed;
    }

    /// @inheritdoc INodeStakes
    function rewardIndex() external view returns (uint256) {
        return _index;
    }

    /// @inheritdoc INodeStakes
    function rules() external view returns (uint48, uint48, uint16, uint16, address) {
        return (_unbondDelay, UNBOND_DELAY_MIN, _stakersShareBps, _equivocationBps, _slashSink);
    }

    /// @inheritdoc INodeStakes
    function getPastBalanceOf(
        address node,
        uint256 timepoint
    ) public view override(INodeStakes, VotesExtended) returns (uint256) {
        return super.getPastBalanceOf(node, timepoint);
    }

    /// @notice The clock of votes and delays (ERC-6372): seconds since 1970.
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @notice Machine-readable description of the clock (ERC-6372): seconds.
    function CLOCK_MODE() public view override returns (string memory) {
        // solhint-disable-previous-line func-name-mixedcase
        return ERC6372Utils.timestampClockMode(clock());
    }

    function _getVotingUnits(address node) internal view override returns (uint256) {
        return _nodes[node].staked;
    }

    function _stake(uint256 amount) private {
        require(amount > 0, DVStakingZeroAmount());

        _settle(msg.sender);
        _activate(msg.sender, amount.toUint128());
        emit Staked(msg.sender, amount);

        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    function _slash(address node, uint256 amount, bytes32 reason) private {
        _settle(node);
        Node storage held = _nodes[node];
        uint128 fromStake = Math.min(amount, held.staked).toUint128();
        uint128 fromUnbonding = Math.min(amount - fromStake, held.unbonding).toUint128();
        uint256 taken = uint256(fromStake) + fromUnbonding;
        require(taken > 0, DVStakingNothing(node));

        if (fromStake > 0) _deactivate(node, fromStake);
        held.unbonding -= fromUnbonding;
        _totalUnbonding -= fromUnbonding;
        address sink = _slashSink;
        emit Slashed(node, taken, reason, sink);

        if (sink == address(0)) TOKEN.burn(taken);
        else TOKEN.safeTransfer(sink, taken);
    }

    function _activate(address node, uint128 amount) private {
        _nodes[node].staked += amount;
        _totalStaked += amount;
        _transferVotingUnits(address(0), node, amount);
    }

    function _deactivate(address node, uint128 amount) private {
        _nodes[node].staked -= amount;
        _totalStaked -= amount;
        _transferVotingUnits(node, address(0), amount);
    }

    /// Brings the rewards of `node` up to now; always before its stake changes.
    function _settle(address node) private {
        _accrue();
        uint256 earned = _earned(node);
        _paidIndex[node] = _index;
        if (earned > 0) _dues[node].owed += earned.toUint128();
    }

    function _accrue() private {
        if (_totalStaked == 0) {
            // The first staker must not inherit the inflation of the time before.
            // solhint-disable-next-line no-empty-blocks
            try TOKEN.skipInflation() {} catch {}
            return;
        }
        // Taking the minting right away from this contract must not lock anybody's principal. A caller cannot starve
        // this call of gas on purpose: what is left after its failure is a 63rd of what it needed.
        try TOKEN.mintInflation(address(this)) returns (uint256 minted) {
            if (minted == 0) return;
            _spread(minted);
            _totalOwed += minted;
            emit RewardAccrued(minted, _index);
            // solhint-disable-next-line no-empty-blocks
        } catch {}
    }

    function _spread(uint256 amount) private {
        if (amount > 0) _index += Math.mulDiv(amount, INDEX_SCALE, _totalStaked);
    }

    function _recordRule(bytes32 rule, uint256 oldValue, uint256 newValue) private {
        require(oldValue != newValue, DVStakingRuleUnchanged(rule, newValue));
        emit RuleSet(rule, oldValue, newValue);
    }

    function _earned(address node) private view returns (uint256) {
        return Math.mulDiv(_nodes[node].staked, _index - _paidIndex[node], INDEX_SCALE);
    }

    function _requireBetween(bytes32 rule, uint256 value, uint256 min, uint256 max) private pure {
        require(value >= min && value <= max, DVStakingRuleOutOfBounds(rule, value, min, max));
    }
}
