// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title How many of the DV committee one use of it needs
/// @notice There is one committee; what a certificate or a bridge message needs is decided per use, never less than
/// half of the weight, so that two quorums always share an honest member.
interface ICommitteeQuorum {
    /// @notice Governance changed the quorum of this use.
    event QuorumSet(uint16 oldBps, uint8 oldSigners, uint16 bps, uint8 signers);

    error CommitteeQuorumMissing(bytes32 digest, uint256 weight, uint256 total, uint256 signers);
    error CommitteeQuorumOutOfBounds(uint16 bps, uint8 signers);
    error CommitteeQuorumNoChange();
    error CommitteeQuorumZeroAddress();

    /// @notice Sets the share of the committee's weight (5,001 to 10,000 hundredths of a percent) and the number of
    /// signers (3 to 64) needed. Governance only. Emits QuorumSet; reverts outside the bounds or on no change.
    function setQuorum(uint16 bps, uint8 signers) external;

    /// @notice Share of the weight in hundredths of a percent, and number of signers needed.
    function quorum() external view returns (uint16 bps, uint8 signers);

    /// @notice The committee whose signatures count.
    function committee() external view returns (address);
}
