// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Hash-linked headers of notarized batches, one chain per partition
/// @notice A header names what went in (a Merkle root of salted commitments and the exact bytes of the deals); what came
/// out is computed here. A header does not depend on any block, so after a reorg the same bytes are sent again.
interface INotaryLedger {
    /// @notice A header. `seq` starts at 0 without gaps; `prev` is the EIP-712 hash of the header before (0 for the
    /// first); `root` and `count` describe the input leaves (both 0 when there are none); `itemsHash` is the keccak256
    /// of the items (0 when there are none).
    struct Batch {
        bytes32 partition;
        uint64 seq;
        bytes32 prev;
        bytes32 root;
        uint32 count;
        bytes32 itemsHash;
    }

    /// @notice A batch became part of its partition's chain. `outcomeRoot` is 0 when it had no items.
    event BatchNotarized(
        bytes32 indexed partition,
        uint64 indexed seq,
        bytes32 indexed headerHash,
        bytes32 root,
        uint32 count,
        bytes32 outcomeRoot
    );
    /// @notice Governance let the partition pass a batch that could never be executed; it proves nothing.
    event BatchVoided(bytes32 indexed partition, uint64 indexed seq, bytes32 indexed headerHash);
    /// @notice `key` was shown to have signed two different headers for one place.
    event EquivocationReported(
        address indexed key,
        bytes32 indexed partition,
        uint64 indexed seq,
        bytes32 firstHash,
        bytes32 secondHash
    );

    /// @notice Another header stands at that place already.
    error NotaryLedgerOccupied(bytes32 partition, uint64 seq, bytes32 stored, bytes32 offered);
    error NotaryLedgerSequenceGap(bytes32 partition, uint64 offered, uint64 next);
    error NotaryLedgerBrokenLink(bytes32 partition, bytes32 offered, bytes32 head);
    /// @notice Neither inputs nor items.
    error NotaryLedgerEmptyBatch(bytes32 partition, uint64 seq);
    /// @notice Only one of root and count is zero.
    error NotaryLedgerRootWithoutCount(bytes32 root, uint32 count);
    error NotaryLedgerItemsMismatch(bytes32 expected, bytes32 actual);
    error NotaryLedgerNoQuorum(bytes32 headerHash);
    /// @notice Two proofs of the same header are no proof of two headers.
    error NotaryLedgerSameHeader(bytes32 headerHash);
    /// @notice The two headers are for different places.
    error NotaryLedgerDifferentPlaces(
        bytes32 firstPartition,
        uint64 firstSeq,
        bytes32 secondPartition,
        uint64 secondSeq
    );
    error NotaryLedgerDifferentSigners(address first, address second);
    error NotaryLedgerZeroAddress();

    /// @notice Appends a batch that the DV committee signed. Anyone may call, so that no relayer can hold a batch back.
    /// Emits BatchNotarized. Sending a known header again changes nothing and returns false, also while paused.
    /// @dev Reverts when another header stands there (Occupied), a place was left out (SequenceGap), the link or the
    /// items do not fit, there is nothing in it, the quorum is missing, the calldata is longer than its arguments, items come
    /// while paused, or the engine refuses the items as a whole.
    /// @param b the header
    /// @param items abi.encode(ISettlementEngine.Signed[]), or empty
    /// @param sigs 65-byte signatures of hashBatch(b), strictly ascending by signer
    /// @return fresh whether the batch was new
    function submit(Batch calldata b, bytes calldata items, bytes calldata sigs) external returns (bool fresh);

    /// @notice Shows that one key signed two different headers for one place; its node is slashed. Anyone may call.
    /// Emits EquivocationReported. Evidence is one per key and place, however many headers were signed for it.
    function reportEquivocation(
        Batch calldata first,
        bytes calldata firstSig,
        Batch calldata second,
        bytes calldata secondSig
    ) external;

    /// @notice Lets a partition pass a signed batch that can never be executed (items that do not decode or do not fit).
    /// Governance only, behind the timelock. The next header links to it; nothing can be proved from it.
    /// Emits BatchVoided. It takes the whole header, so that its hash belongs to this place and to no other.
    function voidBatch(Batch calldata b) external;

    /// @notice Stops batches with items, so that no value moves; headers alone stay notarizable. Guardian. Emits Paused.
    function pause() external;

    /// @notice Lets batches with items in again. Governance only. Emits Unpaused.
    function unpause() external;

    /// @notice Sequence number the next batch of the partition must have.
    function next(bytes32 partition) external view returns (uint64);

    /// @notice Hash of the last header of the partition; 0 before the first.
    function chainHead(bytes32 partition) external view returns (bytes32);

    /// @notice Hash of the header at that place; 0 when there is none.
    function headerAt(bytes32 partition, uint64 seq) external view returns (bytes32);

    /// @notice Root of what became of the items; 0 when there were none, VOID for a voided batch.
    function outcomeRootOf(bytes32 headerHash) external view returns (bytes32);

    /// @notice EIP-712 digest of a header: what the committee signs, what `prev` links to.
    function hashBatch(Batch calldata b) external view returns (bytes32 headerHash);

    /// @notice Whether this commitment was among the inputs of this notarized batch.
    function verifyInput(Batch calldata b, bytes32[] calldata proof, bytes32 commitment) external view returns (bool);

    /// @notice Whether the item at `index` of the batch was this deal and ended like this.
    function verifyOutcome(
        bytes32 headerHash,
        bytes32[] calldata proof,
        uint256 index,
        bytes32 dealId,
        uint256 status,
        bytes32 reasonHash
    ) external view returns (bool);

    /// @notice Outcome root of a voided batch. No hash is known to give it.
    function VOID() external view returns (bytes32);

    /// @notice Committee that signs batches, engine that executes their items, staking that slashes.
    function wiring() external view returns (address committee, address engine, address staking);
}
