// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The smallest ledger of balances the odd tokens below share; allowances are not asked for.
abstract contract LooseLedger {
    mapping(address account => uint256) public balanceOf;
    uint256 public totalSupply;

    error Blocked(address account);

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
        totalSupply += amount;
    }

    function _shift(address from, address to, uint256 amount) internal {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Moves and returns nothing (USDT class).
contract SilentToken is LooseLedger {
    function transferFrom(address from, address to, uint256 amount) external {
        _shift(from, to, amount);
    }
}

/// @notice Moves, then says it did not.
contract DenyingToken is LooseLedger {
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _shift(from, to, amount);
        return false;
    }
}

/// @notice Does not move, says so, does not revert.
contract IdleToken is LooseLedger {
    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice Keeps a tenth of every transfer.
contract FeeToken is LooseLedger {
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _shift(from, to, amount);
        balanceOf[to] -= amount / 10;
        totalSupply -= amount / 10;
        return true;
    }
}

/// @notice Refuses an account with an error that carries it.
contract BlockListToken is LooseLedger {
    mapping(address account => bool) public isBlocked;

    function setBlocked(address account) external {
        isBlocked[account] = true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        require(!isBlocked[from], Blocked(from));
        require(!isBlocked[to], Blocked(to));
        _shift(from, to, amount);
        return true;
    }
}

/// @notice Reverts with as many bytes as it was told.
contract BombToken is LooseLedger {
    uint256 public size = 300_000;

    function setSize(uint256 bytes_) external {
        size = bytes_;
    }

    function transferFrom(address, address, uint256) external view returns (bool) {
        uint256 bytes_ = size;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, not(0))
            revert(at, bytes_)
        }
    }
}

/// @notice Uses all the gas it gets.
contract BurnerToken is LooseLedger {
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        for (uint256 i = 0; i < type(uint256).max; ++i) totalSupply = i;
        _shift(from, to, amount);
        return true;
    }
}

/// @notice Hits the invalid opcode.
contract InvalidToken is LooseLedger {
    function transferFrom(address, address, uint256) external pure returns (bool) {
        assembly ("memory-safe") {
            invalid()
        }
    }
}

/// @notice Calls back into whatever it was told to before it moves; remembers what came of it.
contract ReentrantToken is LooseLedger {
    address public target;
    bytes public call;
    bool public mustSucceed;
    bool public succeeded;
    bytes public answer;

    function arm(address target_, bytes calldata call_, bool mustSucceed_) external {
        (target, call, mustSucceed) = (target_, call_, mustSucceed_);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        (succeeded, answer) = target.call(call);
        if (mustSucceed && !succeeded) {
            bytes memory reason = answer;
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason))
            }
        }
        _shift(from, to, amount);
        return true;
    }
}
