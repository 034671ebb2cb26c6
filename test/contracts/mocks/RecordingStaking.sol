// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Remembers what it was asked; pulls fees like the real one.
contract RecordingStaking {
    IERC20 public immutable TOKEN;
    mapping(address key => mapping(bytes32 evidence => uint256 times)) public proofs;
    mapping(address key => uint256 amount) public credited;
    uint256 public creditedTotal;

    constructor(IERC20 token) {
        TOKEN = token;
    }

    function creditFee(address[] calldata keys, uint256 amount) external {
        require(keys.length > 0, "no keys");
        for (uint256 i = 0; i < keys.length; ++i) credited[keys[i]] += amount / keys.length;
        creditedTotal += amount;
        require(TOKEN.transferFrom(msg.sender, address(this), amount), "no fee");
    }

    function proveEquivocation(address key, bytes32 evidence) external {
        ++proofs[key][evidence];
    }

    function nodeOf(address key) external pure returns (address) {
        return key;
    }
}
