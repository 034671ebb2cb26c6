// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {BridgeERC7802} from "@openzeppelin/contracts/crosschain/bridges/BridgeERC7802.sol";
import {BridgeFungible} from "@openzeppelin/contracts/crosschain/bridges/abstract/BridgeFungible.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {GuardedBridge} from "./GuardedBridge.sol";

/// @title RemoteBridge
/// @notice Mints the twin of the platform token when tokens were locked at home, and burns it on the way back.
contract RemoteBridge is GuardedBridge, BridgeERC7802 {
    constructor(
        address initialAuthority,
        IERC7802 token_
    ) AccessManaged(initialAuthority) CrosschainLinked(new Link[](0)) BridgeERC7802(token_) {}

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
