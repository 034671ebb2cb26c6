// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {BridgeFungible} from "@openzeppelin/contracts/crosschain/bridges/abstract/BridgeFungible.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {EvmAddress} from "./EvmAddress.sol";
import {IGuardedBridge} from "./IGuardedBridge.sol";

/// @title GuardedBridge
/// @notice See IGuardedBridge.
abstract contract GuardedBridge is IGuardedBridge, BridgeFungible, AccessManaged, Pausable {
    using RateLimiter for RateLimiter.RefillingBucket;

    uint48 private constant WINDOW_MIN = 1 hours;
    uint48 private constant WINDOW_MAX = 30 days;
    uint256 private constant ADDRESS_BYTES = 20;

    /// @dev Keyed by chain id; both start closed.
    RateLimiter.RefillingBucket private _out;
    RateLimiter.RefillingBucket private _in;

    /// @inheritdoc IGuardedBridge
    function setLimits(uint208 outCapacity, uint208 inCapacity, uint48 window) external restricted {
        bool inBounds = window >= WINDOW_MIN && window <= WINDOW_MAX;
        require(inBounds, GuardedBridgeLimitsOutOfBounds(outCapacity, inCapacity, window));
        (uint208 oldOut, uint208 oldIn, uint48 oldWindow) = limits();
        bool changed = outCapacity != oldOut || inCapacity != oldIn || window != oldWindow;
        require(changed, GuardedBridgeNoChange());

        _out.updateSettings(window, outCapacity);
        _in.updateSettings(window, inCapacity);
        emit LimitsSet(outCapacity, inCapacity, window);
    }

    /// @inheritdoc IGuardedBridge
    function setLink(address gateway, bytes calldata counterpart) external restricted {
        EvmAddress.parseCalldata(counterpart);
        _setLink(gateway, counterpart, true);
    }

    /// @inheritdoc IGuardedBridge
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc IGuardedBridge
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc IGuardedBridge
    function available(uint256 chainId) external view returns (uint256 out, uint256 into) {
        return (_out.available(bytes32(chainId)), _in.available(bytes32(chainId)));
    }

    /// @notice Sends `amount` (smallest unit) of the caller's tokens to `to`, the canonical ERC-7930 address of an
    /// account on a connected chain. Emits CrosschainFungibleTransferSent with the id to follow the message by.
    /// @dev Reverts while paused, above the limit, for a zero amount, for a recipient that is not canonical, the zero
    /// address or the bridge there, for an unconnected chain, and for longer calldata than its arguments.
    function crosschainTransfer(bytes memory to, uint256 amount) public virtual override returns (bytes32) {
        bool exact = keccak256(msg.data) == keccak256(abi.encodeCall(this.crosschainTransfer, (to, amount)));
        require(exact, GuardedBridgeCalldataNotExact(msg.data.length));
        return super.crosschainTransfer(to, amount);
    }

    /// @inheritdoc IGuardedBridge
    function limits() public view returns (uint208 outCapacity, uint208 inCapacity, uint48 window) {
        return (_out._capacity, _in._capacity, _out._window);
    }

    function _crosschainTransfer(
        address from,
        bytes memory to,
        uint256 amount
    ) internal virtual override whenNotPaused returns (bytes32) {
        require(amount > 0, GuardedBridgeZeroAmount());
        (uint256 chainId, ) = EvmAddress.parse(to);
        (, bytes memory counterpart) = getLink(InteroperableAddress.formatEvmV1(chainId));
        // Tokens sent to the other bridge itself could never come out again.
        require(keccak256(to) != keccak256(counterpart), GuardedBridgeRecipientRefused(to));

        _out.consume(bytes32(chainId), amount);
        return super._crosschainTransfer(from, to, amount);
    }

    function _processMessage(
        address gateway,
        bytes32 receiveId,
        bytes calldata sender,
        bytes calldata payload
    ) internal virtual override whenNotPaused {
        require(msg.value == 0, GuardedBridgeValueRefused(msg.value));
        (, bytes memory to, uint256 amount) = abi.decode(payload, (bytes, bytes, uint256));
        // Shorter or longer bytes would silently become another address.
        require(to.length == ADDRESS_BYTES, GuardedBridgeRecipientRefused(to));
        (uint256 chainId, ) = EvmAddress.parseCalldata(sender);

        _in.consume(bytes32(chainId), amount);
        super._processMessage(gateway, receiveId, sender, payload);
    }
}
