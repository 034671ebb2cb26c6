// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {CommitteeTable} from "../../../contracts/staking/CommitteeTable.sol";
import {ICommitteeTable} from "../../../contracts/staking/ICommitteeTable.sol";
import {RemoteCommittee} from "../../../contracts/staking/RemoteCommittee.sol";
import {Cheats} from "../mocks/Cheats.sol";

/// Properties C1-C4 of the committee, for any weights, signers, orders and digests.
contract CommitteeTest is Cheats {
    uint256 private constant SEATS = 6;
    uint256 private constant KEY_BASE = 0xC0FFEE;

    uint256[SEATS] private _secrets;
    address[SEATS] private _keys;
    AccessManager private _manager;

    function setUp() external {
        VM.warp(1_800_000_000);
        _manager = new AccessManager(address(this));
        for (uint256 i = 0; i < SEATS; ++i) _secrets[i] = KEY_BASE + i;
        // Insertion sort by address: the order in which signatures must come.
        for (uint256 i = 1; i < SEATS; ++i) {
            for (uint256 j = i; j > 0 && VM.addr(_secrets[j]) < VM.addr(_secrets[j - 1]); --j) {
                (_secrets[j], _secrets[j - 1]) = (_secrets[j - 1], _secrets[j]);
            }
        }
        for (uint256 i = 0; i < SEATS; ++i) _keys[i] = VM.addr(_secrets[i]);
    }

    function testFuzz_C1_quorumIsMoreThanHalfAndTwoQuorumsIntersect(
        uint96[SEATS] calldata weights,
        uint256 quorumBps,
        uint256 ejected,
        uint256 one,
        uint256 other,
        bytes32 digest
    ) external {
        RemoteCommittee committee = _committee(weights, quorumBps);
        _eject(committee, ejected);
        bool both = true;
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory sigs = _signed(digest, i == 0 ? one : other);
            (uint256 weight, uint256 total, address[] memory keys) = committee.tally(digest, sigs);
            bool quorum = committee.hasQuorum(digest, sigs);
            if (quorum) assert(weight * 2 > total && total > 0 && keys.length >= 3);
            both = both && quorum;
        }
        if (both) assert(one & other & ~ejected & (2 ** SEATS - 1) != 0);
    }

    function testFuzz_C2_orderAndRepetitionNeverAddWeight(
        uint96[SEATS] calldata weights,
        uint256 mask,
        uint256 from,
        uint256 to,
        bool repeat,
        bytes32 digest
    ) external {
        RemoteCommittee committee = _committee(weights, 5_001);
        bytes[] memory sigs = _signatures(digest, mask);
        (uint256 honest, , ) = committee.tally(digest, _join(sigs));
        if (sigs.length == 0) return;
        (from, to) = (from % sigs.length, to % sigs.length);
        if (repeat) sigs[to] = sigs[from];
        else (sigs[from], sigs[to]) = (sigs[to], sigs[from]);
        (uint256 weight, , address[] memory keys) = committee.tally(digest, _join(sigs));
        if (from == to) assert(weight == honest);
        else assert(weight == 0 && keys.length == 0);
    }

    function testFuzz_C3_onlyMembersNotEjectedCount(
        uint96[SEATS] calldata weights,
        uint256 mask,
        uint256 ejected,
        uint256 stranger,
        bytes32 digest
    ) external {
        RemoteCommittee committee = _committee(weights, 5_001);
        _eject(committee, ejected);
        uint256 expected = 0;
        for (uint256 i = 0; i < SEATS; ++i) {
            if ((mask & ~ejected) & (1 << i) != 0) expected += _weight(weights[i]);
        }
        (uint256 weight, uint256 total, ) = committee.tally(digest, _signed(digest, mask));
        assert(weight == expected && weight <= total);
        // A stranger in its place of the order changes nothing.
        (uint256 withStranger, , ) = committee.tally(digest, _withStranger(digest, mask, _between(stranger, 1, 1e6)));
        assert(withStranger == expected);
    }

    function testFuzz_C4_tallyDependsOnDigestSignaturesAndEpochAlone(
        uint96[SEATS] calldata weights,
        uint256 mask,
        bytes32 digest,
        bytes32 another,
        uint256 later
    ) external {
        RemoteCommittee committee = _committee(weights, 5_001);
        bytes memory sigs = _signed(digest, mask);
        (uint256 weight, uint256 total, ) = committee.tally(digest, sigs);
        VM.warp(block.timestamp + (later % 3_650 days));
        (uint256 again, uint256 totalAgain, ) = committee.tally(digest, sigs);
        assert(weight == again && total == totalAgain);
        if (another == digest) return;
        (uint256 none, , ) = committee.tally(another, sigs);
        assert(none == 0);
    }

    function _committee(uint96[SEATS] calldata weights, uint256 quorumBps) private returns (RemoteCommittee) {
        ICommitteeTable.Seat[] memory seats = new ICommitteeTable.Seat[](SEATS);
        for (uint256 i = 0; i < SEATS; ++i) {
            seats[i] = ICommitteeTable.Seat({key: _keys[i], weight: _weight(weights[i])});
        }
        CommitteeTable.Rules memory rules = CommitteeTable.Rules({
            quorumBps: uint16(_between(quorumBps, 5_001, 10_000)),
            minSigners: 3,
            maxMembers: 10,
            grace: 1 hours,
            staleAfter: 0
        });
        return new RemoteCommittee(address(_manager), rules, 1, seats);
    }

    function _eject(RemoteCommittee committee, uint256 mask) private {
        for (uint256 i = 0; i < SEATS; ++i) {
            if (mask & (1 << i) != 0) committee.eject(_keys[i]);
        }
    }

    function _signed(bytes32 digest, uint256 mask) private view returns (bytes memory) {
        return _join(_signatures(digest, mask));
    }

    function _signatures(bytes32 digest, uint256 mask) private view returns (bytes[] memory sigs) {
        uint256 count = 0;
        for (uint256 i = 0; i < SEATS; ++i) count += (mask >> i) & 1;
        sigs = new bytes[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < SEATS; ++i) {
            if (mask & (1 << i) != 0) sigs[next++] = _sign(_secrets[i], digest);
        }
    }

    function _withStranger(bytes32 digest, uint256 mask, uint256 secret) private view returns (bytes memory blob) {
        bool placed = false;
        for (uint256 i = 0; i < SEATS; ++i) {
            if (mask & (1 << i) == 0) continue;
            if (!placed && VM.addr(secret) < _keys[i]) {
                blob = bytes.concat(blob, _sign(secret, digest));
                placed = true;
            }
            blob = bytes.concat(blob, _sign(_secrets[i], digest));
        }
        if (!placed) blob = bytes.concat(blob, _sign(secret, digest));
    }

    function _sign(uint256 secret, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    function _join(bytes[] memory sigs) private pure returns (bytes memory blob) {
        for (uint256 i = 0; i < sigs.length; ++i) blob = bytes.concat(blob, sigs[i]);
    }

    /// A seat without weight is refused.
    function _weight(uint96 weight) private pure returns (uint96) {
        return weight / 8 + 1;
    }
}
