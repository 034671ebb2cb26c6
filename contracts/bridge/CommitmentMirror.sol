// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {CrosschainLinked} from "@openzeppelin/contracts/crosschain/CrosschainLinked.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {INotaryLedger} from "../notary/INotaryLedger.sol";
import {BatchHash} from "../notary/BatchHash.sol";
import {Leaves} from "../shared/Leaves.sol";
import {SimpleTree} from "../shared/SimpleTree.sol";
import {EvmAddress} from "./EvmAddress.sol";
import {ICommitmentMirror} from "./ICommitmentMirror.sol";

/// @title CommitmentMirror
/// @notice See ICommitmentMirror.
contract CommitmentMirror is ICommitmentMirror, CrosschainLinked, AccessManaged, Pausable {
    struct Mirrored {
        address ledger;
        uint48 sharedAt;
        uint48 arrivedAt;
    }

    uint256 private constant HEADERS_MAX = 256;
    uint256 private constant HEADER_DEPTH_MAX = 8;
    uint256 private constant PAYLOAD_BYTES = 3 * 32;

    INotaryLedger private immutable LEDGER;

    /// @dev Written once per chain and root.
    mapping(uint256 chainId => mapping(bytes32 root => Mirrored)) private _mirrored;

    constructor(
        address initialAuthority,
        address ledger
    ) AccessManaged(initialAuthority) CrosschainLinked(new Link[](0)) {
        LEDGER = INotaryLedger(ledger);
    }

    /// @inheritdoc ICommitmentMirror
    function share(
        uint256 chainId,
        bytes32[] calldata partitions,
        uint64[] calldata seqs
    ) external whenNotPaused returns (bytes32 sendId, bytes32 root) {
        require(address(LEDGER) != address(0), CommitmentMirrorNoLedger());
        uint256 count = partitions.length;
        bool inBounds = count > 0 && count <= HEADERS_MAX && count == seqs.length;
        require(inBounds, CommitmentMirrorCount(count, seqs.length, HEADERS_MAX));
        bytes32[] memory nodes = SimpleTree.open(count);
        for (uint256 i = 0; i < count; ++i) SimpleTree.put(nodes, i, _leafAt(partitions[i], seqs[i]));
        root = SimpleTree.close(nodes);

        sendId = _sendMessageToCounterpart(
            InteroperableAddress.formatEvmV1(chainId),
            abi.encode(address(LEDGER), root, block.timestamp),
            new bytes[](0)
        );
        emit HeadersShared(sendId, chainId, root, count);
    }

    /// @inheritdoc ICommitmentMirror
    function setLink(address gateway, bytes calldata counterpart) external restricted {
        EvmAddress.parseCalldata(counterpart);
        _setLink(gateway, counterpart, true);
    }

    /// @inheritdoc ICommitmentMirror
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc ICommitmentMirror
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc ICommitmentMirror
    function mirrored(
        uint256 chainId,
        bytes32 root
    ) external view returns (address ledger, uint48 sharedAt, uint48 arrivedAt) {
        Mirrored storage entry = _mirrored[chainId][root];
        return (entry.ledger, entry.sharedAt, entry.arrivedAt);
    }

    /// @inheritdoc ICommitmentMirror
    function verifyInput(
        uint256 chainId,
        bytes32 root,
        bytes32 outcomeRoot,
        bytes32[] calldata headerProof,
        INotaryLedger.Batch calldata b,
        bytes32[] calldata inputProof,
        bytes32 commitment
    ) external view returns (bool) {
        bytes32 headerHash = BatchHash.digest(chainId, _mirrored[chainId][root].ledger, b);
        if (!verifyHeader(chainId, root, outcomeRoot, headerProof, headerHash)) return false;
        if (b.count == 0 || inputProof.length > Math.log2(b.count, Math.Rounding.Ceil)) return false;
        return MerkleProof.verifyCalldata(inputProof, b.root, Leaves.input(commitment));
    }

    /// @inheritdoc ICommitmentMirror
    function homeLedger() external view returns (address) {
        return address(LEDGER);
    }

    /// @inheritdoc ICommitmentMirror
    function verifyHeader(
        uint256 chainId,
        bytes32 root,
        bytes32 outcomeRoot,
        bytes32[] calldata headerProof,
        bytes32 headerHash
    ) public view returns (bool) {
        if (_mirrored[chainId][root].ledger == address(0) || headerProof.length > HEADER_DEPTH_MAX) return false;
        return MerkleProof.verifyCalldata(headerProof, root, Leaves.header(headerHash, outcomeRoot));
    }

    /// @dev A root that arrives again, over whatever message, changes nothing.
    function _processMessage(
        address,
        bytes32 receiveId,
        bytes calldata sender,
        bytes calldata payload
    ) internal override whenNotPaused {
        require(msg.value == 0, CommitmentMirrorValueRefused(msg.value));
        require(payload.length == PAYLOAD_BYTES, CommitmentMirrorBadPayload(payload));
        (uint256 chainId, ) = EvmAddress.parseCalldata(sender);
        (address ledger, bytes32 root, uint256 sharedAt) = abi.decode(payload, (address, bytes32, uint256));
        require(ledger != address(0) && root != bytes32(0), CommitmentMirrorBadPayload(payload));
        if (_mirrored[chainId][root].ledger != address(0)) return;

        _mirrored[chainId][root] = Mirrored(ledger, uint48(sharedAt), uint48(block.timestamp));
        emit HeadersMirrored(receiveId, chainId, root, ledger);
    }

    function _leafAt(bytes32 partition, uint64 seq) private view returns (bytes32) {
        bytes32 headerHash = LEDGER.headerAt(partition, seq);
        bytes32 outcomeRoot = LEDGER.outcomeRootOf(headerHash);
        bool provable = headerHash != bytes32(0) && outcomeRoot != LEDGER.VOID();
        require(provable, CommitmentMirrorNothingThere(partition, seq));
        return Leaves.header(headerHash, outcomeRoot);
    }
}
