import { id, ZeroHash } from "ethers";
import { batchOf, committeeSign, hashBatch, type Batch } from "../../test/support/contracts/batches.ts";
import { encodeItems, signDeal, type Account, type Signed } from "../../test/support/contracts/deals.ts";
import { EVER, gasOf, keys, type Scene } from "./scene.ts";

const PARTITION = id("partition");
const GAS_MAX = 2 ** 24;
const ALLOWED = 2n ** 256n - 1n;

async function submit(scene: Scene, items: string, inputs: readonly string[]): Promise<number> {
  const seq = await scene.ledger.next(PARTITION);
  const prev = seq === 0n ? ZeroHash : await scene.ledger.chainHead(PARTITION);
  const batch: Batch = batchOf({ partition: PARTITION, seq, prev }, inputs, items);
  const sigs = committeeSign(hashBatch(scene.headers, batch), scene.signers);
  return gasOf(scene.ledger.submit(batch, items, sigs, { gasLimit: GAS_MAX }));
}

/** A header over `count` inputs, after the partition has some: the cost hardly knows the count. */
export async function notarize(scene: Scene, count: number): Promise<number> {
  await submit(scene, "0x", [id("first")]);
  await submit(scene, "0x", [id("second")]);
  return submit(
    scene,
    "0x",
    Array.from({ length: count }, (_, index) => id(`input ${index.toString()}`)),
  );
}

/** Payers with tokens and an allowance, set up by writing state: only what follows is measured. */
async function fund(scene: Scene, payers: readonly Account[], amount: bigint): Promise<void> {
  const { networkHelpers, ethers } = scene.connection;
  for (const payer of payers) {
    if (amount > 0n) await scene.token.transfer(payer.address, amount);
    await networkHelpers.setBalance(payer.address, 10n ** 18n);
    await networkHelpers.impersonateAccount(payer.address);
    const signer = await ethers.getSigner(payer.address);
    await scene.token.connect(signer).approve(scene.engineAt, ALLOWED);
  }
}

export interface Crowd {
  readonly payers: Account[];
  readonly payees: string[];
}

/** `count` payers, each paying another payee; without tokens every one of them fails. */
export async function gather(scene: Scene, options: { name: string; count: number; amount: bigint }): Promise<Crowd> {
  const payers = keys(`${options.name} payer`, options.count);
  await fund(scene, payers, options.amount);
  return { payers, payees: keys(`${options.name} payee`, options.count).map((one) => one.address) };
}

export const head = ({ payers, payees }: Crowd, count: number): Crowd => ({
  payers: payers.slice(0, count),
  payees: payees.slice(0, count),
});

export const tail = ({ payers, payees }: Crowd, count: number): Crowd => ({
  payers: payers.slice(-count),
  payees: payees.slice(-count),
});

/** One deal of one leg for each payer of the crowd, all in one batch. Nonces decide whether words are fresh. */
export async function settle(scene: Scene, crowd: Crowd, nonce: bigint): Promise<number> {
  const items = crowd.payers.map((payer, index): Signed => {
    const leg = { token: scene.tokenAt, from: payer.address, to: crowd.payees[index] ?? "", amount: 10n ** 18n };
    const terms = id(`terms ${index.toString()} ${nonce.toString()}`);
    return signDeal(scene.deals, { terms, validAfter: 0n, validUntil: EVER, nonce, legs: [leg] }, [payer]);
  });
  const inputs = items.map((item) => item.deal.terms);
  return submit(scene, encodeItems(items), inputs);
}

/** What the token itself asks for a transfer by allowance, without the transaction around it. */
export async function bareTransfer(scene: Scene, crowd: Crowd): Promise<number> {
  const { ethers } = scene.connection;
  const [payer, payee] = [crowd.payers[0], crowd.payees[0]];
  if (payer === undefined || payee === undefined) throw new Error("an empty crowd");
  const spender = await ethers.getSigner(payer.address);
  await scene.token.connect(spender).approve(scene.admin.address, ALLOWED);
  const call = scene.token.interface.encodeFunctionData("transferFrom", [payer.address, payee, 10n ** 18n]);
  const used = await gasOf(scene.token.transferFrom(payer.address, payee, 10n ** 18n));
  const bytes = Buffer.from(call.slice(2), "hex");
  const data = bytes.reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);
  return used - 21_000 - data;
}
