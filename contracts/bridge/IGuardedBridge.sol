// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Token bridge with brakes
/// @notice OpenZeppelin's bridge with a pause, a limit on what flows per time in each direction and chain, and strict
/// recipients. Sending is crosschainTransfer(bytes to, uint256 amount) of BridgeFungible: `to` is the canonical ERC-7930
/// address of an EVM account, `amount` in the token's smallest unit; it emits CrosschainFungibleTransferSent, and
/// CrosschainFungibleTransferReceived on the other side.
interface IGuardedBridge {
    /// @notice Governance changed the limits.
    event LimitsSet(uint208 outCapacity, uint208 inCapacity, uint48 window);

    error GuardedBridgeCalldataNotExact(uint256 length);
    error GuardedBridgeZeroAmount();
    error GuardedBridgeRecipientRefused(bytes recipient);
    error GuardedBridgeValueRefused(uint256 value);
    error GuardedBridgeLimitsOutOfBounds(uint208 outCapacity, uint208 inCapacity, uint48 window);
    error GuardedBridgeNoChange();

    /// @notice Sets how much may leave towards, and arrive from, each chain at once (smallest unit), and in how many
    /// seconds (1 hour to 30 days) a used-up limit is full again. Within one window up to twice the capacity can pass
    /// (a full bucket and its refill). Governance only; zero capacity closes a direction. The other side's in-capacity
    /// must not be below this side's out-capacity, or a large transfer could not arrive. Emits LimitsSet.
    function setLimits(uint208 outCapacity, uint208 inCapacity, uint48 window) external;

    /// @notice Connects, or reconnects, a chain: its gateway here and the bridge there (canonical ERC-7930). Governance
    /// only. Emits LinkRegistered. Messages under way over the gateway before can no longer arrive: let them arrive first.
    function setLink(address gateway, bytes calldata counterpart) external;

    /// @notice Stops both directions. Guardian. Emits Paused.
    function pause() external;

    /// @notice Lets tokens pass again. Governance only. Emits Unpaused.
    function unpause() external;

    /// @notice Capacities and window in force.
    function limits() external view returns (uint208 outCapacity, uint208 inCapacity, uint48 window);

    /// @notice What may leave towards, and arrive from, that chain right now.
    function available(uint256 chainId) external view returns (uint256 out, uint256 into);
}
