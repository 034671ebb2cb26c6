// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDVCommittee} from "./IDVCommittee.sol";

/// @title The committee of data-verification (DV) nodes: who may sign, with which weight
/// @notice One table of signing keys per epoch. Ledger, certificates and gateways ask it whether a digest carries a
/// quorum; each of them makes the digest in its own EIP-712 domain. After a change of epoch the outgoing committee
/// counts as well during the grace period, but never mixed with the incoming one. Weights are wei of staked tokens.
interface ICommitteeTable is IDVCommittee {
    /// @notice One seat of a committee.
    /// @param key signing key
    /// @param weight weight of its signature, wei of stake, never zero
    struct Seat {
        address key;
        uint96 weight;
    }

    /// @notice A committee took office.
    event CommitteeSeated(uint32 indexed epoch, address[] keys, uint96[] weights, uint256 total);
    /// @notice A key lost its weight at once, until reinstated.
    event KeyEjected(address indexed key);
    /// @notice An ejected key may count and be seated again.
    event KeyReinstated(address indexed key);
    /// @notice A rule changed. `rule` is the name as bytes32, for example "quorumBps".
    event RuleSet(bytes32 indexed rule, uint256 oldValue, uint256 newValue);

    /// @notice Keys must be strictly ascending; `key` does not come after `previous`.
    error DVCommitteeUnsorted(address previous, address key);
    /// @notice The number of seats must be between the signers required and the seats allowed.
    error DVCommitteeSeatCount(uint256 count, uint256 min, uint256 max);
    /// @notice The key is ejected, or already ejected.
    error DVCommitteeKeyEjected(address key);
    /// @notice Only an ejected key can be reinstated.
    error DVCommitteeKeyNotEjected(address key);
    /// @notice A seat without weight.
    error DVCommitteeZeroWeight(address key);
    /// @notice A rule is outside its bounds.
    error DVCommitteeRuleOutOfBounds(bytes32 rule, uint256 value, uint256 min, uint256 max);
    /// @notice A rule already has this value.
    error DVCommitteeRuleUnchanged(bytes32 rule, uint256 value);

    /// @notice Takes all weight from a key at once; the total stays, so a quorum gets harder, never easier.
    /// @dev Only the guardian role of the access manager. Emits {KeyEjected}. Reverts with {DVCommitteeKeyEjected}.
    /// @param key signing key
    function eject(address key) external;

    /// @notice Lets an ejected key count again.
    /// @dev Only the timelock. Emits {KeyReinstated}. Reverts with {DVCommitteeKeyNotEjected}.
    /// @param key signing key
    function reinstate(address key) external;

    /// @notice Sets the part of the total weight a quorum needs.
    /// @dev Only the timelock. Emits {RuleSet} "quorumBps". Bounds: 5,001 to 10,000, so two quorums always intersect.
    /// @param bps basis points
    function setQuorum(uint16 bps) external;

    /// @notice Sets how many keys a quorum needs, whatever their weight.
    /// @dev Only the timelock. Emits {RuleSet} "minSigners". Bounds: 3 to the seats allowed.
    /// @param count keys
    function setMinSigners(uint8 count) external;

    /// @notice Sets how many seats a committee may have.
    /// @dev Only the timelock. Emits {RuleSet} "maxMembers". Bounds: the signers required to 64.
    /// @param count seats
    function setMaxMembers(uint8 count) external;

    /// @notice Sets how long the outgoing committee still counts after a change.
    /// @dev Only the timelock. Emits {RuleSet} "grace". Bounds: 0 to 7 days.
    /// @param seconds_ seconds
    function setGrace(uint32 seconds_) external;

    /// @notice Sets the age at which a committee stops counting; zero means never.
    /// @dev Only the timelock. Emits {RuleSet} "staleAfter". Bounds: zero, or 7 to 365 days.
    /// @param seconds_ seconds
    function setStaleAfter(uint32 seconds_) external;

    /// @notice Number of the committee in office; 0 before the first.
    function epoch() external view returns (uint32);

    /// @notice When the committee in office took it.
    function epochStart() external view returns (uint48);

    /// @notice Weight of the committee in office.
    function totalWeight() external view returns (uint256);

    /// @notice The keys in office, ascending; an ejected key stays listed.
    function members() external view returns (address[] memory);

    /// @notice Weight a key's signature has now; zero if it is no member or ejected.
    function weightOf(address key) external view returns (uint256);

    /// @notice Whether a key is ejected.
    function isEjected(address key) external view returns (bool);

    /// @notice The rules in force.
    function rules()
        external
        view
        returns (uint16 quorumBps, uint8 minSigners, uint8 maxMembers, uint32 grace, uint32 staleAfter);
}
