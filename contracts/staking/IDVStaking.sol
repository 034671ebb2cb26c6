// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the other contracts ask of the stakes
/// @notice Fees come in and proven faults are punished here; a signing key stands for the node that registered it.
interface IDVStaking {
    /// @notice A fee came in: `toNodes` is divided equally over the named nodes, `toStakers` over all active stake.
    event FeeCredited(address indexed payer, uint256 toNodes, uint256 toStakers);

    /// @notice The amount must not be zero.
    error DVStakingZeroAmount();
    /// @notice No node ever registered this signing key.
    error DVStakingUnknownKey(address key);
    /// @notice A fee needs between 1 and `countMax` keys.
    error DVStakingKeyCount(uint256 count, uint256 countMax);
    /// @notice This node has already been slashed for this evidence.
    error DVStakingEvidenceUsed(address node, bytes32 evidence);

    /// @notice Takes `amount` from the caller and credits it: the stakers' share to all active stake, the rest in equal
    /// parts to the nodes behind `keys`; what does not divide goes to the node of the first key.
    /// @dev Anyone may pay. Emits {FeeCredited}. Reverts with {DVStakingZeroAmount}, {DVStakingKeyCount} or
    /// {DVStakingUnknownKey}.
    /// @param keys signing keys, current or former, 1 to 64; a key named twice is paid twice
    /// @param amount wei, approved by the caller
    function creditFee(address[] calldata keys, uint256 amount) external;

    /// @notice Slashes the node behind `key` by the equivocation penalty, once for each `evidence`.
    /// @dev Only the notary ledger (a role of the access manager), which has checked both signatures; it must derive
    /// `evidence` from what was signed twice (partition and sequence), not from the two messages. Emits {Slashed}.
    /// Reverts with {DVStakingUnknownKey}, {DVStakingEvidenceUsed} or {DVStakingNothing}.
    /// @param key signing key, current or former
    /// @param evidence what was signed twice
    function proveEquivocation(address key, bytes32 evidence) external;

    /// @notice The node a signing key was registered by, or zero.
    function nodeOf(address key) external view returns (address);
}
