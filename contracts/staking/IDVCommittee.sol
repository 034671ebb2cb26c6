// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the other contracts ask of the committee
/// @notice Whether a digest, made by the caller in its own EIP-712 domain, carries the signatures of enough DV nodes.
interface IDVCommittee {
    /// @notice Adds up who signed `digest`. Depends on nothing but digest, signatures and the table.
    /// @dev Anyone; never reverts. A blob that is not a multiple of 65 bytes, is not sorted strictly by signer, has more
    /// than 64 signatures, or has one malformed (high-s, wrong v, unrecoverable) adds up to zero. A signature of a key
    /// that is no member, or ejected, adds zero and is not listed. Within the grace period the answer is about
    /// whichever of the two committees signed with the larger part of its own total.
    /// @param digest what was signed
    /// @param sigs 65-byte r, s, v signatures, strictly ascending by signer address
    /// @return weight sum of the weights, wei
    /// @return total weight of the whole committee, wei; zero when there is none or it is stale
    /// @return keys the signers that counted, ascending
    function tally(
        bytes32 digest,
        bytes calldata sigs
    ) external view returns (uint256 weight, uint256 total, address[] memory keys);

    /// @notice Whether the signatures make a quorum: enough of the total weight, and enough keys.
    /// @dev Anyone; never reverts. False while no committee is seated.
    function hasQuorum(bytes32 digest, bytes calldata sigs) external view returns (bool);
}
