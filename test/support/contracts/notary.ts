import {
  getCreateAddress,
  id,
  Wallet,
  ZeroHash,
  type Addressable,
  type ContractRunner,
  type ContractTransactionReceipt,
  type ContractTransactionResponse,
  type Interface,
} from "ethers";
import { network } from "hardhat";
import { batchOf, committeeSign, hashBatch, ledgerDomain, type Batch, type Outcome } from "./batches.ts";
import { encodeItems, engineDomain, signDeal, type Account, type Deal, type Leg, type Signed } from "./deals.ts";

export const PARTITION = id("partition");
export const FAR = 2n ** 48n - 1n;

/** What tests ask of the tokens under test/contracts/mocks, for which no types are generated. */
export interface MockToken extends Addressable {
  readonly interface: Interface;
  connect(runner: ContractRunner): MockToken;
  mint(to: string, amount: bigint): Promise<ContractTransactionResponse>;
  approve(spender: string, amount: bigint): Promise<ContractTransactionResponse>;
  balanceOf(holder: string): Promise<bigint>;
  totalSupply(): Promise<bigint>;
}

/** Deterministic keys: the same name is the same account in every test. */
export const account = (name: string): Wallet => new Wallet(id(name));
export const accounts = (name: string, count: number): Wallet[] =>
  Array.from({ length: count }, (_, index) => account(`${name} ${index.toString()}`));

export type Connection = Awaited<ReturnType<typeof network.create>>;

/** One simulated chain for a whole file; tests take snapshots of it. */
export const connect = async (): Promise<Connection> => network.create();

/** Ledger and engine wired to each other, a committee of ten equal keys that needs seven, one honest token. */
export async function deployNotary({ ethers }: Connection) {
  const [admin, relayer, stranger] = await ethers.getSigners();
  if (admin === undefined || relayer === undefined || stranger === undefined) throw new Error("no signers");
  const members = accounts("member", 10);
  const authority = await ethers.deployContract("AccessManager", [admin.address]);
  const token = (await ethers.deployContract("PlainToken")) as unknown as MockToken;
  const committee = await ethers.deployContract("FixedCommittee", [members.map((one) => one.address), 6_700n, 3n]);
  const staking = await ethers.deployContract("RecordingStaking", [token]);
  const engineAt = getCreateAddress({ from: admin.address, nonce: (await admin.getNonce()) + 1 });
  const ledger = await ethers.deployContract("NotaryLedger", [authority, committee, engineAt, staking]);
  const engine = await ethers.deployContract("SettlementEngine", [authority, ledger]);
  await engine.setToken(token, true);

  const chainId = (await ethers.provider.getNetwork()).chainId;
  const ledgerAt = await ledger.getAddress();
  return {
    admin,
    relayer,
    stranger,
    members,
    authority,
    token,
    tokenAt: await token.getAddress(),
    committee,
    staking,
    ledger,
    ledgerAt,
    engine,
    engineAt,
    chainId,
    deals: engineDomain(chainId, engineAt),
    headers: ledgerDomain(chainId, ledgerAt),
  };
}

export type Notary = Awaited<ReturnType<typeof deployNotary>>;

/** Deploys a mock under test/contracts/mocks as a token the engine may move. */
export async function listToken(connection: Connection, notary: Notary, name: string): Promise<MockToken> {
  const token = await connection.ethers.deployContract(name);
  await notary.engine.setToken(token, true);
  return token as unknown as MockToken;
}

/** Gives the account tokens and lets the engine move them; a wallet without ether cannot approve itself. */
export async function fund(connection: Connection, notary: Notary, payers: readonly Account[], amount: bigint) {
  const { networkHelpers, ethers } = connection;
  for (const payer of payers) {
    await notary.token.mint(payer.address, amount);
    await networkHelpers.setBalance(payer.address, 10n ** 18n);
    await networkHelpers.impersonateAccount(payer.address);
    const signer = await ethers.getSigner(payer.address);
    await notary.token.connect(signer).approve(notary.engineAt, 2n ** 256n - 1n);
    await networkHelpers.stopImpersonatingAccount(payer.address);
  }
}

/** A deal with defaults: open window, unique terms by nonce. */
export function dealOf(legs: Leg[], changes: Partial<Deal> = {}): Deal {
  const nonce = changes.nonce ?? 0n;
  return { terms: id(`terms ${nonce.toString()}`), validAfter: 0n, validUntil: FAR, nonce, legs, ...changes };
}

export const sign = (notary: Notary, deal: Deal, payers: readonly Account[]): Signed =>
  signDeal(notary.deals, deal, payers);

/** The next batch of the partition with these deals in it, signed by seven members unless told otherwise. */
export async function nextBatch(
  notary: Notary,
  content: { items?: readonly Signed[]; inputs?: readonly string[]; partition?: string },
): Promise<{ batch: Batch; items: string; sigs: string; headerHash: string }> {
  const partition = content.partition ?? PARTITION;
  const items = content.items === undefined ? "0x" : encodeItems(content.items);
  const seq = await notary.ledger.next(partition);
  const prev = seq === 0n ? ZeroHash : await notary.ledger.chainHead(partition);
  const inputs = content.inputs ?? (content.items ?? []).map((item) => item.deal.terms);
  const batch = batchOf({ partition, seq, prev }, inputs, items);
  const headerHash = hashBatch(notary.headers, batch);
  return { batch, items, headerHash, sigs: committeeSign(headerHash, notary.members.slice(0, 7)) };
}

export async function mined(sent: Promise<ContractTransactionResponse>): Promise<ContractTransactionReceipt> {
  const receipt = await (await sent).wait();
  if (receipt === null) throw new Error("not mined");
  return receipt;
}

/** What the engine said about each item, in order, read back from the logs. */
export function outcomesOf(notary: Notary, receipt: ContractTransactionReceipt): Outcome[] {
  return receipt.logs.flatMap((log): Outcome[] => {
    if (log.address !== notary.engineAt) return [];
    const event = notary.engine.interface.parseLog(log);
    if (event?.name === "DealSettled") return [{ dealId: event.args["dealId"] as string, status: 1n, reason: "0x" }];
    if (event?.name !== "DealFailed") return [];
    return [
      {
        dealId: event.args["dealId"] as string,
        status: event.args["status"] as bigint,
        reason: event.args["reason"] as string,
      },
    ];
  });
}

/** Submits these items as the next batch and says what became of each. */
export async function settle(notary: Notary, items: readonly Signed[]): Promise<Outcome[]> {
  const { batch, items: bytes, sigs } = await nextBatch(notary, { items });
  const receipt = await mined(notary.ledger.connect(notary.relayer).submit(batch, bytes, sigs));
  return outcomesOf(notary, receipt);
}

/** Names of the engine's errors a submission ends with, over gas limits from far too little to plenty. */
export async function refusals(notary: Notary, call: readonly [Batch, string, string]): Promise<Set<string>> {
  const found = new Set<string>();
  for (let gasLimit = 100_000n; gasLimit < 1_200_000n; gasLimit += 10_000n) {
    const failure: unknown = await notary.ledger.submit
      .staticCall(...call, { gasLimit })
      .catch((error: unknown) => error);
    const data = (failure as { data?: unknown }).data;
    const error = typeof data === "string" && data !== "0x" ? notary.engine.interface.parseError(data) : null;
    if (error !== null) found.add(error.name);
  }
  return found;
}
