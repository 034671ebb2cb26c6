import { expect } from "chai";
import { AbiCoder, concat, id, keccak256, ZeroAddress, ZeroHash } from "ethers";
import { batchOf, committeeSign, hashBatch, inputTree, treeOf, type Batch } from "../../support/contracts/batches.ts";
import { deliver, interoperable, lastMessage, openBridge, type Side } from "../../support/contracts/bridge.ts";
import { ledgerDomain } from "../../support/contracts/batches.ts";
import { account, accounts } from "../../support/contracts/notary.ts";

const PARTITION = id("partition");
const coder = AbiCoder.defaultAbiCoder();
const headerLeaf = (headerHash: string, outcomeRoot: string) =>
  keccak256(keccak256(coder.encode(["uint256", "bytes32", "bytes32"], [4, headerHash, outcomeRoot])));
const members = accounts("member", 10);

async function openMirrors() {
  const { home, remote } = await openBridge();
  const { ethers } = home.connection;
  const any = home.stranger.address;
  const ledger = await ethers.deployContract("NotaryLedger", [home.authority, home.committee, any, any]);
  const here = await ethers.deployContract("CommitmentMirror", [home.authority, ledger]);
  const there = await remote.connection.ethers.deployContract("CommitmentMirror", [remote.authority, ZeroAddress]);
  await home.gateway.setSender(here, true);
  await remote.gateway.setSender(there, true);
  await here.setLink(home.gateway, interoperable(remote.chainId, await there.getAddress()));
  await there.setLink(remote.gateway, interoperable(home.chainId, await here.getAddress()));
  return { home, remote, ledger, here, there };
}

describe("headers of one chain, proved on another", () => {
  let scene: Awaited<ReturnType<typeof openMirrors>>;
  let home: Side;
  let remote: Side;

  beforeEach(async () => {
    scene = await openMirrors();
    ({ home, remote } = scene);
  });

  const notarize = async (inputs: readonly string[]): Promise<{ batch: Batch; headerHash: string }> => {
    const { ledger } = scene;
    const seq = await ledger.next(PARTITION);
    const batch = batchOf({ partition: PARTITION, seq, prev: await ledger.chainHead(PARTITION) }, inputs, "0x");
    const headerHash = hashBatch(ledgerDomain(home.chainId, await ledger.getAddress()), batch);
    await ledger.submit(batch, "0x", committeeSign(headerHash, members.slice(0, 7)));
    return { batch, headerHash };
  };
  const share = (seqs: bigint[]) =>
    scene.here.connect(home.stranger).share(
      remote.chainId,
      seqs.map(() => PARTITION),
      seqs,
    );

  it("refuses to share nothing, too much, uneven lists, empty places and voided batches", async () => {
    const { here, ledger } = scene;
    for (const [partitions, seqs] of [
      [[], []],
      [[PARTITION], []],
      [Array<string>(257).fill(PARTITION), Array<bigint>(257).fill(0n)],
    ] as const) {
      await expect(here.share(remote.chainId, [...partitions], [...seqs]))
        .to.be.revertedWithCustomError(here, "CommitmentMirrorCount")
        .withArgs(partitions.length, seqs.length, 256n);
    }
    await expect(share([0n]))
      .to.be.revertedWithCustomError(here, "CommitmentMirrorNothingThere")
      .withArgs(PARTITION, 0n);
    await ledger.voidBatch(batchOf({ partition: PARTITION, seq: 0n, prev: ZeroHash }, [id("a")], "0xdead"));
    await expect(share([0n])).to.be.revertedWithCustomError(here, "CommitmentMirrorNothingThere");
    await expect(scene.there.share(home.chainId, [PARTITION], [0n])).to.be.revertedWithCustomError(
      scene.there,
      "CommitmentMirrorNoLedger",
    );
  });

  it("proves inputs of shared headers there, and nothing else", async () => {
    const { here, there, ledger } = scene;
    const batches = [];
    for (const name of ["a", "b", "c"]) batches.push(await notarize([id(name), id(`${name}2`), id(`${name}3`)]));
    const tree = treeOf(batches.map(({ headerHash }) => headerLeaf(headerHash, ZeroHash)));
    await expect(share([0n, 1n, 2n])).to.emit(here, "HeadersShared");
    const message = await lastMessage(home);
    await expect(deliver(remote, message))
      .to.emit(there, "HeadersMirrored")
      .withArgs(await remote.gateway.hashMessage(message), home.chainId, tree.root, await ledger.getAddress());
    const { batch, headerHash } = batches[1]!;
    const [header, input] = [tree.getProof(1), inputTree([id("b"), id("b2"), id("b3")]).getProof(0)];
    const verify = (
      b: Batch,
      root = tree.root,
      chain = home.chainId,
      outcome = ZeroHash,
      steps = input,
      what = id("b"),
    ) => there.verifyInput(chain, root, outcome, header, b, steps, what);
    expect(await verify(batch)).to.equal(true);
    expect(await verify({ ...batch, seq: 2n })).to.equal(false);
    expect(await verify(batch, id("x"))).to.equal(false);
    expect(await verify(batch, tree.root, 5n)).to.equal(false);
    expect(await verify(batch, tree.root, home.chainId, id("x"))).to.equal(false);
    expect(await verify(batch, tree.root, home.chainId, ZeroHash, [...input, ZeroHash])).to.equal(false);
    expect(await verify(batch, tree.root, home.chainId, ZeroHash, input, id("b2"))).to.equal(false);
    expect(await there.verifyHeader(home.chainId, tree.root, ZeroHash, header, headerHash)).to.equal(true);
    const long = Array<string>(9).fill(ZeroHash);
    expect(await there.verifyHeader(home.chainId, tree.root, ZeroHash, long, headerHash)).to.equal(false);
  });

  it("proves no input of a header that counts none, whatever root it names", async () => {
    const { there, ledger } = scene;
    await notarize([id("a")]);
    await share([0n]);
    const message = await lastMessage(home);
    const at = await ledger.getAddress();
    const place = { partition: PARTITION, seq: 1n, prev: await ledger.headerAt(PARTITION, 0n) };
    const countless = { ...batchOf(place, [id("b")], "0x"), count: 0n };
    const headerHash = hashBatch(ledgerDomain(home.chainId, at), countless);
    const root = headerLeaf(headerHash, ZeroHash);
    const payload = coder.encode(["address", "bytes32", "uint256"], [at, root, 1n]);
    await deliver(remote, { ...message, payload });
    expect(await there.verifyHeader(home.chainId, root, ZeroHash, [], headerHash)).to.equal(true);
    const proves = there.verifyInput(home.chainId, root, ZeroHash, [], countless, [], id("b"));
    expect(await proves).to.equal(false);
  });

  it("keeps the first arrival of a root", async () => {
    const { there, ledger } = scene;
    await notarize([id("a")]);
    await share([0n]);
    await deliver(remote, await lastMessage(home));
    const root = headerLeaf(await ledger.headerAt(PARTITION, 0n), ZeroHash);
    const first = await there.mirrored(home.chainId, root);
    expect(first[0]).to.equal(await ledger.getAddress());
    expect(first[1]).to.be.greaterThan(0n);
    await home.connection.networkHelpers.time.increase(100);
    await remote.connection.networkHelpers.time.increase(100);
    await share([0n]);
    await deliver(remote, await lastMessage(home));
    expect(await there.mirrored(home.chainId, root)).to.deep.equal(first);
  });

  it("attack 30: takes roots from its counterpart only, in the one form they have", async () => {
    const { there } = scene;
    await notarize([id("a")]);
    await share([0n]);
    const message = await lastMessage(home);
    const forged = { ...message, sender: interoperable(home.chainId, home.stranger.address) };
    await expect(deliver(remote, forged)).to.be.revertedWithCustomError(there, "ERC7786RecipientUnauthorizedGateway");
    const ledger = await scene.ledger.getAddress();
    const encode = (at: string, root: string) => coder.encode(["address", "bytes32", "uint256"], [at, root, 1n]);
    for (const payload of [
      concat([message.payload, "0x00"]),
      "0x",
      encode(ZeroAddress, id("r")),
      encode(ledger, ZeroHash),
    ]) {
      await expect(deliver(remote, { ...message, payload }))
        .to.be.revertedWithCustomError(there, "CommitmentMirrorBadPayload")
        .withArgs(payload);
    }
  });

  it("pauses both ways and is connected by governance", async () => {
    const { here, there } = scene;
    await notarize([id("a")]);
    await share([0n]);
    const message = await lastMessage(home);
    const outsider = here.connect(home.stranger);
    const link = interoperable(9n, account("x").address);
    for (const call of [() => outsider.pause(), () => outsider.unpause(), () => outsider.setLink(home.gateway, link)]) {
      await expect(call()).to.be.revertedWithCustomError(here, "AccessManagedUnauthorized");
    }
    await here.pause();
    await there.pause();
    await expect(share([0n])).to.be.revertedWithCustomError(here, "EnforcedPause");
    await expect(deliver(remote, message)).to.be.revertedWithCustomError(there, "EnforcedPause");
    await here.unpause();
    await there.unpause();
    await deliver(remote, message);
    await expect(here.setLink(home.gateway, concat([link, "0x00"]))).to.be.revertedWithCustomError(
      here,
      "EvmAddressNotCanonical",
    );
    expect(await here.homeLedger()).to.equal(await scene.ledger.getAddress());
    await remote.connection.networkHelpers.impersonateAccount(remote.gatewayAt);
    await remote.connection.networkHelpers.setBalance(remote.gatewayAt, 10n ** 18n);
    const gateway = await remote.connection.ethers.getSigner(remote.gatewayAt);
    await expect(there.connect(gateway).receiveMessage(id("x"), message.sender, message.payload, { value: 1n }))
      .to.be.revertedWithCustomError(there, "CommitmentMirrorValueRefused")
      .withArgs(1n);
  });
});
