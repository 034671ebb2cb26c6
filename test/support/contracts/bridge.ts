import { AbiCoder, concat, getBytes, TypedDataEncoder, toBeHex, type TypedDataDomain } from "ethers";
import { committeeSign } from "./batches.ts";
import type { Account } from "./deals.ts";
import { accounts, connect, type MockToken } from "./notary.ts";

export interface Message {
  readonly sourceChain: bigint;
  readonly sourceGateway: string;
  readonly sendId: string;
  readonly sender: string;
  readonly recipient: string;
  readonly payload: string;
}

export const messageTypes = {
  Message: [
    { name: "sourceChain", type: "uint256" },
    { name: "sourceGateway", type: "address" },
    { name: "sendId", type: "bytes32" },
    { name: "sender", type: "bytes" },
    { name: "recipient", type: "bytes" },
    { name: "payload", type: "bytes" },
  ],
};

/** ERC-7930 bytes of an EVM account: version, chain type, chain reference, account. */
export function interoperable(chainId: bigint, account: string): string {
  const reference = toBeHex(chainId);
  return concat(["0x00010000", toBeHex(getBytes(reference).length, 1), reference, "0x14", account]);
}

export const gatewayDomain = (chainId: bigint, gateway: string): TypedDataDomain => ({
  name: "CommitteeGateway",
  version: "1",
  chainId,
  verifyingContract: gateway,
});

export const transferPayload = (from: string, to: string, amount: bigint): string =>
  AbiCoder.defaultAbiCoder().encode(["bytes", "bytes", "uint256"], [from, to, amount]);

const HOME_CHAIN = 31_337n;
const REMOTE_CHAIN = 31_338n;
export const members = accounts("member", 10);
const LIMIT = 1_000n;
const WINDOW_S = 3_600n;

/** Gateway, committee and token bridge of one of the two chains. */
async function openSide(chainId: bigint, isHome: boolean) {
  const { network } = await import("hardhat");
  const connection = isHome ? await connect() : await network.create({ override: { chainId: Number(chainId) } });
  const { ethers } = connection;
  const [admin, holder, stranger] = await ethers.getSigners();
  if (admin === undefined || holder === undefined || stranger === undefined) throw new Error("no signers");
  const authority = await ethers.deployContract("AccessManager", [admin.address]);
  const keys = members.map((one) => one.address);
  const committee = await ethers.deployContract("FixedCommittee", [keys, 6_700n, 3n]);
  const gateway = await ethers.deployContract("CommitteeGateway", [authority, committee]);
  const next = ethers.getCreateAddress({ from: admin.address, nonce: (await admin.getNonce()) + 1 });
  const token = isHome ? await ethers.deployContract("PlainToken") : await ethers.deployContract("RemoteToken", [next]);
  const bridge = isHome
    ? await ethers.deployContract("HomeBridge", [authority, token])
    : await ethers.deployContract("RemoteBridge", [authority, token]);
  const gatewayAt = await gateway.getAddress();
  return {
    connection,
    chainId,
    admin,
    holder,
    stranger,
    authority,
    committee,
    gateway,
    gatewayAt,
    token: token as unknown as MockToken,
    bridge,
    bridgeAt: await bridge.getAddress(),
    domain: gatewayDomain(chainId, gatewayAt),
  };
}

export type Side = Awaited<ReturnType<typeof openSide>>;

/** Two chains with different ids, each knowing gateway and bridge of the other; limits open at 1,000 an hour. */
export async function openBridge() {
  const home = await openSide(HOME_CHAIN, true);
  const remote = await openSide(REMOTE_CHAIN, false);
  for (const [here, there] of [
    [home, remote],
    [remote, home],
  ] as const) {
    await here.gateway.setRemote(there.chainId, there.gatewayAt);
    await here.gateway.setSender(here.bridge, true);
    await here.bridge.setLink(here.gateway, interoperable(there.chainId, there.bridgeAt));
    await here.bridge.setLimits(LIMIT, LIMIT, WINDOW_S);
  }
  await home.token.mint(home.holder.address, 10_000n);
  await home.token.connect(home.holder).approve(home.bridgeAt, 2n ** 256n - 1n);
  return { home, remote };
}

/** The message as the committee would see it, after a send on `from`. */
export async function lastMessage(from: Side): Promise<Message> {
  const [event] = (await from.gateway.queryFilter(from.gateway.filters.MessageSent(), -1)).slice(-1);
  if (event === undefined) throw new Error("nothing was sent");
  const { sendId, sender, recipient, payload } = event.args;
  return { sourceChain: from.chainId, sourceGateway: from.gatewayAt, sendId, sender, recipient, payload };
}

export const signMessage = (to: Side, message: Message, signers: readonly Account[] = members.slice(0, 7)): string =>
  committeeSign(TypedDataEncoder.hash(to.domain, messageTypes, message), signers);

/** Delivers with seven signatures unless told otherwise; anyone may. */
export const deliver = (to: Side, message: Message, sigs = signMessage(to, message)) =>
  to.gateway.connect(to.stranger).deliver(message.sendId, message.sender, message.recipient, message.payload, sigs);

/** Sends over the bridge and hands the message back. */
export async function send(from: Side, to: { chainId: bigint; account: string }, amount: bigint): Promise<Message> {
  await from.bridge.connect(from.holder).crosschainTransfer(interoperable(to.chainId, to.account), amount);
  return lastMessage(from);
}
