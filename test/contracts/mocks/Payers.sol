// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice A contract wallet whose owner's key signs for it (ERC-1271).
contract OwnedWallet {
    address public immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    function approve(IERC20 token, address spender) external {
        token.approve(spender, type(uint256).max);
    }

    function isValidSignature(bytes32 hash, bytes calldata sig) external view returns (bytes4) {
        return ECDSA.recoverCalldata(hash, sig) == OWNER ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice Says yes to everything, with more bytes than asked for.
contract TalkativeWallet {
    fallback() external {
        assembly ("memory-safe") {
            mstore(0x00, shl(224, 0x1626ba7e))
            return(0x00, 100000)
        }
    }
}

/// @notice Answers with less than a word, beginning like a yes.
contract CurtWallet {
    fallback() external {
        assembly ("memory-safe") {
            mstore(0x00, shl(224, 0x1626ba7e))
            return(0x00, 4)
        }
    }
}

/// @notice Never ends.
contract LoopingWallet {
    fallback() external {
        for (uint256 i = 0; i < type(uint256).max; ++i) {}
    }
}

/// @notice Reverts with a lot.
contract BombWallet {
    fallback() external {
        assembly ("memory-safe") {
            revert(0x00, 300000)
        }
    }
}

/// @notice Says yes after burning about as much gas as it was told.
contract SlowWallet {
    uint256 public immutable GAS;

    constructor(uint256 gas_) {
        GAS = gas_;
    }

    function approve(IERC20 token, address spender) external {
        token.approve(spender, type(uint256).max);
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 start = gasleft();
        while (start - gasleft() < GAS) {}
        return this.isValidSignature.selector;
    }
}
