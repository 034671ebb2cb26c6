// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC7786GatewaySource} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";

/// @title Messages between chains, vouched for by the DV committee (ERC-7786, addresses ERC-7930)
/// @notice The committee signs a message once its source block is final; anyone delivers it. The gateway holds no
/// assets and no roles, and the only function it ever calls is receiveMessage of the recipient.
interface ICommitteeGateway is IERC7786GatewaySource {
    /// @notice What the committee signs, in the domain of the gateway that delivers. Addresses are ERC-7930 bytes.
    struct Message {
        uint256 sourceChain;
        address sourceGateway;
        bytes32 sendId;
        bytes sender;
        bytes recipient;
        bytes payload;
    }

    /// @notice The recipient accepted the message.
    event MessageDelivered(bytes32 indexed receiveId, uint256 indexed sourceChain, bytes32 indexed sendId);
    /// @notice The gateway of another chain changed; zero means nothing goes there or comes from there.
    event RemoteSet(uint256 indexed chainId, address oldGateway, address gateway);
    /// @notice A contract may, or may no longer, send through this gateway.
    event SenderSet(address indexed sender, bool allowed);

    error CommitteeGatewayValueRefused(uint256 value);
    error CommitteeGatewayNotSender(address caller);
    error CommitteeGatewayUnknownChain(uint256 chainId);
    error CommitteeGatewayWrongChain(uint256 chainId);
    error CommitteeGatewayAlreadyDelivered(uint256 sourceChain, bytes32 sendId);
    error CommitteeGatewayRecipientRefused(address recipient);
    error CommitteeGatewayNoChange();

    /// @notice Delivers a message a quorum of the committee signed. Anyone may call; a delivery that fails changes
    /// nothing and may be tried again. Emits MessageDelivered.
    /// @dev Reverts while paused, for a chain without gateway, a recipient elsewhere, a second delivery, no quorum,
    /// longer calldata than its arguments, and with the recipient's own error when it refuses.
    /// @return receiveId EIP-712 digest of the message
    function deliver(
        bytes32 sendId,
        bytes calldata sender,
        bytes calldata recipient,
        bytes calldata payload,
        bytes calldata sigs
    ) external returns (bytes32 receiveId);

    /// @notice Names the gateway of another chain. Governance only. Emits RemoteSet; reverts on no change or for this
    /// chain. Messages of the gateway before can no longer be delivered: let them arrive first.
    function setRemote(uint256 chainId, address gateway) external;

    /// @notice Cuts a chain off at once. Guardian. Emits RemoteSet; reverts on no change.
    function cutOff(uint256 chainId) external;

    /// @notice Allows or forbids a contract to send. Governance only. Emits SenderSet; reverts on no change. Only
    /// contracts with fixed payloads are allowed, so that nobody can write what he likes on other chains.
    function setSender(address sender, bool allowed) external;

    /// @notice Stops sending and delivering. Guardian. Emits Paused.
    function pause() external;

    /// @notice Lets messages pass again. Governance only. Emits Unpaused.
    function unpause() external;

    /// @notice Gateway of that chain; zero when there is none.
    function remote(uint256 chainId) external view returns (address);

    /// @notice Whether this contract may send.
    function isSender(address sender) external view returns (bool);

    /// @notice Whether the message of that gateway was delivered here.
    function isDelivered(uint256 sourceChain, address sourceGateway, bytes32 sendId) external view returns (bool);

    /// @notice Number of messages sent; ids count from 1.
    function sent() external view returns (uint256);

    /// @notice EIP-712 digest of a message for this gateway.
    function hashMessage(Message calldata message) external view returns (bytes32 digest);
}
