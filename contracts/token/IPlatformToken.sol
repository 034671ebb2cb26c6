// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title The platform token of the home chain: ERC-20 with ERC-2612 permit, burn, and governed inflation
/// @notice Supply grows only by inflation: a yearly rate set by governance, never above an immutable maximum rate, and
/// never above an immutable lifetime amount. All amounts are in wei of the token (18 decimals), all rates in basis
/// points a year (a year is 365 days), all times in seconds since 1970.
interface IPlatformToken is IERC20 {
    /// @notice The yearly inflation rate changed.
    /// @param oldBps rate before, basis points a year
    /// @param newBps rate from now on, basis points a year
    event InflationSet(uint16 oldBps, uint16 newBps);

    /// @notice Accrued inflation was minted.
    /// @param to who received it
    /// @param amount wei minted
    event InflationMinted(address indexed to, uint256 amount);

    /// @notice Accrued inflation was given up; it is never minted later.
    /// @param amount wei not minted
    event InflationSkipped(uint256 amount);

    /// @notice The rate is above the immutable maximum, or the maximum itself is above 1,000 basis points.
    error PlatformTokenInflationTooHigh(uint256 bps, uint256 bpsMax);

    /// @notice The rate is already this one.
    error PlatformTokenInflationUnchanged(uint16 bps);

    /// @notice Genesis supply plus lifetime inflation would not fit 96 bits (vote and committee weights rely on it).
    error PlatformTokenSupplyTooLarge(uint256 supply, uint256 supplyMax);

    /// @notice Mints what has accrued since the last mint or skip: supply x rate x time, cut at the lifetime amount.
    /// @dev Only the role the access manager gives to the staking contract. Emits {InflationMinted} and an ERC-20
    /// {Transfer} unless nothing accrued. Reaching the lifetime amount is not an error: it mints the rest, then zero.
    /// Reverts with `AccessManagedUnauthorized` for every other caller.
    /// @param to who receives it
    /// @return minted wei minted, possibly zero
    function mintInflation(address to) external returns (uint256 minted);

    /// @notice Advances the inflation clock without minting, so that time with no stakers is never paid for later.
    /// @dev Same caller as {mintInflation}. Emits {InflationSkipped} unless nothing accrued.
    function skipInflation() external;

    /// @notice Sets the yearly rate; what accrued until now keeps the old rate.
    /// @dev Only the timelock through the access manager. Emits {InflationSet}. Reverts with
    /// {PlatformTokenInflationTooHigh} or {PlatformTokenInflationUnchanged}.
    /// @param bps basis points a year, at most {inflationBpsMax}
    function setInflation(uint16 bps) external;

    /// @notice Destroys tokens of the caller. Burned tokens give no new room under the lifetime inflation amount.
    /// @dev Anyone. Reverts with `ERC20InsufficientBalance`. See ERC-20.
    /// @param amount wei
    function burn(uint256 amount) external;

    /// @notice Current yearly rate, basis points.
    function inflationBps() external view returns (uint16);

    /// @notice Immutable highest yearly rate, basis points, at most 1,000.
    function inflationBpsMax() external view returns (uint16);

    /// @notice Immutable amount of wei that inflation may ever mint.
    function mintCap() external view returns (uint256);

    /// @notice Wei minted by inflation so far; at most {mintCap}.
    function minted() external view returns (uint256);

    /// @notice Wei {mintInflation} would mint now.
    function accrued() external view returns (uint256);

    /// @notice Time of the last mint, skip or rate change.
    function accruedAt() external view returns (uint48);
}
