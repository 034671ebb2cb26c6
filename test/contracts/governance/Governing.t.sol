// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {IPlatformGovernor} from "../../../contracts/governance/IPlatformGovernor.sol";
import {PlatformGovernor} from "../../../contracts/governance/PlatformGovernor.sol";
import {DVStaking} from "../../../contracts/staking/DVStaking.sol";
import {PlatformToken} from "../../../contracts/token/PlatformToken.sol";
import {Cheats} from "../mocks/Cheats.sol";

/// Proposes, votes, cancels, waits, queues, executes and settles in any order. Actions look for a proposal they apply
/// to and make one if there is none, so that every action succeeds.
contract GovernorHandler is Cheats {
    struct Proposal {
        uint256 id;
        uint256 tag;
        uint256 queuedAt;
        uint256 deposit;
        uint256 quorum;
        bool decided;
        bool lost;
        bool settled;
    }

    uint256 public constant ACTIONS = 8;
    uint256 private constant DELAY = 2 days;

    PlatformToken public token;
    DVStaking public staking;
    TimelockController public timelock;
    PlatformGovernor public governor;

    address[3] public voters;
    address public guardian = address(0x6A4D);
    Proposal[] private _proposals;
    uint256[ACTIONS] public reached;
    uint256 public calls;
    uint256 public forfeited;
    uint16 public rate = 100;

    constructor() {
        AccessManager manager = new AccessManager(address(this));
        token = new PlatformToken(address(manager), address(this), 1e27, 0, 1_000, 100);
        staking = new DVStaking(address(manager), token, 21 days, 21 days, 0, 100);
        timelock = new TimelockController(DELAY, new address[](0), new address[](1), address(this));
        IPlatformGovernor.Rules memory rules = IPlatformGovernor.Rules({
            votingDelay: 1 days,
            votingPeriod: 3 days,
            voteExtension: 1 days,
            spanMax: 21 days,
            guardianTerm: 36_500 days,
            guardian: guardian,
            proposalThreshold: 1,
            quorumBps: 4_000,
            quorumFloor: 1e18,
            quorumFloorMax: 1e24,
            deposit: 1e18,
            depositMax: 1e20
        });
        governor = new PlatformGovernor(staking, token, timelock, rules);
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(governor));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(governor));
        timelock.renounceRole(bytes32(0), address(this));
        manager.grantRole(0, address(timelock), 0);
        for (uint256 i = 0; i < 3; ++i) _enlist(i);
        manager.renounceRole(0, address(this));
        VM.warp(block.timestamp + 1);
    }

    function act(uint256 what, uint256 who, uint256 seed) external {
        uint256 turn = calls++;
        uint256 action = turn % 3 == 0 ? (turn / 3) % ACTIONS : what % ACTIONS;
        uint16 before = token.inflationBps();
        _do(action, who % 3, seed);
        // G1: the rate moves by an executed proposal, never otherwise.
        if (action != 5) assert(token.inflationBps() == before);
        ++reached[action];
    }

    function _do(uint256 action, uint256 who, uint256 seed) private {
        if (action == 0) _propose(who);
        else if (action == 1) _vote(who, seed);
        else if (action == 2) _cancel(seed);
        else if (action == 3) _wait(seed);
        else if (action == 4) _queue(seed);
        else if (action == 5) _execute(seed);
        else if (action == 6) _settle(seed);
        else _trespass(who, seed);
    }

    /// What all deposits not settled yet add up to.
    function deposited() external view returns (uint256 sum) {
        for (uint256 i = 0; i < _proposals.length; ++i) {
            if (!_proposals[i].settled) sum += _proposals[i].deposit;
        }
    }

    function check() external {
        for (uint256 i = _proposals.length > 3 ? _proposals.length - 3 : 0; i < _proposals.length; ++i) {
            Proposal storage one = _proposals[i];
            uint256 snapshot = governor.proposalSnapshot(one.id);
            if (snapshot >= block.timestamp) continue;
            // G3
            if (one.quorum == 0) one.quorum = governor.quorum(snapshot);
            assert(governor.quorum(snapshot) == one.quorum);
        }
    }

    function _propose(uint256 who) private returns (Proposal storage one) {
        uint256 tag = _proposals.length;
        one = _proposals.push();
        one.tag = tag;
        one.deposit = governor.proposalDeposit();
        VM.prank(voters[who]);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls_) = _content(tag);
        one.id = governor.propose(targets, values, calls_, _words(tag));
    }

    function _vote(uint256 who, uint256 seed) private {
        Proposal storage one = _recent(seed);
        if (_state(one) > IGovernor.ProposalState.Active || governor.hasVoted(one.id, voters[who])) one = _propose(who);
        if (_state(one) == IGovernor.ProposalState.Pending) VM.warp(governor.proposalSnapshot(one.id) + 1);
        VM.prank(voters[who]);
        governor.castVote(one.id, uint8(seed % 3));
    }

    function _cancel(uint256 seed) private {
        Proposal storage one = _recent(seed);
        IGovernor.ProposalState now_ = _state(one);
        if (now_ == IGovernor.ProposalState.Canceled || now_ == IGovernor.ProposalState.Executed) one = _propose(0);
        _decide(one);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls_) = _content(one.tag);
        VM.prank(guardian);
        governor.cancel(targets, values, calls_, keccak256(bytes(_words(one.tag))));
    }

    function _wait(uint256 seed) private {
        VM.warp(block.timestamp + _between(seed, 1, 2 days));
    }

    function _queue(uint256 seed) private returns (Proposal storage one) {
        one = _recent(seed);
        if (_state(one) != IGovernor.ProposalState.Succeeded) one = _succeed();
        (address[] memory targets, uint256[] memory values, bytes[] memory calls_) = _content(one.tag);
        governor.queue(targets, values, calls_, keccak256(bytes(_words(one.tag))));
        one.queuedAt = block.timestamp;
    }

    function _execute(uint256 seed) private {
        Proposal storage one = _recent(seed);
        if (_state(one) != IGovernor.ProposalState.Queued) one = _queue(seed);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls_) = _content(one.tag);
        bytes memory execution = abi.encodeCall(
            IGovernor.execute,
            (targets, values, calls_, keccak256(bytes(_words(one.tag))))
        );
        // G1: not one second before the delay is over.
        if (block.timestamp < one.queuedAt + DELAY) {
            VM.warp(one.queuedAt + DELAY - 1);
            (bool early, ) = address(governor).call(execution);
            assert(!early);
            VM.warp(one.queuedAt + DELAY);
        }
        // The same rate as now is refused by the token: then the execution fails, and nothing has changed.
        (bool done, ) = address(governor).call(execution);
        assert(done == (rate != _rateOf(one.tag)));
        if (done) rate = _rateOf(one.tag);
        assert(token.inflationBps() == rate);
    }

    function _settle(uint256 seed) private {
        Proposal storage one = _recent(seed);
        if (one.settled) one = _propose(1);
        _decide(one);
        (, bool cancelledInTime) = governor.depositOf(one.id);
        if (!cancelledInTime && block.timestamp <= governor.proposalDeadline(one.id)) {
            (bool early, ) = address(governor).call(abi.encodeCall(governor.settleDeposit, (one.id)));
            assert(!early);
            VM.warp(governor.proposalDeadline(one.id) + 1);
            _decide(one);
        }
        uint256 treasury = token.balanceOf(address(timelock));
        governor.settleDeposit(one.id);
        uint256 kept = token.balanceOf(address(timelock)) - treasury;
        // G2: lost exactly when the vote was, and only once.
        assert(kept == (one.lost ? one.deposit : 0));
        forfeited += kept;
        one.settled = true;
        (bool twice, ) = address(governor).call(abi.encodeCall(governor.settleDeposit, (one.id)));
        assert(!twice);
    }

    function _trespass(uint256 who, uint256 seed) private {
        address[3] memory targets = [address(token), address(governor), address(staking)];
        bytes[3] memory attempts = [
            abi.encodeCall(token.setInflation, (uint16(seed % 1_000))),
            abi.encodeCall(governor.setProposalDeposit, (seed % 1e20)),
            abi.encodeCall(staking.slash, (voters[(who + 1) % 3], 1, "why"))
        ];
        VM.prank(seed % 2 == 0 ? voters[who] : guardian);
        (bool done, ) = targets[seed % 3].call(attempts[seed % 3]);
        assert(!done);
    }

    function _succeed() private returns (Proposal storage one) {
        one = _propose(0);
        VM.warp(governor.proposalSnapshot(one.id) + 1);
        for (uint256 i = 0; i < 2; ++i) {
            VM.prank(voters[i]);
            governor.castVote(one.id, 1);
        }
        VM.warp(governor.proposalDeadline(one.id) + 1);
    }

    /// Remembers how the vote went as soon as it is over, before anybody can cancel.
    function _decide(Proposal storage one) private {
        if (one.decided || block.timestamp <= governor.proposalDeadline(one.id)) return;
        IGovernor.ProposalState now_ = _state(one);
        one.decided = true;
        one.lost = now_ == IGovernor.ProposalState.Defeated;
    }

    function _enlist(uint256 i) private {
        voters[i] = address(uint160(0x2000 + i));
        token.transfer(voters[i], 1e24);
        VM.prank(voters[i]);
        token.approve(address(governor), type(uint256).max);
        VM.prank(voters[i]);
        token.approve(address(staking), type(uint256).max);
        VM.prank(voters[i]);
        staking.stakeAndDelegate(1e20 * (3 - i), voters[i]);
    }

    /// One of the last three proposals; the first one makes itself.
    function _recent(uint256 seed) private returns (Proposal storage) {
        if (_proposals.length == 0) return _propose(0);
        uint256 back = _between(seed, 0, _proposals.length < 3 ? _proposals.length - 1 : 2);
        return _proposals[_proposals.length - 1 - back];
    }

    function _state(Proposal storage one) private view returns (IGovernor.ProposalState) {
        return governor.state(one.id);
    }

    function _content(
        uint256 tag
    ) private view returns (address[] memory targets, uint256[] memory values, bytes[] memory calls_) {
        (targets, values, calls_) = (new address[](1), new uint256[](1), new bytes[](1));
        targets[0] = address(token);
        calls_[0] = abi.encodeCall(token.setInflation, (_rateOf(tag)));
    }

    function _rateOf(uint256 tag) private pure returns (uint16) {
        return uint16((tag * 37) % 1_000);
    }

    function _words(uint256 tag) private pure returns (string memory) {
        return string(abi.encodePacked("proposal ", bytes32(tag)));
    }
}

/// Properties G1-G3 of governance, whatever voters, the guardian and strangers do.
contract GoverningTest is Cheats {
    GovernorHandler private _handler;

    function setUp() external {
        VM.warp(1_800_000_000);
        _handler = new GovernorHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// hardhat-config: invariant.failOnRevert = true
    function invariant_governance() external {
        PlatformToken token = _handler.token();
        // G2: the governor holds the deposits of the proposals not settled, to the wei; the treasury what was lost.
        assert(token.balanceOf(address(_handler.governor())) == _handler.deposited());
        assert(token.balanceOf(address(_handler.timelock())) == _handler.forfeited());
        assert(token.inflationBps() == _handler.rate());
        _handler.check();
    }

    /// A handler that never got through would prove nothing.
    function afterInvariant() external view {
        if (_handler.calls() < 3 * _handler.ACTIONS()) return;
        for (uint256 i = 0; i < _handler.ACTIONS(); ++i) assert(_handler.reached(i) > 0);
    }
}
