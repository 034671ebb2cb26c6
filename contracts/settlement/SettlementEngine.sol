// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BoundedCall} from "../shared/BoundedCall.sol";
import {Leaves} from "../shared/Leaves.sol";
import {MemoryMark} from "../shared/MemoryMark.sol";
import {SimpleTree} from "../shared/SimpleTree.sol";
import {DealHash} from "./DealHash.sol";
import {ISettlementEngine} from "./ISettlementEngine.sol";

/// @title SettlementEngine
/// @notice See ISettlementEngine.
contract SettlementEngine is ISettlementEngine, EIP712, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint256 private constant ITEMS_MAX = 256;
    uint256 private constant LEGS_MAX = 8;
    uint256 private constant REASON_BYTES_MAX = 256;
    /// @dev Longer signatures count as wrong: it bounds what one item may make the batch copy.
    uint256 private constant SIGNATURE_BYTES_MAX = 1024;
    /// @dev What the batch still needs after a call to record the item (event with reason, leaf), with room to spare.
    uint256 private constant RECORD_GAS = 15_000;
    uint32 private constant LEG_GAS_MIN = 60_000;
    uint32 private constant LEG_GAS_MAX = 1_000_000;
    uint32 private constant SIG_GAS_MIN = 30_000;
    uint32 private constant SIG_GAS_MAX = 500_000;

    address private immutable LEDGER;

    mapping(address account => mapping(uint256 word => uint256 bits)) private _used;
    mapping(address token => bool allowed) private _allowed;
    uint32 private _legGas = 150_000;
    uint32 private _sigGas = 100_000;

    constructor(
        address initialAuthority,
        address ledger_
    ) EIP712("SettlementEngine", "1") AccessManaged(initialAuthority) {
        require(ledger_ != address(0), SettlementEngineZeroAddress());
        LEDGER = ledger_;
    }

    /// @inheritdoc ISettlementEngine
    function settle(Signed[] calldata items) external nonReentrant returns (bytes32 outcomeRoot) {
        require(msg.sender == LEDGER, SettlementEngineNotLedger(msg.sender));
        uint256 count = items.length;
        require(count > 0 && count <= ITEMS_MAX, SettlementEngineItemCount(count, ITEMS_MAX));
        _requireExact(items);

        (uint256 legGas, uint256 sigGas) = (_legGas, _sigGas);
        bytes32[] memory outcomes = SimpleTree.open(count);
        uint256 mark = MemoryMark.take();
        for (uint256 i = 0; i < count; ++i) {
            SimpleTree.put(outcomes, i, _settleOne(i, items[i], legGas, sigGas));
            // Nothing of an item outlives its turn but its leaf.
            MemoryMark.release(mark);
        }
        return SimpleTree.close(outcomes);
    }

    /// @inheritdoc ISettlementEngine
    function executeLegs(Leg[] calldata legs) external {
        require(msg.sender == address(this), SettlementEngineNotSelf(msg.sender));

        for (uint256 i = 0; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            IERC20(leg.token).safeTransferFrom(leg.from, leg.to, leg.amount);
        }
    }

    /// @inheritdoc ISettlementEngine
    function cancel(uint256 word, uint256 mask) external {
        uint256 bits = _used[msg.sender][word];
        require(bits | mask != bits, SettlementEngineNothingToCancel(msg.sender, word, mask));

        _used[msg.sender][word] = bits | mask;
        emit NoncesCancelled(msg.sender, word, mask);
    }

    /// @inheritdoc ISettlementEngine
    function setToken(address token, bool allowed) external restricted {
        require(token != address(0), SettlementEngineZeroAddress());
        require(_allowed[token] != allowed, SettlementEngineNoChange());

        _allowed[token] = allowed;
        emit TokenAllowanceSet(token, allowed);
    }

    /// @inheritdoc ISettlementEngine
    function setGas(uint32 legGas, uint32 sigGas) external restricted {
        bool inBounds =
            legGas >= LEG_GAS_MIN && legGas <= LEG_GAS_MAX && sigGas >= SIG_GAS_MIN && sigGas <= SIG_GAS_MAX;
        require(inBounds, SettlementEngineGasOutOfBounds(legGas, sigGas));
        (uint32 oldLegGas, uint32 oldSigGas) = (_legGas, _sigGas);
        require(legGas != oldLegGas || sigGas != oldSigGas, SettlementEngineNoChange());

        (_legGas, _sigGas) = (legGas, sigGas);
        emit GasSet(oldLegGas, oldSigGas, legGas, sigGas);
    }

    /// @inheritdoc ISettlementEngine
    function isNonceUsed(address account, uint256 nonce) external view returns (bool) {
        return _used[account][nonce >> 8] & (1 << (nonce & 0xff)) != 0;
    }

    /// @inheritdoc ISettlementEngine
    function isTokenAllowed(address token) external view returns (bool) {
        return _allowed[token];
    }

    /// @inheritdoc ISettlementEngine
    function gasLimits() external view returns (uint32 legGas, uint32 sigGas) {
        return (_legGas, _sigGas);
    }

    /// @inheritdoc ISettlementEngine
    function ledger() external view returns (address) {
        return LEDGER;
    }

    /// @inheritdoc ISettlementEngine
    function hashDeal(Deal calldata deal) public view returns (bytes32 dealId) {
        return _hashTypedDataV4(DealHash.structHash(deal, deal.legs));
    }

    function _settleOne(
        uint256 index,
        Signed calldata item,
        uint256 legGas,
        uint256 sigGas
    ) private returns (bytes32 leaf) {
        Deal calldata deal = item.deal;
        Leg[] calldata legs = deal.legs;
        bytes32 dealId = _hashTypedDataV4(DealHash.structHash(deal, legs));
        bytes memory reason;
        Status status =
            legs.length == 0 || legs.length > LEGS_MAX ? Status.BadDeal : _admit(dealId, deal, legs, item.sigs, sigGas);
        if (status == Status.Settled) (status, reason) = _moveAlone(legs, legGas);

        if (status == Status.Settled) emit DealSettled(dealId);
        else emit DealFailed(dealId, status, reason);
        return Leaves.outcome(index, dealId, uint256(status), keccak256(reason));
    }

    /// @dev Settled means: nothing stands against moving the legs, and the nonces are used from here on whatever follows.
    /// Nonces stay intact before all signatures were found good, or a stranger could use up other people's nonces.
    function _admit(
        bytes32 dealId,
        Deal calldata deal,
        Leg[] calldata legs,
        bytes[] calldata sigs,
        uint256 sigGas
    ) private returns (Status) {
        address[] memory payers = _payersOf(legs);
        if (!_areSigned(dealId, payers, sigs, sigGas)) return Status.BadSignature;
        if (!_useNonces(payers, deal.nonce)) return Status.NonceUsed;
        if (block.timestamp < deal.validAfter || block.timestamp > deal.validUntil) return Status.OutsideWindow;

        for (uint256 i = 0; i < legs.length; ++i) {
            if (!_allowed[legs[i].token]) return Status.TokenNotAllowed;
        }
        return Status.Settled;
    }

    /// @dev The frame of the self-call commits or reverts as a whole; its gas and what is copied back are bounded.
    function _moveAlone(Leg[] calldata legs, uint256 legGas) private returns (Status status, bytes memory reason) {
        uint256 gasCap = legs.length * legGas;
        _requireGas(gasCap);
        bool moved;
        (moved, reason) = BoundedCall.callKeeping(
            address(this),
            gasCap,
            abi.encodeCall(this.executeLegs, (legs)),
            REASON_BYTES_MAX
        );
        return (moved ? Status.Settled : Status.Reverted, reason);
    }

    /// @dev All nonces are found free before the first is used; used ones leave the others as they were.
    function _useNonces(address[] memory payers, uint256 nonce) private returns (bool) {
        uint256 word = nonce >> 8;
        uint256 bit = 1 << (nonce & 0xff);
        for (uint256 i = 0; i < payers.length; ++i) {
            if (_used[payers[i]][word] & bit != 0) return false;
        }
        for (uint256 i = 0; i < payers.length; ++i) {
            _used[payers[i]][word] |= bit;
        }
        return true;
    }

    function _areSigned(
        bytes32 dealId,
        address[] memory payers,
        bytes[] calldata sigs,
        uint256 sigGas
    ) private view returns (bool) {
        if (sigs.length != payers.length) return false;
        for (uint256 i = 0; i < payers.length; ++i) {
            if (!_isSignedBy(payers[i], dealId, sigs[i], sigGas)) return false;
        }
        return true;
    }

    /// @dev ECDSA first, code or no code: an account with delegated code (EIP-7702) still signs with its key.
    function _isSignedBy(
        address payer,
        bytes32 dealId,
        bytes calldata sig,
        uint256 sigGas
    ) private view returns (bool) {
        (address signer, ECDSA.RecoverError problem, ) = ECDSA.tryRecoverCalldata(dealId, sig);
        if (problem == ECDSA.RecoverError.NoError && signer == payer) return true;
        if (sig.length > SIGNATURE_BYTES_MAX || payer.code.length == 0) return false;

        _requireGas(sigGas);
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (dealId, sig));
        return BoundedCall.staticcallWord(payer, sigGas, question) == bytes32(IERC1271.isValidSignature.selector);
    }

    function _requireGas(uint256 gasCap) private view {
        uint256 givable = BoundedCall.givable();
        uint256 needed = gasCap + RECORD_GAS;
        require(givable >= needed, SettlementEngineInsufficientGas(givable, needed));
    }

    /// @dev Distinct `from`s in order of first appearance. At most 8 legs, so the square is small.
    function _payersOf(Leg[] calldata legs) private pure returns (address[] memory payers) {
        payers = new address[](legs.length);
        uint256 count = 0;
        for (uint256 i = 0; i < legs.length; ++i) {
            address from = legs[i].from;
            uint256 known = 0;
            while (known < count && payers[known] != from) ++known;
            if (known == count) payers[count++] = from;
        }
        MemoryMark.shorten(payers, count);
    }

    /// @dev The length of the one canonical encoding: anything longer would carry bytes nobody asked for.
    function _requireExact(Signed[] calldata items) private pure {
        // selector, offset and length of the array; then per item: its offset, two offsets, the five words of the deal,
        // the lengths of legs and sigs, four words a leg, and per signature its offset, length and padded bytes.
        uint256 expected = 4 + 64 + items.length * 320;
        for (uint256 i = 0; i < items.length; ++i) {
            bytes[] calldata sigs = items[i].sigs;
            expected += items[i].deal.legs.length * 128 + sigs.length * 64;
            for (uint256 j = 0; j < sigs.length; ++j) expected += (sigs[j].length + 31) & ~uint256(31);
        }
        require(msg.data.length == expected, SettlementEngineCalldataNotExact(msg.data.length, expected));
    }
}
