// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Takes every message and remembers the last; refuses, answers wrongly or calls back when told to.
contract OddRecipient {
    error NotToday(uint256 reason);

    bytes4 public answer = this.receiveMessage.selector;
    bool public refuses;
    address public target;
    bytes public call;
    bytes32 public lastId;
    bytes public lastPayload;
    uint256 public count;

    function setAnswer(bytes4 answer_) external {
        answer = answer_;
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function arm(address target_, bytes calldata call_) external {
        (target, call) = (target_, call_);
    }

    function receiveMessage(bytes32 id, bytes calldata, bytes calldata payload) external payable returns (bytes4) {
        require(!refuses, NotToday(7));
        (lastId, lastPayload, count) = (id, payload, count + 1);
        if (target != address(0)) {
            (bool ok, bytes memory reason) = target.call(call);
            if (!ok) {
                assembly ("memory-safe") {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
        }
        return answer;
    }
}

/// @notice Answers a message with less than a word that begins like a yes.
contract CurtRecipient {
    fallback() external payable {
        assembly ("memory-safe") {
            mstore(0x00, shl(224, 0x2432ef26))
            return(0x00, 4)
        }
    }
}
