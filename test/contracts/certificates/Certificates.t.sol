// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {CertificateRegistry} from "../../../contracts/certificates/CertificateRegistry.sol";
import {ICertificateRegistry} from "../../../contracts/certificates/ICertificateRegistry.sol";
import {Leaves} from "../../../contracts/shared/Leaves.sol";
import {Cheats} from "../mocks/Cheats.sol";
import {FixedCommittee} from "../mocks/FixedCommittee.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {RecordingStaking} from "../mocks/RecordingStaking.sol";

/// @notice Attests, revokes, waits and cheats; remembers when each certificate ended.
contract CertificateHandler is Cheats {
    uint256 public constant ACTIONS = 5;
    uint256 public constant SUPPLY = 10_000_000;
    bytes32 private constant SCHEMA = keccak256("schema");

    CertificateRegistry public immutable REGISTRY;
    PlainToken public immutable TOKEN;
    RecordingStaking public immutable STAKING;

    uint256[ACTIONS] public reached;
    uint256 public calls;
    uint256 public wronglyAccepted;
    uint256 public feesIn;

    bytes32[] public commitments;
    mapping(bytes32 commitment => address issuer) public issuerOf;
    mapping(bytes32 commitment => uint256 expiresAt) public endOf;
    mapping(bytes32 commitment => bool) public isRevoked;
    mapping(bytes32 commitment => bool) private _isWhollyRevoked;
    uint256[3] private _keys;

    constructor() {
        AccessManager authority = new AccessManager(address(this));
        for (uint256 i = 0; i < 3; ++i) _keys[i] = i + 1;
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (VM.addr(_keys[j]) < VM.addr(_keys[i])) (_keys[i], _keys[j]) = (_keys[j], _keys[i]);
            }
        }
        address[] memory members = new address[](3);
        for (uint256 i = 0; i < 3; ++i) members[i] = VM.addr(_keys[i]);
        TOKEN = new PlainToken();
        STAKING = new RecordingStaking(TOKEN);
        address committee = address(new FixedCommittee(members, 6_700, 3));
        REGISTRY = new CertificateRegistry(
            address(authority),
            committee,
            address(STAKING),
            address(TOKEN),
            700,
            address(0xfee)
        );
        TOKEN.mint(address(this), SUPPLY);
        TOKEN.approve(address(REGISTRY), type(uint256).max);
    }

    function attest(uint256 seed) external counted(0) {
        bytes32 commitment = keccak256(abi.encode(seed, calls));
        ICertificateRegistry.Attestation memory a = _attestation(commitment, seed);
        REGISTRY.attest(a, _sign(REGISTRY.hashAttestation(a), 3));
        commitments.push(commitment);
        (issuerOf[commitment], endOf[commitment]) = (a.issuer, a.expiresAt);
        feesIn += a.fee;
    }

    /// Fewer than a quorum attest nothing, and nothing is attested twice (R2).
    function attestWrongly(uint256 seed) external counted(1) {
        bool again = seed % 2 == 0 && commitments.length > 0;
        bytes32 commitment = again ? commitments[(seed >> 8) % commitments.length] : keccak256(abi.encode(seed));
        ICertificateRegistry.Attestation memory a = _attestation(commitment, seed);
        if (again) a.issuer = issuerOf[commitment];
        try REGISTRY.attest(a, _sign(REGISTRY.hashAttestation(a), again ? 3 : seed % 3)) {
            ++wronglyAccepted;
        } catch {}
    }

    /// By its issuer, or by the committee, and only once.
    function revoke(uint256 seed) external counted(2) {
        if (commitments.length == 0) return;
        bytes32 commitment = commitments[seed % commitments.length];
        bytes32 root = Leaves.certificate(0, commitment);
        bool whole = (seed >> 8) % 2 == 0;
        uint32 index = whole ? REGISTRY.ALL() : 0;
        bytes32 id = REGISTRY.idOf(root, issuerOf[commitment], SCHEMA);
        bytes memory sigs = _sign(REGISTRY.hashRevocation(id, index, 1), 3);
        // One by one first and then as a whole is fine, and says more.
        bool done = _isWhollyRevoked[commitment] || (isRevoked[commitment] && !whole);
        if ((seed >> 16) % 2 == 0) {
            try REGISTRY.revokeByCommittee(id, index, 1, sigs) {
                assert(!done);
            } catch {
                assert(done);
            }
        } else {
            VM.prank(issuerOf[commitment]);
            try REGISTRY.revoke(root, SCHEMA, index, 1) {
                assert(!done);
            } catch {
                assert(done);
            }
        }
        isRevoked[commitment] = true;
        if (whole) _isWhollyRevoked[commitment] = true;
    }

    /// Nobody else revokes (R4).
    function revokeWrongly(uint256 seed) external counted(3) {
        if (commitments.length == 0) return;
        bytes32 root = Leaves.certificate(0, commitments[seed % commitments.length]);
        try REGISTRY.revoke(root, SCHEMA, 0, 1) {
            ++wronglyAccepted;
        } catch {}
    }

    function wait(uint256 seed) external counted(4) {
        VM.warp(block.timestamp + (seed % 400));
    }

    function count() external view returns (uint256) {
        return commitments.length;
    }

    function statusOf(bytes32 commitment) external view returns (ICertificateRegistry.Status) {
        bytes32 root = Leaves.certificate(0, commitment);
        return REGISTRY.status(root, issuerOf[commitment], SCHEMA, 0, commitment, new bytes32[](0));
    }

    modifier counted(uint256 action) {
        ++calls;
        _;
        ++reached[action];
    }

    function _attestation(
        bytes32 commitment,
        uint256 seed
    ) private view returns (ICertificateRegistry.Attestation memory) {
        return
            ICertificateRegistry.Attestation({
                root: Leaves.certificate(0, commitment),
                count: 1,
                expiresAt: uint32(block.timestamp + 1 + (seed % 2_000)),
                issuer: address(uint160(0x1000 + (seed % 5))),
                schema: SCHEMA,
                fee: (seed >> 32) % 10_000
            });
    }

    function _sign(bytes32 digest, uint256 signers) private view returns (bytes memory sigs) {
        for (uint256 i = 0; i < signers; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = VM.sign(_keys[i], digest);
            sigs = bytes.concat(sigs, abi.encodePacked(r, s, v));
        }
    }
}

/// Properties R1-R4 of the certificates.
contract CertificatesTest is Cheats {
    CertificateHandler private _handler;

    function setUp() external {
        VM.warp(1_800_000_000);
        _handler = new CertificateHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// hardhat-config: invariant.failOnRevert = true
    function invariant_certificates() external view {
        for (uint256 i = 0; i < _handler.count(); ++i) {
            bytes32 commitment = _handler.commitments(i);
            ICertificateRegistry.Status expected =
                _handler.isRevoked(commitment)
                    ? ICertificateRegistry.Status.Revoked
                    : block.timestamp < _handler.endOf(commitment)
                        ? ICertificateRegistry.Status.Valid
                        : ICertificateRegistry.Status.Expired;
            assert(_handler.statusOf(commitment) == expected); // R1, R2
        }
        uint256 cut = _handler.TOKEN().balanceOf(address(0xfee));
        assert(_handler.STAKING().creditedTotal() + cut == _handler.feesIn()); // R3
        assert(_handler.TOKEN().balanceOf(address(_handler.REGISTRY())) == 0); // R3
        assert(_handler.wronglyAccepted() == 0); // R2, R4
    }

    /// A handler that never got through would prove nothing.
    function afterInvariant() external view {
        if (_handler.calls() < 100) return;
        for (uint256 i = 0; i < _handler.ACTIONS(); ++i) assert(_handler.reached(i) > 0);
    }
}
