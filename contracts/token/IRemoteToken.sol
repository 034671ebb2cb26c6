// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The platform token on a remote chain
/// @notice Every unit is backed by one unit locked in the home bridge. Only the bridge mints and burns (ERC-7802).
interface IRemoteToken is IERC20 {
    /// @notice Only the bridge may mint or burn.
    error RemoteTokenNotBridge(address caller);

    /// @notice A token without a bridge could never be minted.
    error RemoteTokenBridgeMissing();

    /// @notice The immutable bridge of this chain: the only account that mints and burns.
    function bridge() external view returns (address);
}
