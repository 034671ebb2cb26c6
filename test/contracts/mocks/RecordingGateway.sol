// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A gateway that only remembers
/// @notice Stands for an ERC-7786 gateway where nothing needs to arrive.
contract RecordingGateway {
    /// @notice A message was handed over.
    event Sent(bytes recipient, bytes payload);

    /// @notice See ERC-7786.
    function sendMessage(
        bytes calldata recipient,
        bytes calldata payload,
        bytes[] calldata
    ) external returns (bytes32) {
        emit Sent(recipient, payload);
        return bytes32(0);
    }
}
