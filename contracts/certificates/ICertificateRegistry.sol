// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Digital certificates of authenticity, attested by the DV committee
/// @notice A certificate is a salted commitment of a document (a test result); an attestation is the Merkle root of one
/// or many of them. Only roots, addresses and dates are public.
interface ICertificateRegistry {
    /// @notice Unknown 0, Valid 1, Expired 2, Revoked 3. The last two never change again; revoked wins over expired.
    enum Status {
        Unknown,
        Valid,
        Expired,
        Revoked
    }

    /// @notice What the committee signs. `count` certificates (1 or more) under `root`; `expiresAt` in Unix seconds;
    /// `issuer` answers for them and may revoke; `schema` says what kind of document; `fee` in the smallest unit of the
    /// platform token, paid by whoever submits.
    struct Attestation {
        bytes32 root;
        uint32 count;
        uint32 expiresAt;
        address issuer;
        bytes32 schema;
        uint256 fee;
    }

    /// @notice An attestation was recorded.
    event Attested(
        bytes32 indexed id,
        address indexed issuer,
        bytes32 indexed schema,
        bytes32 root,
        uint32 count,
        uint32 expiresAt,
        uint256 fee
    );
    /// @notice Certificate number `index`, or all (ALL), of the attestation ended for good.
    event Revoked(bytes32 indexed id, uint32 index, uint8 reason, address by);
    /// @notice Governance changed what one certificate costs at least.
    event FeeFloorSet(uint256 oldFloor, uint256 floor);

    error CertificateRegistryEmpty(bytes32 root, uint32 count);
    error CertificateRegistryExpired(uint32 expiresAt, uint256 time);
    error CertificateRegistryKnown(bytes32 id);
    error CertificateRegistryUnknown(bytes32 id);
    error CertificateRegistryFeeTooLow(uint256 fee, uint256 floor);
    error CertificateRegistryFeeFloorOutOfBounds(uint256 floor, uint256 max);
    error CertificateRegistryNoChange();
    error CertificateRegistryNoSuchIndex(uint32 index, uint32 count);
    error CertificateRegistryAlreadyRevoked(bytes32 id, uint32 index);
    error CertificateRegistryZeroAddress();

    /// @notice Records an attestation that a quorum of the committee signed. Anyone may call and pays the fee, so no
    /// third party's allowance is ever touched. Emits Attested. The fee goes to the signers, less the protocol's share.
    /// @dev Reverts for an empty root, an end in the past, a known id (also an expired or revoked one: a document is
    /// attested again under a new root), a fee under the floor, no quorum, longer calldata than its arguments.
    /// @return id idOf(root, issuer, schema), so that nobody can squat another issuer's root
    function attest(Attestation calldata a, bytes calldata sigs) external returns (bytes32 id);

    /// @notice Ends a certificate, or all with index ALL, for good. Issuer only. Emits Revoked.
    /// @param reason a public code, without meaning here
    function revoke(bytes32 root, bytes32 schema, uint32 index, uint8 reason) external;

    /// @notice The same, by a quorum of the committee instead of the issuer (a lost or dishonest issuer). Anyone may
    /// call with signatures of Revocation(bytes32 id,uint32 index,uint8 reason). Emits Revoked.
    function revokeByCommittee(bytes32 id, uint32 index, uint8 reason, bytes calldata sigs) external;

    /// @notice Sets the least fee for one certificate (smallest unit, at most 1,000 tokens of 18 decimals). Governance
    /// only. Emits FeeFloorSet; reverts above the bound or on no change.
    function setFeeFloor(uint256 floor) external;

    /// @notice State of one certificate; Unknown when the proof does not lead to the root of the attestation.
    function status(
        bytes32 root,
        address issuer,
        bytes32 schema,
        uint32 index,
        bytes32 commitment,
        bytes32[] calldata proof
    ) external view returns (Status);

    /// @notice Dates in Unix seconds (0 when not), and number of certificates, of an attestation.
    function attestation(
        bytes32 id
    ) external view returns (address issuer, uint32 count, uint32 issuedAt, uint32 expiresAt, uint32 revokedAt);

    /// @notice Whether this one certificate, or all, was revoked.
    function isRevoked(bytes32 id, uint32 index) external view returns (bool);

    /// @notice Least fee for one certificate, in the smallest unit of the token.
    function feeFloor() external view returns (uint256);

    /// @notice EIP-712 digest the committee signs for an attestation.
    function hashAttestation(Attestation calldata a) external view returns (bytes32 digest);

    /// @notice EIP-712 digest the committee signs for a revocation.
    function hashRevocation(bytes32 id, uint32 index, uint8 reason) external view returns (bytes32 digest);

    /// @notice Index that stands for every certificate of an attestation.
    function ALL() external view returns (uint32);

    /// @notice Token fees are paid in, and staking that passes them on to the signers.
    function wiring() external view returns (address token, address staking);

    /// @notice Id of an attestation.
    function idOf(bytes32 root, address issuer, bytes32 schema) external pure returns (bytes32 id);
}
