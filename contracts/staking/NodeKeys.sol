// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IDVStaking} from "./IDVStaking.sol";
import {INodeStakes} from "./INodeStakes.sol";

/// @title Signing keys of DV nodes
/// @notice See {INodeStakes}. A key serves one node for ever: evidence against an old key still reaches its node.
abstract contract NodeKeys is INodeStakes, EIP712 {
    bytes32 private constant NODE_KEY_TYPEHASH = keccak256("NodeKey(address node,address key)");

    mapping(address node => address key) private _keyOf;
    mapping(address key => address node) private _nodeOf;

    /// @inheritdoc INodeStakes
    function setKey(address key, bytes calldata proof) external {
        address owner = _nodeOf[key];
        require(owner == address(0) || owner == msg.sender, DVStakingKeyTaken(key, owner));
        address oldKey = _keyOf[msg.sender];
        require(key != oldKey, DVStakingRuleUnchanged("key", uint160(key)));
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(NODE_KEY_TYPEHASH, msg.sender, key)));
        (address signer, ECDSA.RecoverError fault, ) = ECDSA.tryRecoverCalldata(digest, proof);
        require(fault == ECDSA.RecoverError.NoError && signer == key, DVStakingBadProof(key, msg.sender));

        _nodeOf[key] = msg.sender;
        _keyOf[msg.sender] = key;
        emit KeySet(msg.sender, key, oldKey);
    }

    /// @inheritdoc IDVStaking
    function nodeOf(address key) external view returns (address) {
        return _nodeOf[key];
    }

    /// @inheritdoc INodeStakes
    function keyOf(address node) external view returns (address) {
        return _keyOf[node];
    }

    function _nodeBehind(address key) internal view returns (address node) {
        node = _nodeOf[key];
        require(node != address(0), DVStakingUnknownKey(key));
    }
}
