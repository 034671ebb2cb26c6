// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ISettlementEngine} from "../settlement/ISettlementEngine.sol";
import {ProtocolFee} from "../shared/ProtocolFee.sol";
import {IServiceMarket} from "./IServiceMarket.sol";

/// @title ServiceMarket
/// @notice See IServiceMarket.
contract ServiceMarket is IServiceMarket, ProtocolFee {
    using SafeERC20 for IERC20;

    bytes32 private constant PURCHASE_TYPEHASH = keccak256(
        "Purchase(uint256 chainId,address market,bytes32 serviceId,uint64 version,bytes32 salt)"
    );

    IERC20 private immutable TOKEN;

    mapping(bytes32 serviceId => Listing offer) private _listings;

    constructor(
        address initialAuthority,
        address token_,
        uint16 feeBps,
        address treasury
    ) AccessManaged(initialAuthority) ProtocolFee(feeBps, treasury) {
        require(token_ != address(0), ServiceMarketZeroAddress());
        TOKEN = IERC20(token_);
    }

    /// @inheritdoc IServiceMarket
    function list(bytes32 salt, uint256 price, address payout, bytes32 metadata) external returns (bytes32 serviceId) {
        serviceId = idOf(msg.sender, salt);
        require(_listings[serviceId].version == 0, ServiceMarketKnown(serviceId));

        _listings[serviceId].provider = msg.sender;
        _offer(serviceId, price, payout, metadata);
    }

    /// @inheritdoc IServiceMarket
    function reprice(bytes32 serviceId, uint256 price, address payout, bytes32 metadata) external {
        require(_listings[serviceId].provider == msg.sender, ServiceMarketNotProvider(serviceId, msg.sender));

        _offer(serviceId, price, payout, metadata);
    }

    /// @inheritdoc IServiceMarket
    function delist(bytes32 serviceId) external {
        Listing storage offer = _listings[serviceId];
        require(offer.provider == msg.sender, ServiceMarketNotProvider(serviceId, msg.sender));
        require(offer.open, ServiceMarketNotOpen(serviceId));

        offer.open = false;
        emit ServiceDelisted(serviceId, offer.version);
    }

    /// @inheritdoc IServiceMarket
    function buy(bytes32 serviceId, uint64 version, uint256 maxPrice, bytes32 ref) external {
        Listing storage offer = _requireOpen(serviceId, version);
        uint256 price = offer.price;
        require(price <= maxPrice, ServiceMarketPriceAboveMax(serviceId, price, maxPrice));
        (uint256 net, uint256 cut, address treasury) = _split(price);

        emit ServiceBought(serviceId, msg.sender, ref, version, price, cut);

        TOKEN.safeTransferFrom(msg.sender, offer.payout, net);
        if (cut > 0) TOKEN.safeTransferFrom(msg.sender, treasury, cut);
    }

    /// @inheritdoc IServiceMarket
    function listing(bytes32 serviceId) external view returns (Listing memory) {
        return _listings[serviceId];
    }

    /// @inheritdoc IServiceMarket
    function legsOf(
        bytes32 serviceId,
        uint64 version,
        address buyer
    ) external view returns (ISettlementEngine.Leg[] memory legs) {
        Listing storage offer = _requireOpen(serviceId, version);
        (uint256 net, uint256 cut, address treasury) = _split(offer.price);

        legs = new ISettlementEngine.Leg[](cut > 0 ? 2 : 1);
        legs[0] = ISettlementEngine.Leg(address(TOKEN), buyer, offer.payout, net);
        if (cut > 0) legs[1] = ISettlementEngine.Leg(address(TOKEN), buyer, treasury, cut);
    }

    /// @inheritdoc IServiceMarket
    function termsOf(bytes32 serviceId, uint64 version, bytes32 salt) external view returns (bytes32 terms) {
        return keccak256(abi.encode(PURCHASE_TYPEHASH, block.chainid, address(this), serviceId, version, salt));
    }

    /// @inheritdoc IServiceMarket
    function token() external view returns (address) {
        return address(TOKEN);
    }

    /// @inheritdoc IServiceMarket
    function idOf(address provider, bytes32 salt) public pure returns (bytes32 serviceId) {
        return keccak256(abi.encode(provider, salt));
    }

    function _offer(bytes32 serviceId, uint256 price, address payout, bytes32 metadata) private {
        require(price > 0, ServiceMarketZeroPrice());
        require(payout != address(0), ServiceMarketZeroAddress());
        Listing storage offer = _listings[serviceId];

        uint64 version = offer.version + 1;
        (offer.version, offer.open, offer.payout) = (version, true, payout);
        (offer.price, offer.metadata) = (price, metadata);
        emit ServiceListed(serviceId, offer.provider, version, payout, price, metadata);
    }

    function _requireOpen(bytes32 serviceId, uint64 version) private view returns (Listing storage offer) {
        offer = _listings[serviceId];
        require(offer.open, ServiceMarketNotOpen(serviceId));
        require(offer.version == version, ServiceMarketVersionChanged(serviceId, version, offer.version));
    }
}
