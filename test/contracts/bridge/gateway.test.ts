import { expect } from "chai";
import { concat, id, toBeHex, TypedDataEncoder, ZeroAddress, ZeroHash } from "ethers";
import { hashTypedData } from "viem";
import { batchTypes, committeeSign, ledgerDomain } from "../../support/contracts/batches.ts";
import {
  deliver,
  gatewayDomain,
  interoperable,
  lastMessage,
  members,
  messageTypes,
  openBridge,
  signMessage,
  type Message,
  type Side,
} from "../../support/contracts/bridge.ts";

describe("a gateway vouched for by the committee", () => {
  let home: Side;
  let remote: Side;
  let odd: Awaited<ReturnType<Side["connection"]["ethers"]["deployContract"]>>;
  let message: Message;

  beforeEach(async () => {
    ({ home, remote } = await openBridge());
    odd = await remote.connection.ethers.deployContract("OddRecipient");
    await home.gateway.setSender(home.holder, true);
    const recipient = interoperable(remote.chainId, await odd.getAddress());
    await home.gateway.connect(home.holder).sendMessage(recipient, "0xc0ffee", []);
    message = await lastMessage(home);
  });

  it("sends for known senders only, to known chains, without value and without attributes", async () => {
    const gateway = home.gateway.connect(home.holder);
    const recipient = interoperable(remote.chainId, home.holder.address);
    await expect(home.gateway.connect(home.stranger).sendMessage(recipient, "0x", []))
      .to.be.revertedWithCustomError(gateway, "CommitteeGatewayNotSender")
      .withArgs(home.stranger.address);
    await expect(gateway.sendMessage(recipient, "0x", [], { value: 1n }))
      .to.be.revertedWithCustomError(gateway, "CommitteeGatewayValueRefused")
      .withArgs(1n);
    await expect(gateway.sendMessage(recipient, "0x", ["0x12345678"]))
      .to.be.revertedWithCustomError(gateway, "UnsupportedAttribute")
      .withArgs("0x12345678");
    await expect(gateway.sendMessage(interoperable(9n, home.holder.address), "0x", []))
      .to.be.revertedWithCustomError(gateway, "CommitteeGatewayUnknownChain")
      .withArgs(9n);
    await expect(gateway.sendMessage(concat([recipient, "0x00"]), "0x", [])).to.be.revertedWithCustomError(
      gateway,
      "EvmAddressNotCanonical",
    );
    expect(await gateway.supportsAttribute("0x12345678")).to.equal(false);
  });

  it("gives every message its own id from 1, the same message twice too", async () => {
    expect(message.sendId).to.equal(toBeHex(1, 32));
    const sender = interoperable(home.chainId, home.holder.address);
    await expect(home.gateway.connect(home.holder).sendMessage(message.recipient, "0xc0ffee", []))
      .to.emit(home.gateway, "MessageSent")
      .withArgs(toBeHex(2, 32), sender, message.recipient, "0xc0ffee", 0n, []);
    expect(await home.gateway.sent()).to.equal(2n);
    await deliver(remote, message);
    await deliver(remote, await lastMessage(home));
    expect(await odd.getFunction("count")()).to.equal(2n);
  });

  it("refuses fewer signers than its own quorum, however much weight they have", async () => {
    const sigs = signMessage(remote, message, members.slice(0, 6));
    const digest = await remote.gateway.hashMessage(message);
    await expect(deliver(remote, message, sigs))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeQuorumMissing")
      .withArgs(digest, 600n, 1_000n, 6n);
    await expect(deliver(remote, message, "0x"))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeQuorumMissing")
      .withArgs(digest, 0n, 1_000n, 0n);
    for (const one of members.slice(2)) await remote.committee.getFunction("set")(one.address, 1n);
    await expect(
      deliver(remote, message, signMessage(remote, message, members.slice(0, 2))),
    ).to.be.revertedWithCustomError(remote.gateway, "CommitteeQuorumMissing");
    for (const one of members) await remote.committee.getFunction("set")(one.address, 0n);
    await expect(deliver(remote, message))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeQuorumMissing")
      .withArgs(digest, 0n, 0n, 0n);
  });

  it("attack 5: a message of which any field differs from what was signed is not delivered", async () => {
    const sigs = signMessage(remote, message);
    const changes: Partial<Message>[] = [
      { sendId: toBeHex(2, 32) },
      { sender: interoperable(home.chainId, home.stranger.address) },
      { recipient: interoperable(remote.chainId, remote.bridgeAt) },
      { payload: "0xc0ffef" },
      { payload: "0x" },
    ];
    for (const change of changes) {
      await expect(deliver(remote, { ...message, ...change }, sigs)).to.be.revertedWithCustomError(
        remote.gateway,
        "CommitteeQuorumMissing",
      );
    }
    await remote.gateway.setRemote(home.chainId, home.stranger.address);
    await expect(deliver(remote, message, sigs)).to.be.revertedWithCustomError(
      remote.gateway,
      "CommitteeQuorumMissing",
    );
  });

  it("attack 1: a message signed for another chain, gateway or domain is not delivered", async () => {
    const domains = [
      home.domain,
      gatewayDomain(remote.chainId, home.gatewayAt),
      gatewayDomain(home.chainId, remote.gatewayAt),
      ledgerDomain(remote.chainId, remote.gatewayAt),
    ];
    // Both gateways may well have the same address: then only the chain tells them apart.
    for (const domain of domains.filter((one) => one.chainId !== remote.chainId || one.name !== "CommitteeGateway")) {
      const sigs = committeeSign(TypedDataEncoder.hash(domain, messageTypes, message), members);
      await expect(deliver(remote, message, sigs)).to.be.revertedWithCustomError(
        remote.gateway,
        "CommitteeQuorumMissing",
      );
    }
  });

  it("attack 2: the committee's signature of a batch is none of a message", async () => {
    const batch = { partition: id("p"), seq: 0n, prev: ZeroHash, root: id("r"), count: 1n, itemsHash: ZeroHash };
    for (const domain of [ledgerDomain(remote.chainId, remote.gatewayAt), remote.domain]) {
      const sigs = committeeSign(TypedDataEncoder.hash(domain, batchTypes, batch), members);
      await expect(deliver(remote, message, sigs)).to.be.revertedWithCustomError(
        remote.gateway,
        "CommitteeQuorumMissing",
      );
    }
  });

  it("refuses messages for other chains, and calldata beyond its arguments", async () => {
    const elsewhere = { ...message, recipient: interoperable(9n, remote.bridgeAt) };
    await expect(deliver(remote, elsewhere))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeGatewayWrongChain")
      .withArgs(9n);
    const { sendId, sender, recipient, payload } = message;
    const sigs = signMessage(remote, message);
    const data = remote.gateway.interface.encodeFunctionData("deliver", [sendId, sender, recipient, payload, sigs]);
    for (const bytes of [concat([data, "0x00"]), `${data.slice(0, -1)}1`, concat([data, ZeroHash])]) {
      await expect(
        remote.stranger.sendTransaction({ to: remote.gatewayAt, data: bytes }),
      ).to.be.revertedWithCustomError(remote.gateway, "CalldataNotExact");
    }
  });

  it("delivers once, says so, and hands over id and payload", async () => {
    const digest = await remote.gateway.hashMessage(message);
    expect(await remote.gateway.isDelivered(home.chainId, home.gatewayAt, message.sendId)).to.equal(false);
    await expect(deliver(remote, message))
      .to.emit(remote.gateway, "MessageDelivered")
      .withArgs(digest, home.chainId, message.sendId);
    expect(await remote.gateway.isDelivered(home.chainId, home.gatewayAt, message.sendId)).to.equal(true);
    expect([await odd.getFunction("lastId")(), await odd.getFunction("lastPayload")()]).to.deep.equal([
      digest,
      "0xc0ffee",
    ]);
    await expect(deliver(remote, message))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeGatewayAlreadyDelivered")
      .withArgs(home.chainId, message.sendId);
  });

  it("undoes a delivery its recipient refuses, so that it can be tried again", async () => {
    await odd.getFunction("setRefuses")(true);
    await expect(deliver(remote, message)).to.be.revertedWithCustomError(odd, "NotToday").withArgs(7n);
    await odd.getFunction("setRefuses")(false);
    await odd.getFunction("setAnswer")("0x00000000");
    await expect(deliver(remote, message))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeGatewayRecipientRefused")
      .withArgs(await odd.getAddress());
    await odd.getFunction("setAnswer")("0x2432ef26");
    await deliver(remote, message);
    const curt = await remote.connection.ethers.deployContract("CurtRecipient");
    for (const account of [await curt.getAddress(), remote.stranger.address]) {
      const next = { ...message, sendId: toBeHex(9, 32), recipient: interoperable(remote.chainId, account) };
      await expect(deliver(remote, next))
        .to.be.revertedWithCustomError(remote.gateway, "CommitteeGatewayRecipientRefused")
        .withArgs(account);
    }
  });

  it("attack 15: a recipient that delivers its own message again while it arrives is refused", async () => {
    const { sendId, sender, recipient, payload } = message;
    const again = remote.gateway.interface.encodeFunctionData("deliver", [
      sendId,
      sender,
      recipient,
      payload,
      signMessage(remote, message),
    ]);
    await odd.getFunction("arm")(remote.gatewayAt, again);
    await expect(deliver(remote, message)).to.be.revertedWithCustomError(
      remote.gateway,
      "CommitteeGatewayAlreadyDelivered",
    );
  });

  it("attack 33: calls nothing but receiveMessage, and holds nothing it could be talked out of", async () => {
    const { ethers } = remote.connection;
    const authority = await ethers.getContractAt("AccessManager", await remote.authority.getAddress());
    const payload = authority.interface.encodeFunctionData("grantRole", [0n, remote.stranger.address, 0]);
    const recipient = interoperable(remote.chainId, await authority.getAddress());
    await expect(deliver(remote, { ...message, recipient, payload })).to.be.revert(ethers);
    expect(await authority.hasRole(0n, remote.gatewayAt)).to.deep.equal([false, 0n]);
    expect(await remote.token.balanceOf(remote.gatewayAt)).to.equal(0n);
  });

  it("attack 34: a chain is cut off at once by the guardian and only connected by governance", async () => {
    const outsider = remote.gateway.connect(remote.stranger);
    for (const call of [
      () => outsider.cutOff(home.chainId),
      () => outsider.setRemote(home.chainId, home.gatewayAt),
      () => outsider.setSender(remote.stranger, true),
      () => outsider.setQuorum(5_001, 3),
    ]) {
      await expect(call())
        .to.be.revertedWithCustomError(outsider, "AccessManagedUnauthorized")
        .withArgs(remote.stranger.address);
    }
    await expect(remote.gateway.cutOff(home.chainId))
      .to.emit(remote.gateway, "RemoteSet")
      .withArgs(home.chainId, home.gatewayAt, ZeroAddress);
    await expect(remote.gateway.cutOff(home.chainId)).to.be.revertedWithCustomError(
      remote.gateway,
      "CommitteeGatewayNoChange",
    );
    await expect(deliver(remote, message))
      .to.be.revertedWithCustomError(remote.gateway, "CommitteeGatewayUnknownChain")
      .withArgs(home.chainId);
    await remote.gateway.setRemote(home.chainId, home.gatewayAt);
    await deliver(remote, message);
  });

  it("refuses to be connected to itself or to what it knows already", async () => {
    const { gateway } = home;
    await expect(gateway.setRemote(home.chainId, home.gatewayAt))
      .to.be.revertedWithCustomError(gateway, "CommitteeGatewayWrongChain")
      .withArgs(home.chainId);
    await expect(gateway.setRemote(remote.chainId, remote.gatewayAt)).to.be.revertedWithCustomError(
      gateway,
      "CommitteeGatewayNoChange",
    );
    await expect(gateway.setSender(home.holder, true)).to.be.revertedWithCustomError(
      gateway,
      "CommitteeGatewayNoChange",
    );
    await expect(gateway.setSender(home.holder, false))
      .to.emit(gateway, "SenderSet")
      .withArgs(home.holder.address, false);
    expect([await gateway.isSender(home.holder), await gateway.isSender(home.bridge)]).to.deep.equal([false, true]);
    expect(await gateway.remote(remote.chainId)).to.equal(remote.gatewayAt);
  });

  it("keeps its quorum above half and between 3 and 64 signers", async () => {
    const { gateway } = remote;
    expect(await gateway.quorum()).to.deep.equal([6_700n, 3n]);
    for (const [bps, signers] of [
      [5_000, 3],
      [10_001, 3],
      [6_000, 2],
      [6_000, 65],
    ] as const) {
      await expect(gateway.setQuorum(bps, signers))
        .to.be.revertedWithCustomError(gateway, "CommitteeQuorumOutOfBounds")
        .withArgs(bps, signers);
    }
    await expect(gateway.setQuorum(6_700, 3)).to.be.revertedWithCustomError(gateway, "CommitteeQuorumNoChange");
    await expect(gateway.setQuorum(6_700, 8)).to.emit(gateway, "QuorumSet").withArgs(6_700, 3, 6_700, 8);
    await expect(deliver(remote, message)).to.be.revertedWithCustomError(gateway, "CommitteeQuorumMissing");
    await gateway.setQuorum(10_000, 64);
    await gateway.setQuorum(5_001, 3);
    await deliver(remote, message, signMessage(remote, message, members.slice(0, 6)));
    expect(await gateway.committee()).to.equal(await remote.committee.getAddress());
    await expect(
      remote.connection.ethers.deployContract("CommitteeGateway", [remote.authority, ZeroAddress]),
    ).to.be.revertedWithCustomError(gateway, "CommitteeQuorumZeroAddress");
  });

  it("hashes messages like ethers and like viem", async () => {
    const domain = {
      name: "CommitteeGateway",
      version: "1",
      chainId: Number(remote.chainId),
      verifyingContract: remote.gatewayAt as `0x${string}`,
    };
    const digest = await remote.gateway.hashMessage(message);
    expect(TypedDataEncoder.hash(remote.domain, messageTypes, message)).to.equal(digest);
    expect(hashTypedData({ domain, types: messageTypes, primaryType: "Message", message: { ...message } })).to.equal(
      digest,
    );
  });
});
