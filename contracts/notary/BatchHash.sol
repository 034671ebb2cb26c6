// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {INotaryLedger} from "./INotaryLedger.sol";

/// @title EIP-712 hash of a batch header, also of a ledger on another chain
/// @notice The mirror of a header must find the very hash the committee signed at home.
library BatchHash {
    bytes32 private constant BATCH_TYPEHASH = keccak256(
        "Batch(bytes32 partition,uint64 seq,bytes32 prev,bytes32 root,uint32 count,bytes32 itemsHash)"
    );
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    /// @notice Hash of the header alone.
    function structHash(INotaryLedger.Batch calldata b) internal pure returns (bytes32) {
        return keccak256(abi.encode(BATCH_TYPEHASH, b));
    }

    /// @notice Hash of the header as `ledger` on chain `chainId` makes it.
    function digest(uint256 chainId, address ledger, INotaryLedger.Batch calldata b) internal pure returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("NotaryLedger"), keccak256("1"), chainId, ledger)
        );
        return MessageHashUtils.toTypedDataHash(domain, structHash(b));
    }
}
