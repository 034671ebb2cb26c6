// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Bridgeable} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC20Bridgeable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

import {IRemoteToken} from "./IRemoteToken.sol";

/// @title Bridged twin of the platform token
/// @notice See {IRemoteToken}. It has no supply cap of its own: the home chain holds the only one.
contract RemoteToken is ERC20, ERC20Permit, ERC20Bridgeable, IRemoteToken {
    address private immutable BRIDGE;

    constructor(address bridge_) ERC20("Platform Token", "MID") ERC20Permit("Platform Token") {
        require(bridge_ != address(0), RemoteTokenBridgeMissing());

        BRIDGE = bridge_;
    }

    /// @inheritdoc IRemoteToken
    function bridge() external view returns (address) {
        return BRIDGE;
    }

    function _checkTokenBridge(address caller) internal view override {
        require(caller == BRIDGE, RemoteTokenNotBridge(caller));
    }
}
