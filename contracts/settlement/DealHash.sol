// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "./ISettlementEngine.sol";
import {LegsHash} from "../shared/LegsHash.sol";

/// @title EIP-712 hash of a deal, without the domain
/// @notice Apart from the engine, so that the mathematics of it can be tested alone.
library DealHash {
    bytes32 private constant LEG_TYPEHASH = keccak256("Leg(address token,address from,address to,uint256 amount)");
    bytes32 private constant DEAL_TYPEHASH = keccak256(
        "Deal(bytes32 terms,uint48 validAfter,uint48 validUntil,uint256 nonce,Leg[] legs)"
        "Leg(address token,address from,address to,uint256 amount)"
    );

    /// @notice Struct hash of the deal and its legs.
    function structHash(
        ISettlementEngine.Deal calldata deal,
        ISettlementEngine.Leg[] calldata legs
    ) internal pure returns (bytes32) {
        bytes32 legsHash = LegsHash.hashAll(LEG_TYPEHASH, legs);
        return keccak256(abi.encode(DEAL_TYPEHASH, deal.terms, deal.validAfter, deal.validUntil, deal.nonce, legsHash));
    }
}
