// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ISettlementEngine} from "../settlement/ISettlementEngine.sol";
import {ExactCalldata} from "../shared/ExactCalldata.sol";
import {Leaves} from "../shared/Leaves.sol";
import {MemoryMark} from "../shared/MemoryMark.sol";
import {IDVCommittee} from "../staking/IDVCommittee.sol";
import {IDVStaking} from "../staking/IDVStaking.sol";
import {BatchHash} from "./BatchHash.sol";
import {INotaryLedger} from "./INotaryLedger.sol";

/// @title NotaryLedger
/// @notice See INotaryLedger.
contract NotaryLedger is INotaryLedger, EIP712, AccessManaged, Pausable {
    /// @inheritdoc INotaryLedger
    bytes32 public constant VOID = keccak256("NotaryLedger.VOID");

    /// @dev selector, six words of the header, two offsets.
    uint256 private constant SUBMIT_HEAD_BYTES = 4 + 6 * 32 + 2 * 32;
    /// @dev selector, two headers, two offsets.
    uint256 private constant REPORT_HEAD_BYTES = 4 + 12 * 32 + 2 * 32;
    /// @dev 256 items at most, so no outcome lies deeper.
    uint256 private constant OUTCOME_DEPTH_MAX = 8;

    IDVCommittee private immutable COMMITTEE;
    address private immutable ENGINE;
    IDVStaking private immutable STAKING;

    /// @dev Written once per place, and only after the place before: what comes next is found by looking, so that there
    /// is one truth and a batch pays for one slot.
    mapping(bytes32 partition => mapping(uint64 seq => bytes32 headerHash)) private _header;
    /// @dev Written at most once per header: a header hash names its place.
    mapping(bytes32 headerHash => bytes32 outcomeRoot) private _outcome;

    constructor(
        address initialAuthority,
        address committee,
        address engine,
        address staking
    ) EIP712("NotaryLedger", "1") AccessManaged(initialAuthority) {
        require(committee != address(0) && engine != address(0) && staking != address(0), NotaryLedgerZeroAddress());
        COMMITTEE = IDVCommittee(committee);
        ENGINE = engine;
        STAKING = IDVStaking(staking);
    }

    /// @inheritdoc INotaryLedger
    function submit(Batch calldata b, bytes calldata items, bytes calldata sigs) external returns (bool fresh) {
        ExactCalldata.requireEnd(ExactCalldata.endOf(ExactCalldata.endOf(SUBMIT_HEAD_BYTES, items), sigs));
        bytes32 headerHash = hashBatch(b);
        if (_isKnown(b, headerHash)) return false;
        _requireNext(b);
        _requireContent(b, items);
        require(COMMITTEE.hasQuorum(headerHash, sigs), NotaryLedgerNoQuorum(headerHash));

        // Stored before the engine runs: whatever follows either completes or undoes the whole transaction.
        _header[b.partition][b.seq] = headerHash;

        // A nested submit from a token finds this batch already in place and the engine closed.
        bytes32 outcomeRoot = items.length == 0 ? bytes32(0) : _execute(headerHash, items);
        emit BatchNotarized(b.partition, b.seq, headerHash, b.root, b.count, outcomeRoot);
        return true;
    }

    /// @inheritdoc INotaryLedger
    function reportEquivocation(
        Batch calldata first,
        bytes calldata firstSig,
        Batch calldata second,
        bytes calldata secondSig
    ) external {
        ExactCalldata.requireEnd(ExactCalldata.endOf(ExactCalldata.endOf(REPORT_HEAD_BYTES, firstSig), secondSig));
        require(
            first.partition == second.partition && first.seq == second.seq,
            NotaryLedgerDifferentPlaces(first.partition, first.seq, second.partition, second.seq)
        );
        bytes32 firstHash = hashBatch(first);
        bytes32 secondHash = hashBatch(second);
        require(firstHash != secondHash, NotaryLedgerSameHeader(firstHash));
        address key = ECDSA.recoverCalldata(firstHash, firstSig);
        address other = ECDSA.recoverCalldata(secondHash, secondSig);
        require(key == other, NotaryLedgerDifferentSigners(key, other));

        emit EquivocationReported(key, first.partition, first.seq, firstHash, secondHash);

        STAKING.proveEquivocation(key, keccak256(abi.encode(key, first.partition, first.seq)));
    }

    /// @inheritdoc INotaryLedger
    function voidBatch(Batch calldata b) external restricted {
        bytes32 headerHash = hashBatch(b);
        require(!_isKnown(b, headerHash), NotaryLedgerOccupied(b.partition, b.seq, headerHash, headerHash));
        _requireNext(b);

        _header[b.partition][b.seq] = headerHash;
        _outcome[headerHash] = VOID;
        emit BatchVoided(b.partition, b.seq, headerHash);
    }

    /// @inheritdoc INotaryLedger
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc INotaryLedger
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc INotaryLedger

    /// @inheritdoc INotaryLedger
    function chainHead(bytes32 partition) external view returns (bytes32) {
        uint64 length = next(partition);
        return length == 0 ? bytes32(0) : _header[partition][length - 1];
    }

    /// @inheritdoc INotaryLedger
    function headerAt(bytes32 partition, uint64 seq) external view returns (bytes32) {
        return _header[partition][seq];
    }

    /// @inheritdoc INotaryLedger
    function outcomeRootOf(bytes32 headerHash) external view returns (bytes32) {
        return _outcome[headerHash];
    }

    /// @inheritdoc INotaryLedger
    function verifyInput(Batch calldata b, bytes32[] calldata proof, bytes32 commitment) external view returns (bool) {
        bytes32 headerHash = hashBatch(b);
        if (_header[b.partition][b.seq] != headerHash || _outcome[headerHash] == VOID) return false;
        if (b.count == 0 || proof.length > Math.log2(b.count, Math.Rounding.Ceil)) return false;
        return MerkleProof.verifyCalldata(proof, b.root, Leaves.input(commitment));
    }

    /// @inheritdoc INotaryLedger
    function verifyOutcome(
        bytes32 headerHash,
        bytes32[] calldata proof,
        uint256 index,
        bytes32 dealId,
        uint256 status,
        bytes32 reasonHash
    ) external view returns (bool) {
        bytes32 root = _outcome[headerHash];
        if (root == bytes32(0) || proof.length > OUTCOME_DEPTH_MAX) return false;
        return MerkleProof.verifyCalldata(proof, root, Leaves.outcome(index, dealId, status, reasonHash));
    }

    /// @inheritdoc INotaryLedger
    function wiring() external view returns (address committee, address engine, address staking) {
        return (address(COMMITTEE), ENGINE, address(STAKING));
    }

    /// @inheritdoc INotaryLedger
    /// @dev Places are filled without gaps, so doubling and halving finds the first empty one: no counter to pay for.
    function next(bytes32 partition) public view returns (uint64) {
        mapping(uint64 seq => bytes32 headerHash) storage headers = _header[partition];
        uint64 above = 1;
        while (headers[above - 1] != bytes32(0)) above *= 2;
        uint64 low = above / 2;
        uint64 high = above - 1;
        while (low < high) {
            uint64 middle = (low + high) / 2;
            if (headers[middle] == bytes32(0)) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    /// @inheritdoc INotaryLedger
    function hashBatch(Batch calldata b) public view returns (bytes32 headerHash) {
        return _hashTypedDataV4(BatchHash.structHash(b));
    }

    /// @dev The raw bytes are handed on, so that what was hashed is what is executed.
    function _execute(bytes32 headerHash, bytes calldata items) private returns (bytes32 outcomeRoot) {
        _requireNotPaused();
        bytes memory answer = Address.functionCall(ENGINE, bytes.concat(ISettlementEngine.settle.selector, items));
        outcomeRoot = abi.decode(answer, (bytes32));
        _outcome[headerHash] = outcomeRoot;
    }

    function _isKnown(Batch calldata b, bytes32 headerHash) private view returns (bool) {
        bytes32 stored = _header[b.partition][b.seq];
        if (stored == headerHash) return true;
        require(stored == bytes32(0), NotaryLedgerOccupied(b.partition, b.seq, stored, headerHash));
        return false;
    }

    function _requireNext(Batch calldata b) private view {
        bytes32 head = b.seq == 0 ? bytes32(0) : _header[b.partition][b.seq - 1];
        if (b.seq > 0 && head == bytes32(0)) {
            revert NotaryLedgerSequenceGap(b.partition, b.seq, next(b.partition));
        }
        require(b.prev == head, NotaryLedgerBrokenLink(b.partition, b.prev, head));
    }

    function _requireContent(Batch calldata b, bytes calldata items) private pure {
        require((b.root == bytes32(0)) == (b.count == 0), NotaryLedgerRootWithoutCount(b.root, b.count));
        require(b.count != 0 || items.length != 0, NotaryLedgerEmptyBatch(b.partition, b.seq));
        // The copy to hash is given back: the next one, for the engine, then takes the same memory.
        uint256 mark = MemoryMark.take();
        bytes32 actual = items.length == 0 ? bytes32(0) : keccak256(items);
        MemoryMark.release(mark);
        require(b.itemsHash == actual, NotaryLedgerItemsMismatch(b.itemsHash, actual));
    }
}
