// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BitMaps} from "@openzeppelin/contracts/utils/structs/BitMaps.sol";
import {CommitteeQuorum} from "../shared/CommitteeQuorum.sol";
import {ExactCalldata} from "../shared/ExactCalldata.sol";
import {Leaves} from "../shared/Leaves.sol";
import {ProtocolFee} from "../shared/ProtocolFee.sol";
import {IDVStaking} from "../staking/IDVStaking.sol";
import {ICertificateRegistry} from "./ICertificateRegistry.sol";

/// @title CertificateRegistry
/// @notice See ICertificateRegistry.
contract CertificateRegistry is ICertificateRegistry, EIP712, CommitteeQuorum, ProtocolFee {
    using BitMaps for BitMaps.BitMap;
    using SafeERC20 for IERC20;

    /// @dev One slot beside the issuer's, written once but for `revokedAt`.
    struct Stored {
        address issuer;
        uint32 issuedAt;
        uint32 expiresAt;
        uint32 revokedAt;
        uint32 count;
    }

    bytes32 private constant ATTESTATION_TYPEHASH = keccak256(
        "Attestation(bytes32 root,uint32 count,uint32 expiresAt,address issuer,bytes32 schema,uint256 fee)"
    );
    bytes32 private constant REVOCATION_TYPEHASH = keccak256("Revocation(bytes32 id,uint32 index,uint8 reason)");
    /// @inheritdoc ICertificateRegistry
    uint32 public constant ALL = type(uint32).max;

    uint256 private constant FEE_FLOOR_MAX = 1_000e18;
    /// @dev selector, six words of the attestation, one offset.
    uint256 private constant ATTEST_HEAD_BYTES = 4 + 6 * 32 + 32;
    /// @dev selector, three words, one offset.
    uint256 private constant REVOKE_HEAD_BYTES = 4 + 3 * 32 + 32;

    IERC20 private immutable TOKEN;
    IDVStaking private immutable STAKING;

    mapping(bytes32 id => Stored attestation) private _attestations;
    mapping(bytes32 id => BitMaps.BitMap indices) private _revoked;
    uint256 private _feeFloor;

    constructor(
        address initialAuthority,
        address committee_,
        address staking,
        address token,
        uint16 feeBps,
        address treasury
    )
        EIP712("CertificateRegistry", "1")
        AccessManaged(initialAuthority)
        CommitteeQuorum(committee_)
        ProtocolFee(feeBps, treasury)
    {
        require(staking != address(0) && token != address(0), CertificateRegistryZeroAddress());
        STAKING = IDVStaking(staking);
        TOKEN = IERC20(token);
        // Fees pass through within one call; between calls there is nothing here to take.
        TOKEN.forceApprove(staking, type(uint256).max);
    }

    /// @inheritdoc ICertificateRegistry
    function attest(Attestation calldata a, bytes calldata sigs) external returns (bytes32 id) {
        ExactCalldata.requireEnd(ExactCalldata.endOf(ATTEST_HEAD_BYTES, sigs));
        require(a.root != bytes32(0) && a.count != 0 && a.count != ALL, CertificateRegistryEmpty(a.root, a.count));
        require(a.expiresAt > block.timestamp, CertificateRegistryExpired(a.expiresAt, block.timestamp));
        uint256 floor = _feeFloor * a.count;
        require(a.fee >= floor, CertificateRegistryFeeTooLow(a.fee, floor));
        id = idOf(a.root, a.issuer, a.schema);
        require(_attestations[id].issuedAt == 0, CertificateRegistryKnown(id));
        address[] memory signers = _requireQuorum(hashAttestation(a), sigs);

        _attestations[id] = Stored(a.issuer, uint32(block.timestamp), a.expiresAt, 0, a.count);
        emit Attested(id, a.issuer, a.schema, a.root, a.count, a.expiresAt, a.fee);

        if (a.fee > 0) _passOn(a.fee, signers);
    }

    /// @inheritdoc ICertificateRegistry
    function revoke(bytes32 root, bytes32 schema, uint32 index, uint8 reason) external {
        _revoke(idOf(root, msg.sender, schema), index, reason);
    }

    /// @inheritdoc ICertificateRegistry
    function revokeByCommittee(bytes32 id, uint32 index, uint8 reason, bytes calldata sigs) external {
        ExactCalldata.requireEnd(ExactCalldata.endOf(REVOKE_HEAD_BYTES, sigs));
        _requireQuorum(hashRevocation(id, index, reason), sigs);

        _revoke(id, index, reason);
    }

    /// @inheritdoc ICertificateRegistry
    function setFeeFloor(uint256 floor) external restricted {
        require(floor <= FEE_FLOOR_MAX, CertificateRegistryFeeFloorOutOfBounds(floor, FEE_FLOOR_MAX));
        uint256 oldFloor = _feeFloor;
        require(floor != oldFloor, CertificateRegistryNoChange());

        _feeFloor = floor;
        emit FeeFloorSet(oldFloor, floor);
    }

    /// @inheritdoc ICertificateRegistry
    function status(
        bytes32 root,
        address issuer,
        bytes32 schema,
        uint32 index,
        bytes32 commitment,
        bytes32[] calldata proof
    ) external view returns (Status) {
        bytes32 id = idOf(root, issuer, schema);
        Stored storage stored = _attestations[id];
        if (index >= stored.count || proof.length > Math.log2(stored.count, Math.Rounding.Ceil)) return Status.Unknown;
        if (!MerkleProof.verifyCalldata(proof, root, Leaves.certificate(index, commitment))) return Status.Unknown;
        if (isRevoked(id, index)) return Status.Revoked;
        return block.timestamp < stored.expiresAt ? Status.Valid : Status.Expired;
    }

    /// @inheritdoc ICertificateRegistry
    function attestation(
        bytes32 id
    ) external view returns (address issuer, uint32 count, uint32 issuedAt, uint32 expiresAt, uint32 revokedAt) {
        Stored storage stored = _attestations[id];
        return (stored.issuer, stored.count, stored.issuedAt, stored.expiresAt, stored.revokedAt);
    }

    /// @inheritdoc ICertificateRegistry
    function feeFloor() external view returns (uint256) {
        return _feeFloor;
    }

    /// @inheritdoc ICertificateRegistry
    function wiring() external view returns (address token, address staking) {
        return (address(TOKEN), address(STAKING));
    }

    /// @inheritdoc ICertificateRegistry
    function isRevoked(bytes32 id, uint32 index) public view returns (bool) {
        return _attestations[id].revokedAt != 0 || _revoked[id].get(index);
    }

    /// @inheritdoc ICertificateRegistry
    function hashAttestation(Attestation calldata a) public view returns (bytes32 digest) {
        return _hashTypedDataV4(keccak256(abi.encode(ATTESTATION_TYPEHASH, a)));
    }

    /// @inheritdoc ICertificateRegistry
    function hashRevocation(bytes32 id, uint32 index, uint8 reason) public view returns (bytes32 digest) {
        return _hashTypedDataV4(keccak256(abi.encode(REVOCATION_TYPEHASH, id, index, reason)));
    }

    /// @inheritdoc ICertificateRegistry
    function idOf(bytes32 root, address issuer, bytes32 schema) public pure returns (bytes32 id) {
        return keccak256(abi.encode(root, issuer, schema));
    }

    /// @dev Nothing ever takes a revocation back.
    function _revoke(bytes32 id, uint32 index, uint8 reason) private {
        Stored storage stored = _attestations[id];
        require(stored.issuedAt != 0, CertificateRegistryUnknown(id));
        require(index == ALL || index < stored.count, CertificateRegistryNoSuchIndex(index, stored.count));
        require(!isRevoked(id, index), CertificateRegistryAlreadyRevoked(id, index));

        if (index == ALL) stored.revokedAt = uint32(block.timestamp);
        else _revoked[id].set(index);
        emit Revoked(id, index, reason, msg.sender);
    }

    function _passOn(uint256 fee, address[] memory signers) private {
        (uint256 net, uint256 cut, address treasury) = _split(fee);
        TOKEN.safeTransferFrom(msg.sender, address(this), net);
        if (cut > 0) TOKEN.safeTransferFrom(msg.sender, treasury, cut);
        STAKING.creditFee(signers, net);
    }
}
