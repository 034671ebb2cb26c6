// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {INotaryLedger} from "../notary/INotaryLedger.sol";

/// @title Notarized headers of one chain, provable on another
/// @notice At home it hashes headers of the ledger, with what came of their items, into one root and sends it; elsewhere
/// it keeps one slot per root. Anyone can then prove inputs and outcomes there against the one root.
interface ICommitmentMirror {
    /// @notice A root was sent. The leaves are the headers at these places in this order.
    event HeadersShared(bytes32 indexed sendId, uint256 indexed chainId, bytes32 indexed root, uint256 count);
    /// @notice A root of the ledger of that chain arrived.
    event HeadersMirrored(bytes32 indexed receiveId, uint256 indexed chainId, bytes32 indexed root, address ledger);

    error CommitmentMirrorNoLedger();
    error CommitmentMirrorCount(uint256 partitions, uint256 seqs, uint256 max);
    error CommitmentMirrorNothingThere(bytes32 partition, uint64 seq);
    error CommitmentMirrorValueRefused(uint256 value);
    error CommitmentMirrorBadPayload(bytes payload);

    /// @notice Sends the headers at these places (1 to 256, voided ones refused) to a connected chain. Anyone may call.
    /// Emits HeadersShared.
    function share(
        uint256 chainId,
        bytes32[] calldata partitions,
        uint64[] calldata seqs
    ) external returns (bytes32 sendId, bytes32 root);

    /// @notice Connects, or reconnects, a chain: its gateway here and the mirror there (canonical ERC-7930). Governance
    /// only. Emits LinkRegistered.
    function setLink(address gateway, bytes calldata counterpart) external;

    /// @notice Stops sharing and mirroring; proofs keep working. Guardian. Emits Paused.
    function pause() external;

    /// @notice Lets roots pass again. Governance only. Emits Unpaused.
    function unpause() external;

    /// @notice Ledger a root of that chain is about, and when it was shared and arrived (Unix seconds); zero when unknown.
    function mirrored(
        uint256 chainId,
        bytes32 root
    ) external view returns (address ledger, uint48 sharedAt, uint48 arrivedAt);

    /// @notice Whether the commitment was among the inputs of this batch of that chain's ledger.
    /// @param root a mirrored root
    /// @param outcomeRoot what came of the batch, as its leaf says (0 when it had no items)
    /// @param headerProof from the header's leaf to the root
    /// @param inputProof from the commitment's leaf to b.root
    function verifyInput(
        uint256 chainId,
        bytes32 root,
        bytes32 outcomeRoot,
        bytes32[] calldata headerProof,
        INotaryLedger.Batch calldata b,
        bytes32[] calldata inputProof,
        bytes32 commitment
    ) external view returns (bool);

    /// @notice Whether a header of that chain's ledger was mirrored with this outcome root.
    function verifyHeader(
        uint256 chainId,
        bytes32 root,
        bytes32 outcomeRoot,
        bytes32[] calldata headerProof,
        bytes32 headerHash
    ) external view returns (bool);

    /// @notice Ledger whose headers are shared from here; zero where there is none.
    function homeLedger() external view returns (address);
}
