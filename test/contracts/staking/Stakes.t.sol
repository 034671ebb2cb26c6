// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {DVStaking} from "../../../contracts/staking/DVStaking.sol";
import {PlatformToken} from "../../../contracts/token/PlatformToken.sol";
import {Cheats} from "../mocks/Cheats.sol";

/// Plays four nodes, a payer of fees and the timelock against the stakes. Every action succeeds by construction: a
/// revert is a failure of the test. Every third call takes the next action in turn, so that each is always reached.
contract StakesHandler is Cheats {
    uint256 public constant ACTIONS = 13;
    uint256 private constant BPS_YEAR = 10_000 * 365 days;
    uint256 private constant KEY_BASE = 0xA11CE;

    AccessManager public MANAGER;
    PlatformToken public TOKEN;
    DVStaking public STAKING;

    address[4] public nodes;
    address[4] public keys;
    uint256[ACTIONS] public reached;
    uint256 public calls;

    uint256 public feesIn;
    uint256 public claimed;
    /// The most that may ever have been minted: highest rate, supply of every moment.
    uint256 public mintable;
    uint256 public lastIndex;
    mapping(address node => uint256 amount) public paidIn;
    mapping(address node => uint256 amount) public lost;
    mapping(address node => uint256 amount) public paidOut;

    constructor() {
        MANAGER = new AccessManager(address(this));
        TOKEN = new PlatformToken(address(MANAGER), address(this), 1e27, 5e25, 1_000, 500);
        STAKING = new DVStaking(address(MANAGER), TOKEN, 1 days, 7 days, 2_000, 5_000);
        bytes4[] memory minting = new bytes4[](2);
        (minting[0], minting[1]) = (TOKEN.mintInflation.selector, TOKEN.skipInflation.selector);
        MANAGER.setTargetFunctionRole(address(TOKEN), minting, 1);
        MANAGER.grantRole(1, address(STAKING), 0);
        TOKEN.approve(address(STAKING), type(uint256).max);
        for (uint256 i = 0; i < 4; ++i) {
            nodes[i] = address(uint160(0x1000 + i));
            keys[i] = VM.addr(KEY_BASE + i);
            TOKEN.transfer(nodes[i], 1e24);
            VM.prank(nodes[i]);
            TOKEN.approve(address(STAKING), type(uint256).max);
            _register(i);
        }
    }

    function act(uint256 what, uint256 who, uint256 amount) external {
        uint256 turn = calls++;
        uint256 action = turn % 3 == 0 ? (turn / 3) % ACTIONS : what % ACTIONS;
        uint256[4] memory before = _stakes();
        uint256 touched = _do(action, who % 4, amount);
        // S5: nobody's stake moves but that of the node that acted, or was slashed.
        for (uint256 i = 0; i < 4; ++i) {
            if (i != touched) assert(STAKING.stakeOf(nodes[i]) == before[i]);
        }
        // S3
        assert(STAKING.rewardIndex() >= lastIndex);
        lastIndex = STAKING.rewardIndex();
        ++reached[action];
    }

    /// What is left of a node's principal, were all of it withdrawn.
    function principalOf(address node) external view returns (uint256) {
        (uint256 unbonding, ) = STAKING.unbondingOf(node);
        return STAKING.stakeOf(node) + unbonding;
    }

    function _do(uint256 action, uint256 i, uint256 amount) private returns (uint256) {
        if (action == 0) _stake(i, amount);
        else if (action == 1) _request(i, amount);
        else if (action == 2) _cancel(i, amount);
        else if (action == 3) _withdraw(i, amount);
        else if (action == 4) _claim(i, amount);
        else if (action == 5) return _fee(i, amount);
        else if (action == 6) _slash(i, amount);
        else if (action == 7) return _accrueLater(amount);
        else if (action == 8) return _burn(i, amount);
        else if (action == 9) return _rate(amount);
        else if (action == 10) _delegate(i, amount);
        else if (action == 11) _stakeFor(i, amount);
        else return _trespass(i, amount);
        return i;
    }

    function _stake(uint256 i, uint256 amount) private {
        amount = _refill(i, amount);
        VM.prank(nodes[i]);
        STAKING.stake(amount);
        paidIn[nodes[i]] += amount;
    }

    function _stakeFor(uint256 i, uint256 amount) private {
        address delegatee = nodes[amount % 4];
        amount = _refill(i, amount);
        VM.prank(nodes[i]);
        STAKING.stakeAndDelegate(amount, delegatee);
        paidIn[nodes[i]] += amount;
    }

    function _request(uint256 i, uint256 amount) private {
        if (STAKING.stakeOf(nodes[i]) == 0) _stake(i, amount);
        amount = _between(amount, 1, STAKING.stakeOf(nodes[i]));
        VM.prank(nodes[i]);
        STAKING.requestUnstake(amount);
        // S6: not one second before its time.
        (, uint48 unlockAt) = STAKING.unbondingOf(nodes[i]);
        _warp(unlockAt - 1 - block.timestamp);
        VM.prank(nodes[i]);
        (bool early, ) = address(STAKING).call(abi.encodeCall(STAKING.withdraw, ()));
        assert(!early);
    }

    function _cancel(uint256 i, uint256 amount) private {
        (uint256 unbonding, ) = STAKING.unbondingOf(nodes[i]);
        if (unbonding == 0) _request(i, amount);
        (unbonding, ) = STAKING.unbondingOf(nodes[i]);
        VM.prank(nodes[i]);
        STAKING.cancelUnstake(_between(amount, 1, unbonding));
    }

    function _withdraw(uint256 i, uint256 amount) private {
        (uint256 unbonding, uint48 unlockAt) = STAKING.unbondingOf(nodes[i]);
        if (unbonding == 0) _request(i, amount);
        (, unlockAt) = STAKING.unbondingOf(nodes[i]);
        if (block.timestamp < unlockAt) _warp(unlockAt - block.timestamp);
        VM.prank(nodes[i]);
        paidOut[nodes[i]] += STAKING.withdraw();
    }

    function _claim(uint256 i, uint256 amount) private {
        if (STAKING.claimable(nodes[i]) == 0) _fee(i, amount);
        VM.prank(nodes[i]);
        claimed += STAKING.claim();
    }

    function _fee(uint256 i, uint256 amount) private returns (uint256) {
        amount = _between(amount, 1, 1e20);
        uint256 count = 1 + (amount % 4);
        address[] memory payees = new address[](count);
        for (uint256 n = 0; n < count; ++n) payees[n] = keys[(i + n) % 4];
        STAKING.creditFee(payees, amount);
        feesIn += amount;
        return 4;
    }

    function _slash(uint256 i, uint256 amount) private {
        uint256 held = this.principalOf(nodes[i]);
        if (held == 0) {
            _stake(i, amount);
            held = this.principalOf(nodes[i]);
        }
        uint256 supply = TOKEN.totalSupply() - TOKEN.minted();
        STAKING.slash(nodes[i], _between(amount, 1, 2 * held), "why");
        uint256 taken = supply - (TOKEN.totalSupply() - TOKEN.minted());
        // S7: what was taken was there.
        assert(taken > 0 && taken <= held);
        assert(this.principalOf(nodes[i]) == held - taken);
        lost[nodes[i]] += taken;
    }

    function _accrueLater(uint256 amount) private returns (uint256) {
        _warp(_between(amount, 1, 3 days));
        STAKING.accrue();
        return 4;
    }

    function _burn(uint256 i, uint256 amount) private returns (uint256) {
        VM.prank(nodes[i]);
        TOKEN.burn(_between(amount, 0, TOKEN.balanceOf(nodes[i]) / 1_000));
        return 4;
    }

    function _rate(uint256 amount) private returns (uint256) {
        uint16 bps = uint16(_between(amount, 0, 1_000));
        if (bps == TOKEN.inflationBps()) bps = bps == 0 ? 1 : bps - 1;
        TOKEN.setInflation(bps);
        return 4;
    }

    function _delegate(uint256 i, uint256 amount) private {
        VM.prank(nodes[i]);
        STAKING.delegate(amount % 5 == 4 ? address(0) : nodes[amount % 5]);
    }

    /// T4 and the timelock's rights: nobody else may use them.
    function _trespass(uint256 i, uint256 amount) private returns (uint256) {
        bytes[4] memory attempts = [
            abi.encodeCall(TOKEN.mintInflation, (nodes[i])),
            abi.encodeCall(TOKEN.skipInflation, ()),
            abi.encodeCall(TOKEN.setInflation, (uint16(amount % 1_001))),
            abi.encodeCall(STAKING.slash, (nodes[i], 1, "why"))
        ];
        uint256 which = amount % 4;
        VM.prank(nodes[(i + 1) % 4]);
        (bool done, ) = (which == 3 ? address(STAKING) : address(TOKEN)).call(attempts[which]);
        assert(!done);
        return 4;
    }

    function _refill(uint256 i, uint256 amount) private returns (uint256) {
        amount = _between(amount, 1, 1e22);
        if (TOKEN.balanceOf(nodes[i]) < amount) TOKEN.transfer(nodes[i], amount);
        return amount;
    }

    function _warp(uint256 elapsed) private {
        mintable += (TOKEN.totalSupply() * 1_000 * elapsed) / BPS_YEAR + 1;
        VM.warp(block.timestamp + elapsed);
    }

    function _register(uint256 i) private {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("DVStaking"),
                keccak256("1"),
                block.chainid,
                address(STAKING)
            )
        );
        bytes32 message = keccak256(abi.encode(keccak256("NodeKey(address node,address key)"), nodes[i], keys[i]));
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(
            KEY_BASE + i,
            keccak256(abi.encodePacked(hex"1901", domain, message))
        );
        VM.prank(nodes[i]);
        STAKING.setKey(keys[i], abi.encodePacked(r, s, v));
    }

    function _stakes() private view returns (uint256[4] memory stakes) {
        for (uint256 i = 0; i < 4; ++i) stakes[i] = STAKING.stakeOf(nodes[i]);
    }
}

/// Attack 20, and properties T1-T4 of the token and S1-S9 of the stakes, whatever four nodes, payers and the timelock do.
contract StakesTest is Cheats {
    StakesHandler private _handler;
    DVStaking private _staking;
    PlatformToken private _token;

    function setUp() external {
        VM.warp(1_800_000_000);
        _handler = new StakesHandler();
        _staking = _handler.STAKING();
        _token = _handler.TOKEN();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// hardhat-config: invariant.failOnRevert = true
    function invariant_attack20_tokenAndStakes() external {
        uint256 staked = 0;
        uint256 unbonding = 0;
        uint256 votes = 0;
        uint256 claimable = 0;
        uint256 balances = _token.balanceOf(address(_handler)) + _token.balanceOf(address(_staking));
        for (uint256 i = 0; i < 4; ++i) {
            address node = _handler.nodes(i);
            (uint256 leaving, ) = _staking.unbondingOf(node);
            staked += _staking.stakeOf(node);
            unbonding += leaving;
            votes += _staking.getVotes(node);
            claimable += _staking.claimable(node);
            balances += _token.balanceOf(node);
            // S9: a round trip gives back what was put in, less what was slashed, to the wei.
            assert(_handler.principalOf(node) + _handler.paidOut(node) + _handler.lost(node) == _handler.paidIn(node));
        }
        assert(_token.totalSupply() == balances); // T1
        assert(_token.minted() <= _token.mintCap()); // T2
        assert(_token.minted() <= _handler.mintable()); // T3
        assert(staked == _staking.totalStaked() && unbonding == _staking.totalUnbonding()); // S1
        assert(votes <= staked); // S8
        uint256 owed = _staking.totalOwed();
        assert(_token.balanceOf(address(_staking)) == staked + unbonding + owed); // S2, to the wei
        assert(claimable <= owed); // S4
        assert(_handler.claimed() + owed == _token.minted() + _handler.feesIn()); // S4, to the wei
        VM.warp(block.timestamp + 1);
        assert(_staking.getPastTotalSupply(block.timestamp - 1) == staked); // S1
        VM.warp(block.timestamp - 1);
    }

    /// A handler that never got through would prove nothing.
    function afterInvariant() external view {
        uint256 calls = _handler.calls();
        if (calls < 3 * _handler.ACTIONS()) return;
        for (uint256 i = 0; i < _handler.ACTIONS(); ++i) assert(_handler.reached(i) > 0);
    }
}
