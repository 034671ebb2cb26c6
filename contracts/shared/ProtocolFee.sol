// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IProtocolFee} from "./IProtocolFee.sol";

/// @title ProtocolFee
/// @notice See IProtocolFee.
abstract contract ProtocolFee is IProtocolFee, AccessManaged {
    uint256 private constant BPS_WHOLE = 10_000;
    uint16 private constant BPS_MAX = 2_000;

    address private _treasury;
    uint16 private _bps;

    constructor(uint16 bps, address treasury) {
        require(bps <= BPS_MAX, ProtocolFeeOutOfBounds(bps, BPS_MAX));
        require(treasury != address(0), ProtocolFeeZeroAddress());
        (_bps, _treasury) = (bps, treasury);
        emit ProtocolFeeSet(0, address(0), bps, treasury);
    }

    /// @inheritdoc IProtocolFee
    function setProtocolFee(uint16 bps, address treasury) external restricted {
        require(bps <= BPS_MAX, ProtocolFeeOutOfBounds(bps, BPS_MAX));
        require(treasury != address(0), ProtocolFeeZeroAddress());
        (uint16 oldBps, address oldTreasury) = (_bps, _treasury);
        require(bps != oldBps || treasury != oldTreasury, ProtocolFeeNoChange());

        (_bps, _treasury) = (bps, treasury);
        emit ProtocolFeeSet(oldBps, oldTreasury, bps, treasury);
    }

    /// @inheritdoc IProtocolFee
    function protocolFee() public view returns (uint16 bps, address treasury) {
        return (_bps, _treasury);
    }

    /// @dev Rounds the cut down: the remainder belongs to who earned it.
    function _split(uint256 amount) internal view returns (uint256 net, uint256 cut, address treasury) {
        treasury = _treasury;
        cut = Math.mulDiv(amount, _bps, BPS_WHOLE);
        net = amount - cut;
    }
}
