// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";

/// @title Interoperable addresses (ERC-7930) of EVM accounts, one spelling each
/// @notice OpenZeppelin's parser lets trailing bytes and leading zeros pass; here an address that does not encode back to
/// itself is refused, so that what was signed, stored and compared is always the same bytes.
library EvmAddress {
    /// @dev version, chain type, both length bytes, account.
    uint256 private constant BYTES_BESIDE_REFERENCE = 2 + 2 + 2 + 20;
    uint256 private constant REFERENCE_LENGTH_AT = 4;
    uint256 private constant REFERENCE_AT = 5;

    /// @notice Not an EVM account in canonical form: 20-byte address, shortest chain reference, nothing behind.
    error EvmAddressNotCanonical(bytes encoded);

    /// @notice Chain and account of a canonical address; neither is zero.
    function parse(bytes memory encoded) internal pure returns (uint256 chainId, address account) {
        bool success;
        (success, chainId, account) = InteroperableAddress.tryParseEvmV1(encoded);
        bool canonical =
            success &&
                chainId != 0 &&
                account != address(0) &&
                encoded.length == BYTES_BESIDE_REFERENCE + uint8(encoded[REFERENCE_LENGTH_AT]) &&
                encoded[REFERENCE_AT] != 0;
        require(canonical, EvmAddressNotCanonical(encoded));
    }

    /// @notice The same of bytes in calldata.
    function parseCalldata(bytes calldata encoded) internal pure returns (uint256 chainId, address account) {
        bool success;
        (success, chainId, account) = InteroperableAddress.tryParseEvmV1Calldata(encoded);
        bool canonical =
            success &&
                chainId != 0 &&
                account != address(0) &&
                encoded.length == BYTES_BESIDE_REFERENCE + uint8(encoded[REFERENCE_LENGTH_AT]) &&
                encoded[REFERENCE_AT] != 0;
        require(canonical, EvmAddressNotCanonical(encoded));
    }
}
