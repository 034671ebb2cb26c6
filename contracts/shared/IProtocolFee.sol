// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The part of a payment that goes to the treasury
/// @notice A share with an immutable upper bound; what does not divide stays with who earned the payment.
interface IProtocolFee {
    /// @notice Governance changed the share or the receiver.
    event ProtocolFeeSet(uint16 oldBps, address oldTreasury, uint16 bps, address treasury);

    error ProtocolFeeOutOfBounds(uint16 bps, uint16 max);
    error ProtocolFeeNoChange();
    error ProtocolFeeZeroAddress();

    /// @notice Sets the share (hundredths of a percent, at most 2,000) and who gets it. Governance only. Emits
    /// ProtocolFeeSet; reverts above the bound, for the zero address or on no change.
    function setProtocolFee(uint16 bps, address treasury) external;

    /// @notice Share in hundredths of a percent, and who gets it.
    function protocolFee() external view returns (uint16 bps, address treasury);
}
