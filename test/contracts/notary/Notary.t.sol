// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {INotaryLedger} from "../../../contracts/notary/INotaryLedger.sol";
import {NotaryLedger} from "../../../contracts/notary/NotaryLedger.sol";
import {ISettlementEngine} from "../../../contracts/settlement/ISettlementEngine.sol";
import {SettlementEngine} from "../../../contracts/settlement/SettlementEngine.sol";
import {Leaves} from "../../../contracts/shared/Leaves.sol";
import {SimpleTree} from "../../../contracts/shared/SimpleTree.sol";
import {Cheats} from "../mocks/Cheats.sol";
import {FixedCommittee} from "../mocks/FixedCommittee.sol";
import {PlainToken} from "../mocks/PlainToken.sol";
import {DenyingToken} from "../mocks/WeirdTokens.sol";

/// @notice Submits random batches to ledger and engine, and keeps beside them a model of what must come of each.
contract NotaryHandler is Cheats {
    uint256 public constant ACTIONS = 8;
    uint256 public constant PAYERS = 4;
    uint256 public constant PARTITIONS = 3;
    uint256 public constant SUPPLY = 1_000_000;
    uint256 private constant NONCES = 600;
    uint256 private constant ITEM_GAS_MAX = 260_000;
    uint256 private constant BATCH_GAS_MAX = 400_000;

    NotaryLedger public immutable LEDGER;
    SettlementEngine public immutable ENGINE;
    PlainToken public immutable TOKEN;
    DenyingToken public immutable DENYING;

    uint256[ACTIONS] public reached;
    uint256[8] public statuses;
    uint256 public calls;
    uint256 public wronglyAccepted;

    // The model.
    mapping(bytes32 partition => INotaryLedger.Batch[]) private _batches;
    mapping(bytes32 partition => mapping(uint256 seq => bytes32)) public rootAt;
    mapping(address payer => mapping(uint256 nonce => bool)) public spent;
    mapping(address payer => mapping(uint256 nonce => uint256)) public settledTimes;
    mapping(address account => uint256) public balance;
    bool public listed = true;

    uint256[3] private _keys;
    bytes private _lastItems;
    bytes32 private _lastPartition;

    constructor() {
        AccessManager authority = new AccessManager(address(this));
        TOKEN = new PlainToken();
        DENYING = new DenyingToken();
        _keys = _sortedKeys();
        address[] memory members = new address[](3);
        for (uint256 i = 0; i < 3; ++i) members[i] = VM.addr(_keys[i]);
        FixedCommittee committee = new FixedCommittee(members, 6_700, 3);
        // Contracts of a contract are numbered from 1: authority, two tokens, committee, ledger, engine.
        address engine = _createdBy(address(this), 6);
        LEDGER = new NotaryLedger(address(authority), address(committee), engine, address(this));
        ENGINE = new SettlementEngine(address(authority), address(LEDGER));
        assert(address(ENGINE) == engine);
        ENGINE.setToken(address(TOKEN), true);
        ENGINE.setToken(address(DENYING), true);
        for (uint256 i = 0; i < PAYERS; ++i) {
            address payer = payerAt(i);
            TOKEN.mint(payer, SUPPLY / PAYERS);
            DENYING.mint(payer, SUPPLY / PAYERS);
            balance[payer] = SUPPLY / PAYERS;
            VM.prank(payer);
            TOKEN.approve(engine, type(uint256).max);
        }
    }

    /// Up to four deals of any kind; each must end as the model says, and the root must be theirs.
    function settleDeals(uint256 seed) external counted(0) {
        uint256 count = 1 + (seed % 4);
        ISettlementEngine.Signed[] memory items = new ISettlementEngine.Signed[](count);
        bytes32[] memory nodes = SimpleTree.open(count);
        for (uint256 i = 0; i < count; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            items[i] = _dealOf(seed);
            (uint256 status, bytes32 reasonHash) = _expect(items[i], seed);
            ++statuses[status];
            SimpleTree.put(nodes, i, Leaves.outcome(i, _hash(items[i]), status, reasonHash));
        }
        bytes32 root = SimpleTree.close(nodes);
        INotaryLedger.Batch memory b = _next(seed, abi.encode(items));
        uint256 before = gasleft();
        assert(_submit(b, abi.encode(items)));
        assert(before - gasleft() < BATCH_GAS_MAX + count * ITEM_GAS_MAX); // E9
        assert(LEDGER.outcomeRootOf(LEDGER.hashBatch(b)) == root); // E4, E5, E6
        _record(b, root);
        _lastItems = abi.encode(items);
        _lastPartition = b.partition;
    }

    /// From any state a header gets through (L7).
    function notarize(uint256 seed) external counted(1) {
        INotaryLedger.Batch memory b = _next(seed, "");
        assert(_submit(b, ""));
        _record(b, bytes32(0));
    }

    /// A known header again, with or without signatures, changes nothing (L4).
    function repeat(uint256 seed) external {
        ++calls;
        bytes32 partition = _partition(seed);
        uint256 length = _batches[partition].length;
        if (length == 0) return;
        INotaryLedger.Batch memory b = _batches[partition][seed % length];
        if (LEDGER.outcomeRootOf(LEDGER.hashBatch(b)) == LEDGER.VOID()) return;
        assert(!LEDGER.submit(b, "", ""));
        ++reached[2];
    }

    /// Another header at a place that is taken, or beyond the next, is refused whoever signed it (L1, L3).
    function misplace(uint256 seed, uint64 seq) external counted(3) {
        INotaryLedger.Batch memory b = _next(seed, "");
        uint64 next = b.seq;
        b.seq = seed % 2 == 0 ? next + 1 + (seq % 5) : uint64(_between(seq, 0, next));
        b.root = keccak256(abi.encode("misplaced", seed));
        if (b.seq == next) b.prev = keccak256("broken");
        _mustRefuse(b, "", _sign(LEDGER.hashBatch(b), 3));
    }

    /// Fewer signatures than a quorum, or another header's, get nothing in (L5).
    function undersign(uint256 seed) external counted(4) {
        INotaryLedger.Batch memory b = _next(seed, "");
        bytes32 digest = LEDGER.hashBatch(b);
        if (seed % 3 == 0) digest = keccak256("other");
        _mustRefuse(b, "", _sign(digest, seed % 3));
    }

    /// Signed items that are not the ones of the header are refused (L5).
    function swapItems(uint256 seed) external counted(5) {
        ISettlementEngine.Signed[] memory items = new ISettlementEngine.Signed[](1);
        items[0] = _dealOf(seed);
        INotaryLedger.Batch memory b = _next(seed, abi.encode(items));
        items[0].deal.nonce ^= 1;
        _mustRefuse(b, abi.encode(items), _sign(LEDGER.hashBatch(b), 3));
    }

    /// Governance passes a batch by; a payer cancels; governance unlists and lists.
    function govern(uint256 seed) external counted(6) {
        if (seed % 3 == 0) {
            INotaryLedger.Batch memory b = _next(seed, hex"dead");
            LEDGER.voidBatch(b);
            _record(b, LEDGER.VOID());
        } else if (seed % 3 == 1) {
            listed = !listed;
            ENGINE.setToken(address(TOKEN), listed);
        }
    }

    function cancel(uint256 seed) external counted(7) {
        uint256 nonce = seed % NONCES;
        address payer = payerAt(seed >> 64);
        if (spent[payer][nonce]) return;
        VM.prank(payer);
        ENGINE.cancel(nonce >> 8, 1 << (nonce & 255));
        spent[payer][nonce] = true;
    }

    function batchCount(bytes32 partition) external view returns (uint256) {
        return _batches[partition].length;
    }

    function batchAt(bytes32 partition, uint256 seq) external view returns (INotaryLedger.Batch memory) {
        return _batches[partition][seq];
    }

    function partitionAt(uint256 index) public pure returns (bytes32) {
        return bytes32(index % PARTITIONS);
    }

    function payerAt(uint256 index) public pure returns (address) {
        return VM.addr(100 + (index % PAYERS));
    }

    modifier counted(uint256 action) {
        ++calls;
        _;
        ++reached[action];
    }

    function _dealOf(uint256 seed) private view returns (ISettlementEngine.Signed memory item) {
        uint256 count = seed % 16 == 0 ? 0 : 1 + ((seed >> 8) % 3);
        ISettlementEngine.Leg[] memory legs = new ISettlementEngine.Leg[](count);
        uint256 payer = seed >> 16;
        for (uint256 i = 0; i < count; ++i) {
            legs[i].token =
                seed % 13 == 1
                    ? address(DENYING)
                    : seed % 17 == 2
                        ? address(0xbad)
                        : address(TOKEN);
            legs[i].from = payerAt(payer);
            legs[i].to = payerAt(seed >> (24 + i));
            legs[i].amount = (seed >> 32) % (seed % 5 == 0 ? SUPPLY : 1_000);
        }
        item.deal = ISettlementEngine.Deal({
            terms: keccak256(abi.encode(seed)),
            validAfter: seed % 19 == 3 ? uint48(block.timestamp + 1) : 0,
            validUntil: seed % 23 == 4 ? uint48(block.timestamp - 1) : type(uint48).max,
            nonce: (seed >> 40) % NONCES,
            legs: legs
        });
        item.sigs = new bytes[](count == 0 ? 0 : 1);
        if (count > 0) item.sigs[0] = _signature(_wrongKey(seed) ? 999 : 100 + (payer % PAYERS), _hash(item));
    }

    /// What must come of the deal when the ones before it are done, and does it in the model.
    function _expect(ISettlementEngine.Signed memory item, uint256 seed) private returns (uint256, bytes32) {
        ISettlementEngine.Deal memory deal = item.deal;
        bytes32 none = keccak256("");
        if (deal.legs.length == 0) return (7, none);
        if (_wrongKey(seed)) return (3, none);
        address payer = deal.legs[0].from;
        if (spent[payer][deal.nonce]) return (4, none);
        spent[payer][deal.nonce] = true;
        if (block.timestamp < deal.validAfter || block.timestamp > deal.validUntil) return (5, none);
        address token = deal.legs[0].token;
        if (token == address(0xbad) || (token == address(TOKEN) && !listed)) return (6, none);
        if (token == address(DENYING)) {
            // It says no even to those who have nothing; only the arithmetic of its own comes first.
            if (deal.legs[0].amount > SUPPLY / PAYERS) return (2, keccak256(_panic(0x11)));
            return (2, keccak256(abi.encodeWithSignature("SafeERC20FailedOperation(address)", token)));
        }
        return _move(payer, deal);
    }

    function _move(address payer, ISettlementEngine.Deal memory deal) private returns (uint256, bytes32) {
        uint256[] memory kept = new uint256[](PAYERS);
        for (uint256 i = 0; i < PAYERS; ++i) kept[i] = balance[payerAt(i)];
        for (uint256 i = 0; i < deal.legs.length; ++i) {
            uint256 amount = deal.legs[i].amount;
            uint256 has = balance[payer];
            if (has < amount) {
                for (uint256 j = 0; j < PAYERS; ++j) balance[payerAt(j)] = kept[j];
                bytes memory reason = abi.encodeWithSignature(
                    "ERC20InsufficientBalance(address,uint256,uint256)",
                    payer,
                    has,
                    amount
                );
                return (2, keccak256(reason));
            }
            balance[payer] = has - amount;
            balance[deal.legs[i].to] += amount;
        }
        ++settledTimes[payer][deal.nonce];
        assert(settledTimes[payer][deal.nonce] == 1); // E3
        return (1, keccak256(""));
    }

    function _next(uint256 seed, bytes memory items) private view returns (INotaryLedger.Batch memory b) {
        bytes32 partition = _partition(seed);
        uint256 length = _batches[partition].length;
        b.partition = partition;
        b.seq = uint64(length);
        b.prev = length == 0 ? bytes32(0) : LEDGER.hashBatch(_batches[partition][length - 1]);
        b.root = keccak256(abi.encode(seed, length));
        b.count = uint32(1 + (seed % 5_000));
        b.itemsHash = items.length == 0 ? bytes32(0) : keccak256(items);
    }

    function _submit(INotaryLedger.Batch memory b, bytes memory items) private returns (bool) {
        return LEDGER.submit(b, items, _sign(LEDGER.hashBatch(b), 3));
    }

    function _mustRefuse(INotaryLedger.Batch memory b, bytes memory items, bytes memory sigs) private {
        try LEDGER.submit(b, items, sigs) returns (bool) {
            ++wronglyAccepted;
        } catch {}
    }

    function _record(INotaryLedger.Batch memory b, bytes32 root) private {
        rootAt[b.partition][b.seq] = root;
        _batches[b.partition].push(b);
    }

    function _hash(ISettlementEngine.Signed memory item) private view returns (bytes32) {
        return ENGINE.hashDeal(item.deal);
    }

    function _sign(bytes32 digest, uint256 count) private view returns (bytes memory sigs) {
        for (uint256 i = 0; i < count; ++i) sigs = bytes.concat(sigs, _signature(_keys[i], digest));
    }

    function _sortedKeys() private pure returns (uint256[3] memory keys) {
        keys = [uint256(1), 2, 3];
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 j = i + 1; j < 3; ++j) {
                if (VM.addr(keys[j]) < VM.addr(keys[i])) (keys[i], keys[j]) = (keys[j], keys[i]);
            }
        }
    }

    function _signature(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _partition(uint256 seed) private pure returns (bytes32) {
        return partitionAt(seed >> 200);
    }

    function _wrongKey(uint256 seed) private pure returns (bool) {
        return seed % 11 == 5;
    }

    function _panic(uint256 code) private pure returns (bytes memory) {
        return abi.encodeWithSignature("Panic(uint256)", code);
    }

    function _createdBy(address creator, uint8 nonce) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes2(0xd694), creator, nonce)))));
    }
}

/// Properties L1-L7 of the ledger and E1-E9 of the engine, whatever payers, committee and governance do.
contract NotaryTest is Cheats {
    NotaryHandler private _handler;
    NotaryLedger private _ledger;

    function setUp() external {
        VM.warp(1_800_000_000);
        _handler = new NotaryHandler();
        _ledger = _handler.LEDGER();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// The same handler walked with fixed seeds ends deals in every way there is, so the fuzzed one can.
    function test_handlerReachesEveryStatus() external {
        for (uint256 i = 0; i < 120; ++i) _handler.settleDeals(uint256(keccak256(abi.encode("walk", i))));
        for (uint256 status = 1; status < 8; ++status) assert(_handler.statuses(status) > 3);
        this.invariant_ledgerAndEngine();
    }

    /// hardhat-config: invariant.failOnRevert = true
    function invariant_ledgerAndEngine() external view {
        for (uint256 p = 0; p < _handler.PARTITIONS(); ++p) _checkPartition(_handler.partitionAt(p));
        uint256 sum = 0;
        for (uint256 i = 0; i < _handler.PAYERS(); ++i) {
            address payer = _handler.payerAt(i);
            uint256 has = _handler.TOKEN().balanceOf(payer);
            assert(has == _handler.balance(payer)); // E2
            assert(_handler.DENYING().balanceOf(payer) == _handler.SUPPLY() / _handler.PAYERS()); // E4
            sum += has;
        }
        assert(sum == _handler.SUPPLY() && _handler.TOKEN().totalSupply() == sum); // E1
        assert(_handler.TOKEN().balanceOf(address(_handler.ENGINE())) == 0); // E7
        assert(_handler.wronglyAccepted() == 0); // L1, L3, L5
    }

    /// A handler that never got through would prove nothing.
    function afterInvariant() external view {
        if (_handler.calls() < 100) return;
        for (uint256 i = 0; i < _handler.ACTIONS(); ++i) assert(_handler.reached(i) > 0);
    }

    function _checkPartition(bytes32 partition) private view {
        uint256 length = _handler.batchCount(partition);
        assert(_ledger.next(partition) == length); // L1
        assert(_ledger.headerAt(partition, uint64(length)) == bytes32(0)); // L1
        if (length == 0) return;
        // The last few are enough: what was right once is checked after every call and cannot be written again.
        for (uint256 seq = length > 3 ? length - 3 : 0; seq < length; ++seq) {
            INotaryLedger.Batch memory b = _handler.batchAt(partition, seq);
            bytes32 header = _ledger.hashBatch(b);
            assert(_ledger.headerAt(partition, uint64(seq)) == header); // L3
            assert(b.prev == (seq == 0 ? bytes32(0) : _ledger.headerAt(partition, uint64(seq - 1)))); // L2
            assert(_ledger.outcomeRootOf(header) == _handler.rootAt(partition, seq)); // L4, E6
        }
        INotaryLedger.Batch memory first = _handler.batchAt(partition, 0);
        assert(_ledger.headerAt(partition, 0) == _ledger.hashBatch(first)); // L3
        assert(_ledger.chainHead(partition) == _ledger.headerAt(partition, uint64(length - 1)));
    }
}
