// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// A platform token whose transfers call back whoever is configured, as tokens with hooks do.
contract CallingToken is ERC20("Calling", "CALL") {
    address private _target;
    bytes private _call;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function burn(uint256 amount) external {
        _burn(msg.sender, amount);
    }

    function arm(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function mintInflation(address) external pure returns (uint256) {
        return 0;
    }

    function skipInflation() external pure {}

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (_target == address(0)) return;
        address target = _target;
        _target = address(0);
        Address.functionCall(target, _call);
    }
}
