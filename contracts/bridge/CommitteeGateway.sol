// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC7786GatewaySource, IERC7786Recipient} from "@openzeppelin/contracts/interfaces/draft-IERC7786.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {CommitteeQuorum} from "../shared/CommitteeQuorum.sol";
import {ExactCalldata} from "../shared/ExactCalldata.sol";
import {EvmAddress} from "./EvmAddress.sol";
import {ICommitteeGateway} from "./ICommitteeGateway.sol";

/// @title CommitteeGateway
/// @notice See ICommitteeGateway.
contract CommitteeGateway is ICommitteeGateway, EIP712, Pausable, CommitteeQuorum {
    using BitMaps for BitMaps.BitMap;

    bytes32 private constant MESSAGE_TYPEHASH = keccak256(
        "Message(uint256 sourceChain,address sourceGateway,bytes32 sendId,bytes sender,bytes recipient,bytes payload)"
    );
    /// @dev selector, send id, four offsets.
    uint256 private constant DELIVER_HEAD_BYTES = 4 + 32 + 4 * 32;

    mapping(uint256 chainId => address gateway) private _remote;
    mapping(address sender => bool allowed) private _senders;
    /// @dev Kept per gateway of the source, since each counts its own messages from 1.
    mapping(uint256 chainId => mapping(address gateway => BitMaps.BitMap sendIds)) private _delivered;
    uint256 private _sent;

    constructor(
        address initialAuthority,
        address committee_
    ) EIP712("CommitteeGateway", "1") AccessManaged(initialAuthority) CommitteeQuorum(committee_) {}

    /// @inheritdoc IERC7786GatewaySource
    function sendMessage(
        bytes calldata recipient,
        bytes calldata payload,
        bytes[] calldata attributes
    ) external payable whenNotPaused returns (bytes32 sendId) {
        require(_senders[msg.sender], CommitteeGatewayNotSender(msg.sender));
        require(msg.value == 0, CommitteeGatewayValueRefused(msg.value));
        if (attributes.length > 0) revert UnsupportedAttribute(bytes4(attributes[0]));
        (uint256 chainId, ) = EvmAddress.parseCalldata(recipient);
        require(_remote[chainId] != address(0), CommitteeGatewayUnknownChain(chainId));

        sendId = bytes32(++_sent);
        bytes memory sender = InteroperableAddress.formatEvmV1(block.chainid, msg.sender);
        emit MessageSent(sendId, sender, recipient, payload, 0, attributes);
    }

    /// @inheritdoc ICommitteeGateway
    function deliver(
        bytes32 sendId,
        bytes calldata sender,
        bytes calldata recipient,
        bytes calldata payload,
        bytes calldata sigs
    ) external whenNotPaused returns (bytes32 receiveId) {
        _requireExact(sender, recipient, payload, sigs);
        (uint256 sourceChain, ) = EvmAddress.parseCalldata(sender);
        Message memory m = Message(sourceChain, _remote[sourceChain], sendId, sender, recipient, payload);
        require(m.sourceGateway != address(0), CommitteeGatewayUnknownChain(sourceChain));
        receiveId = _hash(m);
        _requireQuorum(receiveId, sigs);

        _use(m);
        emit MessageDelivered(receiveId, sourceChain, sendId);

        _handOver(
            _localAccount(recipient),
            abi.encodeCall(IERC7786Recipient.receiveMessage, (receiveId, sender, payload))
        );
    }

    /// @inheritdoc ICommitteeGateway
    function setRemote(uint256 chainId, address gateway) external restricted {
        require(chainId != block.chainid, CommitteeGatewayWrongChain(chainId));
        _setRemote(chainId, gateway);
    }

    /// @inheritdoc ICommitteeGateway
    function cutOff(uint256 chainId) external restricted {
        _setRemote(chainId, address(0));
    }

    /// @inheritdoc ICommitteeGateway
    function setSender(address sender, bool allowed) external restricted {
        require(_senders[sender] != allowed, CommitteeGatewayNoChange());

        _senders[sender] = allowed;
        emit SenderSet(sender, allowed);
    }

    /// @inheritdoc ICommitteeGateway
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc ICommitteeGateway
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc ICommitteeGateway
    function remote(uint256 chainId) external view returns (address) {
        return _remote[chainId];
    }

    /// @inheritdoc ICommitteeGateway
    function isSender(address sender) external view returns (bool) {
        return _senders[sender];
    }

    /// @inheritdoc ICommitteeGateway
    function isDelivered(uint256 sourceChain, address sourceGateway, bytes32 sendId) external view returns (bool) {
        return _delivered[sourceChain][sourceGateway].get(uint256(sendId));
    }

    /// @inheritdoc ICommitteeGateway
    function sent() external view returns (uint256) {
        return _sent;
    }

    /// @inheritdoc ICommitteeGateway
    function hashMessage(Message calldata m) external view returns (bytes32 digest) {
        return _hash(m);
    }

    /// @inheritdoc IERC7786GatewaySource
    function supportsAttribute(bytes4) external pure returns (bool) {
        return false;
    }

    function _setRemote(uint256 chainId, address gateway) private {
        address oldGateway = _remote[chainId];
        require(oldGateway != gateway, CommitteeGatewayNoChange());

        _remote[chainId] = gateway;
        emit RemoteSet(chainId, oldGateway, gateway);
    }

    /// @dev ERC-7786: a recipient that does not answer with the magic word must undo the delivery.
    function _handOver(address to, bytes memory call) private {
        (bool success, bytes32 answer, ) = LowLevelCall.callReturn64Bytes(to, call);
        if (!success) LowLevelCall.bubbleRevert();
        bool accepted =
            LowLevelCall.returnDataSize() >= 32 && answer == bytes32(IERC7786Recipient.receiveMessage.selector);
        require(accepted, CommitteeGatewayRecipientRefused(to));
    }

    /// @dev Each message of a gateway passes once.
    function _use(Message memory m) private {
        BitMaps.BitMap storage delivered = _delivered[m.sourceChain][m.sourceGateway];
        require(!delivered.get(uint256(m.sendId)), CommitteeGatewayAlreadyDelivered(m.sourceChain, m.sendId));
        delivered.set(uint256(m.sendId));
    }

    function _hash(Message memory m) private view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        MESSAGE_TYPEHASH,
                        m.sourceChain,
                        m.sourceGateway,
                        m.sendId,
                        keccak256(m.sender),
                        keccak256(m.recipient),
                        keccak256(m.payload)
                    )
                )
            );
    }

    function _localAccount(bytes calldata recipient) private view returns (address account) {
        uint256 chainId;
        (chainId, account) = EvmAddress.parseCalldata(recipient);
        require(chainId == block.chainid, CommitteeGatewayWrongChain(chainId));
    }

    function _requireExact(
        bytes calldata sender,
        bytes calldata recipient,
        bytes calldata payload,
        bytes calldata sigs
    ) private pure {
        uint256 end = ExactCalldata.endOf(ExactCalldata.endOf(DELIVER_HEAD_BYTES, sender), recipient);
        ExactCalldata.requireEnd(ExactCalldata.endOf(ExactCalldata.endOf(end, payload), sigs));
    }
}
