// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What Solidity tests ask of the machine that runs them
/// @notice The few cheat codes the fuzz and invariant tests use.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function prank(address sender) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 timestamp) external;
}

/// @title Cheats
/// @notice Base of the Solidity tests.
abstract contract Cheats {
    Vm internal constant VM = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    function _between(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        return min + (x % (max - min + 1));
    }
}
