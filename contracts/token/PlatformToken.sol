// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPlatformToken} from "./IPlatformToken.sol";

/// @title Platform token of the home chain
/// @notice See {IPlatformToken}. Votes are not kept here: the weight of a vote is staked tokens (see DVStaking), and
/// checkpoints on every transfer would triple its cost.
contract PlatformToken is ERC20, ERC20Burnable, ERC20Permit, AccessManaged, IPlatformToken {
    uint256 private constant BPS_YEAR = 10_000 * 365 days;
    uint16 private constant INFLATION_BPS_CEILING = 1_000;

    uint16 private immutable INFLATION_BPS_MAX;
    uint256 private immutable MINT_CAP;

    // One slot, because every stake, claim and withdrawal writes it.
    uint48 private _accruedAt;
    uint16 private _inflationBps;
    uint128 private _minted;
    /// What accrued under earlier rates and is not minted yet.
    uint256 private _carried;

    constructor(
        address authority_,
        address genesisHolder,
        uint256 genesisSupply,
        uint256 mintCap_,
        uint16 inflationBpsMax_,
        uint16 inflationBps_
    ) ERC20("Platform Token", "MID") ERC20Permit("Platform Token") AccessManaged(authority_) {
        require(
            inflationBpsMax_ <= INFLATION_BPS_CEILING,
            PlatformTokenInflationTooHigh(inflationBpsMax_, INFLATION_BPS_CEILING)
        );
        require(inflationBps_ <= inflationBpsMax_, PlatformTokenInflationTooHigh(inflationBps_, inflationBpsMax_));
        require(
            genesisSupply <= type(uint96).max && mintCap_ <= type(uint96).max - genesisSupply,
            PlatformTokenSupplyTooLarge(Math.saturatingAdd(genesisSupply, mintCap_), type(uint96).max)
        );

        INFLATION_BPS_MAX = inflationBpsMax_;
        MINT_CAP = mintCap_;
        _accruedAt = uint48(block.timestamp);
        _inflationBps = inflationBps_;
        _mint(genesisHolder, genesisSupply);
    }

    /// @inheritdoc IPlatformToken
    function mintInflation(address to) external restricted returns (uint256 amount) {
        amount = _settleAccrual();
        if (amount == 0) return 0;

        // At most MINT_CAP in total, which fits 96 bits.
        _minted += uint128(amount);
        emit InflationMinted(to, amount);

        _mint(to, amount);
    }

    /// @inheritdoc IPlatformToken
    function skipInflation() external restricted {
        uint256 amount = _settleAccrual();
        if (amount > 0) emit InflationSkipped(amount);
    }

    /// @inheritdoc IPlatformToken
    function setInflation(uint16 bps) external restricted {
        require(bps <= INFLATION_BPS_MAX, PlatformTokenInflationTooHigh(bps, INFLATION_BPS_MAX));
        uint16 oldBps = _inflationBps;
        require(bps != oldBps, PlatformTokenInflationUnchanged(bps));

        // The token does not know who is to be paid, so the past is carried until the next mint.
        _carried = accrued();
        _accruedAt = uint48(block.timestamp);
        _inflationBps = bps;
        emit InflationSet(oldBps, bps);
    }

    /// @inheritdoc IPlatformToken
    function inflationBps() external view returns (uint16) {
        return _inflationBps;
    }

    /// @inheritdoc IPlatformToken
    function inflationBpsMax() external view returns (uint16) {
        return INFLATION_BPS_MAX;
    }

    /// @inheritdoc IPlatformToken
    function mintCap() external view returns (uint256) {
        return MINT_CAP;
    }

    /// @inheritdoc IPlatformToken
    function minted() external view returns (uint256) {
        return _minted;
    }

    /// @inheritdoc IPlatformToken
    function accruedAt() external view returns (uint48) {
        return _accruedAt;
    }

    /// @inheritdoc IPlatformToken
    function burn(uint256 amount) public override(ERC20Burnable, IPlatformToken) {
        super.burn(amount);
    }

    /// @inheritdoc IPlatformToken
    function accrued() public view returns (uint256) {
        uint256 elapsed = block.timestamp - _accruedAt;
        uint256 fresh = Math.mulDiv(totalSupply(), uint256(_inflationBps) * elapsed, BPS_YEAR);
        return Math.min(_carried + fresh, MINT_CAP - _minted);
    }

    function _settleAccrual() private returns (uint256 amount) {
        amount = accrued();
        _accruedAt = uint48(block.timestamp);
        if (_carried != 0) _carried = 0;
    }
}
