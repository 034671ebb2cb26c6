// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {BridgeERC20} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC20.sol";
import {BridgeFungible} from "@openzeppelin/contracts/crosschain/bridges/abstract/BridgeFungible.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {GuardedBridge} from "./GuardedBridge.sol";

/// @title HomeBridge
/// @notice Locks the platform token here while its twin circulates elsewhere, so that what is locked always covers the
/// twins and the supply here stays the whole supply. Only for a token whose transfers move exactly the amount.
contract HomeBridge is GuardedBridge, BridgeERC20 {
    constructor(
        address initialAuthority,
        IERC20 token_
    ) AccessManaged(initialAuthority) CrosschainLinked(new Link[](0)) BridgeERC20(token_) {}

    /// @inheritdoc GuardedBridge
    function crosschainTransfer(
        bytes memory to,
        uint256 amount
    ) public override(BridgeFungible, GuardedBridge) returns (bytes32) {
        return GuardedBridge.crosschainTransfer(to, amount);
    }

    function _crosschainTransfer(
        address from,
        bytes memory to,
        uint256 amount
    ) internal override(BridgeFungible, GuardedBridge) returns (bytes32) {
        return GuardedBridge._crosschainTransfer(from, to, amount);
    }

    function _processMessage(
        address gateway,
        bytes32 receiveId,
        bytes calldata sender,
        bytes calldata payload
    ) internal override(BridgeFungible, GuardedBridge) {
        GuardedBridge._processMessage(gateway, receiveId, sender, payload);
    }
}
