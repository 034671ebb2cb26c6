import { expect } from "chai";
import { concat, dataSlice, id, toBeHex, ZeroAddress } from "ethers";
import {
  deliver,
  interoperable,
  members,
  openBridge,
  send,
  signMessage,
  transferPayload,
  type Side,
} from "../../support/contracts/bridge.ts";

import { accounts } from "../../support/contracts/notary.ts";

/** ERC-7930 bytes close to those of an account of the remote chain, each wrong in a way of its own. */
const notCanonical = (account: string): string[] => [
  "0x",
  concat(["0x00010000027a6a13", dataSlice(account, 1)]),
  concat(["0x0001000003007a6a14", account]),
  concat(["0x000100000014", account]),
  concat(["0x00010000010014", account]),
  "0x00010000027a6a00",
  concat(["0x00010002027a6a14", account]),
  concat(["0x00010000027a6a14", ZeroAddress]),
  concat(["0x00010000027a6a14", account, "0x00"]),
];

describe("moving tokens between two chains", () => {
  let home: Side;
  let remote: Side;

  beforeEach(async () => {
    ({ home, remote } = await openBridge());
  });

  const there = () => ({ chainId: remote.chainId, account: remote.holder.address });
  const back = () => ({ chainId: home.chainId, account: home.holder.address });
  const sending = (to: string, amount: bigint) => home.bridge.connect(home.holder).crosschainTransfer(to, amount);

  it("refuses to send nothing, or to anything that is no canonical account of a connected chain", async () => {
    const good = interoperable(remote.chainId, remote.holder.address);
    await expect(sending(good, 0n)).to.be.revertedWithCustomError(home.bridge, "GuardedBridgeZeroAmount");
    for (const bad of notCanonical(remote.holder.address)) {
      await expect(sending(bad, 1n)).to.be.revertedWithCustomError(home.bridge, "EvmAddressNotCanonical").withArgs(bad);
    }
    await expect(sending(interoperable(999n, remote.holder.address), 1n)).to.be.revert(home.connection.ethers);
  });

  it("refuses a counterpart that is no canonical account", async () => {
    for (const bad of notCanonical(remote.bridgeAt)) {
      await expect(home.bridge.setLink(home.gateway, bad))
        .to.be.revertedWithCustomError(home.bridge, "EvmAddressNotCanonical")
        .withArgs(bad);
    }
  });

  it("refuses to send to the bridge itself, and calldata beyond its arguments", async () => {
    const bridge = interoperable(remote.chainId, remote.bridgeAt);
    await expect(sending(bridge, 1n))
      .to.be.revertedWithCustomError(home.bridge, "GuardedBridgeRecipientRefused")
      .withArgs(bridge);
    const to = interoperable(remote.chainId, remote.holder.address);
    const data = home.bridge.interface.encodeFunctionData("crosschainTransfer", [to, 1n]);
    await expect(home.holder.sendTransaction({ to: home.bridgeAt, data: concat([data, "0x01"]) }))
      .to.be.revertedWithCustomError(home.bridge, "GuardedBridgeCalldataNotExact")
      .withArgs(data.length / 2);
  });

  it("refuses more than the limit, lets it refill, and never more than twice within a window", async () => {
    await send(home, there(), 1_000n);
    await expect(sending(interoperable(remote.chainId, remote.holder.address), 1n)).to.be.revertedWithCustomError(
      home.bridge,
      "RateLimitExceeded",
    );
    expect(await home.bridge.available(remote.chainId)).to.deep.equal([0n, 1_000n]);
    await home.connection.networkHelpers.time.increase(1_800);
    const [half] = await home.bridge.available(remote.chainId);
    expect(half).to.be.within(499n, 502n);
    await send(home, there(), half);
    expect(await home.token.balanceOf(home.bridgeAt)).to.equal(1_000n + half);
  });

  it("locks at home, mints there, burns there, unlocks at home", async () => {
    const out = await send(home, there(), 300n);
    expect(await home.token.balanceOf(home.bridgeAt)).to.equal(300n);
    await expect(deliver(remote, out))
      .to.emit(remote.bridge, "CrosschainFungibleTransferReceived")
      .withArgs(
        await remote.gateway.hashMessage(out),
        interoperable(home.chainId, home.holder.address),
        remote.holder.address,
        300n,
      );
    expect(await remote.token.totalSupply()).to.equal(300n);
    const into = await send(remote, back(), 120n);
    expect(await remote.token.totalSupply()).to.equal(180n);
    await deliver(home, into);
    expect(await home.token.balanceOf(home.holder.address)).to.equal(9_820n);
    expect(await home.token.balanceOf(home.bridgeAt)).to.equal(180n);
  });

  it("attack 30: attested is not moved: only the registered counterpart's payload counts", async () => {
    const genuine = await send(home, there(), 5n);
    const forged = transferPayload(interoperable(home.chainId, home.holder.address), remote.holder.address, 900n);
    const sender = interoperable(home.chainId, home.stranger.address);
    const message = { ...genuine, sendId: toBeHex(77, 32), sender, payload: forged };
    await expect(deliver(remote, message))
      .to.be.revertedWithCustomError(remote.bridge, "ERC7786RecipientUnauthorizedGateway")
      .withArgs(remote.gatewayAt, sender);
    expect(await remote.token.totalSupply()).to.equal(0n);
  });

  it("attack 31: takes no message from another gateway, another sender or another chain", async () => {
    const sender = interoperable(home.chainId, home.bridgeAt);
    const payload = transferPayload(sender, remote.holder.address, 1n);
    await expect(remote.bridge.connect(remote.stranger).receiveMessage(id("x"), sender, payload))
      .to.be.revertedWithCustomError(remote.bridge, "ERC7786RecipientUnauthorizedGateway")
      .withArgs(remote.stranger.address, sender);
    const message = await send(home, there(), 5n);
    const elsewhere = { ...message, sourceChain: 5n, sender: interoperable(5n, home.bridgeAt) };
    await expect(deliver(remote, elsewhere))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeGatewayUnknownChain")
      .withArgs(5n);
  });

  it("refuses a recipient that is not 20 bytes, from a counterpart gone wrong, and value", async () => {
    const { ethers } = remote.connection;
    await remote.connection.networkHelpers.impersonateAccount(remote.gatewayAt);
    await remote.connection.networkHelpers.setBalance(remote.gatewayAt, 10n ** 18n);
    const bridge = remote.bridge.connect(await ethers.getSigner(remote.gatewayAt));
    const sender = interoperable(home.chainId, home.bridgeAt);
    for (const to of ["0x1234", concat([remote.holder.address, "0x00"])]) {
      await expect(bridge.receiveMessage(id("x"), sender, transferPayload("0x", to, 1n)))
        .to.be.revertedWithCustomError(bridge, "GuardedBridgeRecipientRefused")
        .withArgs(to);
    }
    const good = transferPayload("0x", remote.holder.address, 1n);
    await expect(bridge.receiveMessage(id("x"), sender, good, { value: 3n }))
      .to.be.revertedWithCustomError(bridge, "GuardedBridgeValueRefused")
      .withArgs(3n);
  });

  it("attack 34: paused on either side nothing mints or leaves, and the same message arrives afterwards", async () => {
    const message = await send(home, there(), 5n);
    for (const brake of [remote.bridge, remote.gateway]) {
      await expect(brake.connect(remote.stranger).pause()).to.be.revertedWithCustomError(
        brake,
        "AccessManagedUnauthorized",
      );
      await brake.pause();
      await expect(deliver(remote, message)).to.be.revertedWithCustomError(brake, "EnforcedPause");
      await expect(brake.connect(remote.stranger).unpause()).to.be.revertedWithCustomError(
        brake,
        "AccessManagedUnauthorized",
      );
      await brake.unpause();
    }
    for (const brake of [home.bridge, home.gateway]) {
      await brake.pause();
      await expect(send(home, there(), 1n)).to.be.revertedWithCustomError(brake, "EnforcedPause");
      await brake.unpause();
    }
    await deliver(remote, message);
    expect(await remote.token.totalSupply()).to.equal(5n);
  });

  it("attack 34: more than the other side's limit waits for the limit to be raised", async () => {
    await remote.bridge.setLimits(1_000n, 400n, 3_600n);
    const message = await send(home, there(), 500n);
    await expect(deliver(remote, message)).to.be.revertedWithCustomError(remote.bridge, "RateLimitExceeded");
    await remote.connection.networkHelpers.time.increase(100_000);
    await expect(deliver(remote, message)).to.be.revertedWithCustomError(remote.bridge, "RateLimitExceeded");
    await remote.bridge.setLimits(1_000n, 500n, 3_600n);
    await deliver(remote, message);
    expect(await remote.token.totalSupply()).to.equal(500n);
  });

  it("attack 34: a change of committee leaves messages under way deliverable, by the new one's signatures only", async () => {
    const message = await send(home, there(), 5n);
    const old = signMessage(remote, message);
    const fresh = accounts("fresh", 10);
    for (const one of members) await remote.committee.getFunction("set")(one.address, 0n);
    for (const one of fresh) await remote.committee.getFunction("set")(one.address, 100n);
    await expect(deliver(remote, message, old)).to.be.revertedWithCustomError(remote.gateway, "CommitteeQuorumMissing");
    await deliver(remote, message, signMessage(remote, message, fresh));
    expect(await remote.token.totalSupply()).to.equal(5n);
  });

  it("lets only governance connect and limit, within bounds and to something new", async () => {
    const { bridge } = home;
    const outsider = bridge.connect(home.stranger);
    const link = interoperable(5n, home.stranger.address);
    for (const call of [() => outsider.setLimits(1n, 1n, 3_600n), () => outsider.setLink(home.gateway, link)]) {
      await expect(call())
        .to.be.revertedWithCustomError(bridge, "AccessManagedUnauthorized")
        .withArgs(home.stranger.address);
    }
    for (const window of [3_599n, 30n * 86_400n + 1n]) {
      await expect(bridge.setLimits(1n, 2n, window))
        .to.be.revertedWithCustomError(bridge, "GuardedBridgeLimitsOutOfBounds")
        .withArgs(1n, 2n, window);
    }
    await expect(bridge.setLimits(1_000n, 1_000n, 3_600n)).to.be.revertedWithCustomError(
      bridge,
      "GuardedBridgeNoChange",
    );
    for (const limits of [
      [999n, 1_000n, 3_600n],
      [999n, 998n, 3_600n],
      [999n, 998n, 30n * 86_400n],
    ] as const) {
      await expect(bridge.setLimits(...limits))
        .to.emit(bridge, "LimitsSet")
        .withArgs(...limits);
      expect(await bridge.limits()).to.deep.equal([...limits]);
    }
    expect(await remote.bridge.token()).to.equal(await remote.token.getAddress());
    expect(await home.bridge.token()).to.equal(await home.token.getAddress());
  });
});
