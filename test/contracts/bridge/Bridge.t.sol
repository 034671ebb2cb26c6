// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {InteroperableAddress} from "@openzeppelin/contracts/utils/draft-InteroperableAddress.sol";
import {CommitteeGateway} from "../../../contracts/bridge/CommitteeGateway.sol";
import {EvmAddress} from "../../../contracts/bridge/EvmAddress.sol";
import {GuardedBridge} from "../../../contracts/bridge/GuardedBridge.sol";
import {HomeBridge} from "../../../contracts/bridge/HomeBridge.sol";
import {ICommitteeGateway} from "../../../contracts/bridge/ICommitteeGateway.sol";
import {RemoteBridge} from "../../../contracts/bridge/RemoteBridge.sol";
import {RemoteToken} from "../../../contracts/token/RemoteToken.sol";
import {Cheats} from "../mocks/Cheats.sol";
import {FixedCommittee} from "../mocks/FixedCommittee.sol";
import {PlainToken} from "../mocks/PlainToken.sol";

/// @notice Cheats only the bridge needs.
interface ChainVm {
    function chainId(uint256 id) external;
}

/// @notice Sends, delivers, repeats, forges, pauses and waits between two chains played by one machine: before each call
/// the chain id is the one of the side that is called.
contract BridgeHandler is Cheats {
    uint256 public constant ACTIONS = 6;
    uint256 public constant SUPPLY = 1_000_000;
    uint208 public constant CAPACITY = 2_000;
    uint48 public constant WINDOW = 3_600;
    uint256 private constant HOME = 1_001;
    uint256 private constant REMOTE = 1_002;
    ChainVm private constant CHAIN = ChainVm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    struct Flight {
        ICommitteeGateway.Message message;
        uint256 amount;
        bool arrived;
    }

    PlainToken public immutable TOKEN;
    RemoteToken public immutable TWIN;
    GuardedBridge[2] public bridges;
    CommitteeGateway[2] public gateways;

    uint256[ACTIONS] public reached;
    uint256[2] public delivered;
    uint256 public calls;
    uint256 public wronglyAccepted;
    uint256[2] public inFlight;
    /// What left each side within the window that started last.
    uint256[2] public leftSince;
    uint256 public windowStart;

    mapping(uint256 side => Flight[]) private _flights;
    uint256[3] private _keys;

    constructor() {
        AccessManager authority = new AccessManager(address(this));
        address[] memory members = new address[](3);
        for (uint256 i = 0; i < 3; ++i) _keys[i] = i + 1;
        _sort();
        for (uint256 i = 0; i < 3; ++i) members[i] = VM.addr(_keys[i]);
        address committee = address(new FixedCommittee(members, 6_700, 3));
        TOKEN = new PlainToken();
        // Contracts of a contract are numbered from 1: authority, committee, token, twin, then its bridge.
        TWIN = new RemoteToken(address(uint160(uint256(keccak256(abi.encodePacked(bytes2(0xd694), this, uint8(5)))))));
        bridges[1] = new RemoteBridge(address(authority), IERC7802(address(TWIN)));
        bridges[0] = new HomeBridge(address(authority), TOKEN);
        for (uint256 i = 0; i < 2; ++i) gateways[i] = new CommitteeGateway(address(authority), committee);
        for (uint256 i = 0; i < 2; ++i) _connect(i);
        TOKEN.mint(address(this), SUPPLY);
        TOKEN.approve(address(bridges[0]), type(uint256).max);
        windowStart = block.timestamp;
    }

    function send(uint256 seed, bool fromHome) external counted(0) {
        (uint256 here, uint256 there) = fromHome ? (0, 1) : (1, 0);
        _on(here);
        uint256 amount = 1 + (uint256(keccak256(abi.encode(seed))) % 700);
        (uint256 open, ) = bridges[here].available(_chainOf(there));
        bool covered = fromHome || TWIN.balanceOf(address(this)) >= amount;
        bytes memory to = InteroperableAddress.formatEvmV1(_chainOf(there), address(this));
        bool possible = amount <= open && covered && !bridges[here].paused() && !gateways[here].paused();
        try bridges[here].crosschainTransfer(to, amount) returns (bytes32 sendId) {
            assert(possible);
            _fly(here, sendId, amount);
        } catch {
            assert(!possible);
        }
    }

    /// Delivers a message for the first time or again (B2).
    function deliver(uint256 seed, bool fromHome) external counted(1) {
        (uint256 here, uint256 there) = fromHome || _flights[1].length == 0 ? (0, 1) : (1, 0);
        uint256 count = _flights[here].length;
        if (count == 0) return;
        Flight storage flight = _flights[here][seed % 2 == 0 ? count - 1 : (seed >> 8) % count];
        _on(there);
        (, uint256 open) = bridges[there].available(_chainOf(here));
        bool possible =
            !flight.arrived && flight.amount <= open && !bridges[there].paused() && !gateways[there].paused();
        if (_deliver(there, flight.message, 3)) {
            assert(possible); // B2, B4
            flight.arrived = true;
            inFlight[here] -= flight.amount;
            ++delivered[here];
        } else {
            assert(!possible);
        }
    }

    /// What the counterpart did not send moves nothing, even when the committee signs it (B5); nor what it did not sign.
    function forge(uint256 seed, bool atHome) external counted(2) {
        (uint256 there, uint256 here) = atHome ? (0, 1) : (1, 0);
        _on(there);
        address sender = seed % 2 == 0 ? address(this) : address(bridges[here]);
        ICommitteeGateway.Message memory m = _message(here, bytes32(1_000_000 + (seed % 1_000)), 1);
        m.sender = InteroperableAddress.formatEvmV1(_chainOf(here), sender);
        if (_deliver(there, m, seed % 2 == 0 ? 3 : 2)) ++wronglyAccepted;
    }

    function brake(uint256 seed) external counted(3) {
        seed = uint256(keccak256(abi.encode(seed, calls)));
        uint256 side = seed % 2;
        // Rather opened than closed, or nothing would ever arrive.
        bool close = (seed >> 16) % 5 == 0;
        if ((seed >> 8) % 2 == 0) {
            if (gateways[side].paused()) gateways[side].unpause();
            else if (close) gateways[side].pause();
        } else {
            if (bridges[side].paused()) bridges[side].unpause();
            else if (close) bridges[side].pause();
        }
    }

    function wait(uint256 seed) external counted(4) {
        VM.warp(block.timestamp + (seed % WINDOW));
        if (block.timestamp - windowStart >= WINDOW) {
            windowStart = block.timestamp;
            (leftSince[0], leftSince[1]) = (0, 0);
        }
    }

    /// A recipient that is no canonical account of the other chain is refused before anything is locked.
    function missend(uint256 seed) external counted(5) {
        _on(0);
        bytes memory good = InteroperableAddress.formatEvmV1(REMOTE, address(this));
        bytes memory to =
            seed % 2 == 0 ? abi.encodePacked(good, uint8(seed)) : abi.encodePacked(bytes4(0x00010000), seed);
        try bridges[0].crosschainTransfer(to, 1) {
            ++wronglyAccepted;
        } catch {}
    }

    modifier counted(uint256 action) {
        ++calls;
        _;
        ++reached[action];
    }

    function _connect(uint256 side) private {
        uint256 other = 1 - side;
        _on(side);
        gateways[side].setRemote(_chainOf(other), address(gateways[other]));
        gateways[side].setSender(address(bridges[side]), true);
        bytes memory counterpart = InteroperableAddress.formatEvmV1(_chainOf(other), address(bridges[other]));
        bridges[side].setLink(address(gateways[side]), counterpart);
        bridges[side].setLimits(CAPACITY, CAPACITY, WINDOW);
    }

    function _fly(uint256 here, bytes32 sendId, uint256 amount) private {
        Flight storage flight = _flights[here].push();
        flight.message = _message(here, sendId, amount);
        flight.amount = amount;
        inFlight[here] += amount;
        leftSince[here] += amount;
        assert(leftSince[here] <= 2 * uint256(CAPACITY)); // B3
    }

    function _deliver(uint256 there, ICommitteeGateway.Message memory m, uint256 signers) private returns (bool) {
        bytes32 digest = gateways[there].hashMessage(m);
        bytes memory sigs;
        for (uint256 i = 0; i < signers; ++i) {
            (uint8 v, bytes32 r, bytes32 s) = VM.sign(_keys[i], digest);
            sigs = bytes.concat(sigs, abi.encodePacked(r, s, v));
        }
        try gateways[there].deliver(m.sendId, m.sender, m.recipient, m.payload, sigs) returns (bytes32) {
            return true;
        } catch {
            return false;
        }
    }

    function _message(
        uint256 here,
        bytes32 sendId,
        uint256 amount
    ) private view returns (ICommitteeGateway.Message memory) {
        uint256 there = 1 - here;
        bytes memory from = InteroperableAddress.formatEvmV1(_chainOf(here), address(this));
        return
            ICommitteeGateway.Message({
                sourceChain: _chainOf(here),
                sourceGateway: address(gateways[here]),
                sendId: sendId,
                sender: InteroperableAddress.formatEvmV1(_chainOf(here), address(bridges[here])),
                recipient: InteroperableAddress.formatEvmV1(_chainOf(there), address(bridges[there])),
                payload: abi.encode(from, abi.encodePacked(address(this)), amount)
            });
    }

    function _on(uint256 side) private {
        CHAIN.chainId(_chainOf(side));
    }

    function _sort() private {
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (VM.addr(_keys[j]) < VM.addr(_keys[i])) (_keys[i], _keys[j]) = (_keys[j], _keys[i]);
            }
        }
    }

    function _chainOf(uint256 side) private pure returns (uint256) {
        return side == 0 ? HOME : REMOTE;
    }
}

/// Properties B1-B5 of the bridge, and what its addresses look like.
contract BridgeTest is Cheats {
    BridgeHandler private _handler;

    function setUp() external {
        VM.warp(1_800_000_000);
        _handler = new BridgeHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// The same handler walked with fixed seeds sends and delivers in both directions, so the fuzzed one can.
    function test_handlerReachesBothSides() external {
        for (uint256 i = 0; i < 200; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("walk", i)));
            _handler.send(seed, i % 2 == 0);
            _handler.deliver(seed, i % 4 < 2);
            if (i % 8 == 0) _handler.wait(seed);
            if (i % 16 == 0) _handler.brake(seed);
        }
        assert(_handler.delivered(0) > 10 && _handler.delivered(1) > 10);
        this.invariant_bridge();
    }

    /// hardhat-config: invariant.failOnRevert = true
    function invariant_bridge() external view {
        uint256 locked = _handler.TOKEN().balanceOf(address(_handler.bridges(0)));
        uint256 circulating = _handler.TWIN().totalSupply();
        assert(circulating + _handler.inFlight(0) + _handler.inFlight(1) == locked); // B1, attack 32
        assert(_handler.TOKEN().balanceOf(address(_handler)) + locked == _handler.SUPPLY());
        assert(_handler.wronglyAccepted() == 0); // B5
    }

    /// A handler that never got through would prove nothing.
    function afterInvariant() external view {
        if (_handler.calls() < 100) return;
        for (uint256 i = 0; i < _handler.ACTIONS(); ++i) assert(_handler.reached(i) > 0);
    }

    /// Every account of every chain has one spelling, in memory and in calldata alike.
    function testFuzz_addressesAreCanonical(uint256 chainId, address account) external view {
        if (chainId == 0 || account == address(0)) return;
        bytes memory encoded = InteroperableAddress.formatEvmV1(chainId, account);
        (uint256 chain, address who) = EvmAddress.parse(encoded);
        assert(chain == chainId && who == account);
        (chain, who) = this.parse(encoded);
        assert(chain == chainId && who == account);
    }

    /// Whatever bytes are accepted are the ones OpenZeppelin would write.
    function testFuzz_otherBytesAreRefused(bytes calldata noise, uint8 place, uint8 value) external view {
        bytes memory encoded = InteroperableAddress.formatEvmV1(31_337, address(0xa11ce));
        encoded[place % encoded.length] = bytes1(value);
        encoded = bytes.concat(encoded, noise);
        try this.parse(encoded) returns (uint256 chain, address who) {
            assert(keccak256(encoded) == keccak256(InteroperableAddress.formatEvmV1(chain, who)));
        } catch {}
        try this.parseMemory(encoded) returns (uint256 chain, address who) {
            assert(keccak256(encoded) == keccak256(InteroperableAddress.formatEvmV1(chain, who)));
        } catch {}
    }

    function parse(bytes calldata encoded) external pure returns (uint256, address) {
        return EvmAddress.parseCalldata(encoded);
    }

    function parseMemory(bytes memory encoded) external pure returns (uint256, address) {
        return EvmAddress.parse(encoded);
    }
}
