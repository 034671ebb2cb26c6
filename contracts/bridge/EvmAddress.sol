// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";

/// @title Interoperable addresses (ERC-7930) of EVM accounts, one spelling each
/// @notice OpenZeppelin's parser lets trailing bytes and leading zeros pass; here an address that does not encode back to
/// itself is refused, so that what was signed, stored and compared is always the same bytes.
library EvmAddress {
    /// @notice Not an EVM account in canonical form: 20-byte address, shortest chain reference, nothing behind.
    error EvmAddressNotCanonical(bytes encoded);

    /// @notice Chain and account of a canonical address; the account is never zero.
    function parse(bytes memory encoded) internal pure returns (uint256 chainId, address account) {
        bool success;
        (success, chainId, account) = InteroperableAddress.tryParseEvmV1(encoded);
        bool canonical =
            success &&
                account != address(0) &&
                keccak256(encoded) == keccak256(InteroperableAddress.formatEvmV1(chainId, account));
        require(canonical, EvmAddressNotCanonical(encoded));
    }
}
