// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../settlement/ISettlementEngine.sol";

/// @title Services bought with the platform token
/// @notice Providers list services; buyers pay here with their wallet, or through a relayer with an ordinary deal of the
/// settlement engine whose `terms` commits to the service and the version of its listing.
interface IServiceMarket {
    /// @notice An offer. `price` in the smallest unit of the platform token, fee included; `metadata` commits to the
    /// description kept off chain; `version` grows by one with every change.
    struct Listing {
        address provider;
        uint64 version;
        bool open;
        address payout;
        uint256 price;
        bytes32 metadata;
    }

    /// @notice A service was offered, or its offer changed.
    event ServiceListed(
        bytes32 indexed serviceId,
        address indexed provider,
        uint64 version,
        address payout,
        uint256 price,
        bytes32 metadata
    );
    /// @notice The offer ended; the provider may renew it under a new version.
    event ServiceDelisted(bytes32 indexed serviceId, uint64 version);
    /// @notice A buyer paid. `ref` is the buyer's own commitment, without meaning here.
    event ServiceBought(
        bytes32 indexed serviceId,
        address indexed buyer,
        bytes32 indexed ref,
        uint64 version,
        uint256 price,
        uint256 fee
    );

    error ServiceMarketKnown(bytes32 serviceId);
    error ServiceMarketNotProvider(bytes32 serviceId, address caller);
    error ServiceMarketNotOpen(bytes32 serviceId);
    error ServiceMarketVersionChanged(bytes32 serviceId, uint64 expected, uint64 actual);
    error ServiceMarketPriceAboveMax(bytes32 serviceId, uint256 price, uint256 max);
    error ServiceMarketZeroPrice();
    error ServiceMarketZeroAddress();

    /// @notice Offers a service for the first time. Anyone; the id is made of the caller and the salt, so it cannot be
    /// taken by another. Emits ServiceListed with version 1.
    function list(bytes32 salt, uint256 price, address payout, bytes32 metadata) external returns (bytes32 serviceId);

    /// @notice Changes the offer, or renews an ended one. Provider only. Emits ServiceListed with the next version:
    /// purchases agreed on the version before are refused from here on.
    function reprice(bytes32 serviceId, uint256 price, address payout, bytes32 metadata) external;

    /// @notice Ends the offer. Provider only. Emits ServiceDelisted.
    function delist(bytes32 serviceId) external;

    /// @notice Pays for a service from the caller's allowance: net to the provider, fee to the treasury. Emits
    /// ServiceBought. Reverts when the offer is not open, is not the version the buyer saw, or costs more than maxPrice.
    function buy(bytes32 serviceId, uint64 version, uint256 maxPrice, bytes32 ref) external;

    /// @notice The offer, whatever its state; all zero when there never was one.
    function listing(bytes32 serviceId) external view returns (Listing memory);

    /// @notice The legs a relayed purchase must have now: net to the provider, then the fee when there is one. Reverts
    /// when the offer is not open or not this version.
    function legsOf(
        bytes32 serviceId,
        uint64 version,
        address buyer
    ) external view returns (ISettlementEngine.Leg[] memory legs);

    /// @notice The `terms` a relayed purchase must have: a salted commitment of service and version. DV nodes compare
    /// deal, terms and legs before they sign, so a purchase settles at the price its buyer saw or not at all.
    function termsOf(bytes32 serviceId, uint64 version, bytes32 salt) external view returns (bytes32 terms);

    /// @notice The platform token.
    function token() external view returns (address);

    /// @notice Id of the service of this provider with this salt.
    function idOf(address provider, bytes32 salt) external pure returns (bytes32 serviceId);
}
