// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How the committee of a remote chain follows the one of the home chain
/// @notice There are no stakes here: each committee names the next one by signature.
interface IRemoteCommittee {
    /// @notice A handover must name a later epoch than the one in office.
    error RemoteCommitteeEpochNotLater(uint32 epoch, uint32 current);
    /// @notice There must be one weight for each key.
    error RemoteCommitteeLengthMismatch(uint256 keys, uint256 weights);
    /// @notice The committee in office did not sign this handover with a quorum.
    error RemoteCommitteeNoQuorum(bytes32 digest, uint256 weight, uint256 total);

    /// @notice Seats the committee that the one in office agreed on.
    /// @dev Anyone holding the signatures. They cover the EIP-712 message `Handover(uint32 epoch,address[] keys,uint96[]
    /// weights)` in the domain ("DVCommittee","1", chain, this contract). Only the committee in office counts, not the
    /// one before it; a stale committee can still hand over, or the chain would be lost. Emits `CommitteeSeated`.
    /// Reverts with {RemoteCommitteeEpochNotLater}, {RemoteCommitteeLengthMismatch}, {RemoteCommitteeNoQuorum},
    /// `DVCommitteeSeatCount`, `DVCommitteeUnsorted`, `DVCommitteeKeyEjected` or `DVCommitteeZeroWeight`.
    /// @param epoch_ number of the new epoch, that of the home chain
    /// @param keys signing keys, strictly ascending
    /// @param weights wei of stake behind each key on the home chain
    /// @param sigs 65-byte signatures, strictly ascending by signer
    function handover(uint32 epoch_, address[] calldata keys, uint96[] calldata weights, bytes calldata sigs) external;

    /// @notice The digest a handover is signed over.
    function hashHandover(
        uint32 epoch_,
        address[] calldata keys,
        uint96[] calldata weights
    ) external view returns (bytes32);
}
