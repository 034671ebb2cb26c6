import { deliver } from "./gas/bridge.ts";
import { bareTransfer, gather, head, notarize, settle, tail } from "./gas/notary.ts";
import { build, codeSizes, openScene } from "./gas/scene.ts";

const CODE_BYTES_MAX = 24_576;
const TRANSACTION_GAS_MAX = 2 ** 24;
const DEALS = 200;
const DEALS_MAX = 256;
/** New nonce words and new balances make a deal nearly twice as dear: so many of them fit one transaction. */
const NEW_DEALS_MAX = 216;
const TOKENS = 10n ** 20n;

export interface Measure {
  readonly name: string;
  readonly unit: "gas" | "bytes";
  readonly value: number;
  /** Largest value that is good; absent when it is only told for comparison. */
  readonly goal?: number;
}

export const isMissed = (measure: Measure): boolean => measure.goal !== undefined && measure.value > measure.goal;

/** Whole-transaction receipts on the local EVM under the newest rules it knows, contracts as released. */
export async function measureGas(): Promise<Measure[]> {
  await build();
  const found: Measure[] = [];
  const gas = (name: string, value: number, goal?: number): void => {
    found.push({ name, unit: "gas", value, ...(goal === undefined ? {} : { goal }) });
  };
  const batch1024 = await notarize(await openScene(), 1_024);
  const batch4096 = await notarize(await openScene(), 4_096);
  gas("notarize a batch, 7 of 10 sign", batch1024, 115_000);
  gas("notarize, each of 1,024", batch1024 / 1_024, 115);
  gas("notarize, each of 4,096", batch4096 / 4_096, 30);

  const scene = await openScene();
  const rich = await gather(scene, { name: "rich", count: DEALS, amount: TOKENS });
  const poor = await gather(scene, { name: "poor", count: DEALS, amount: 0n });
  gas(`settle, each of ${DEALS.toString()}, all accounts new`, (await settle(scene, rich, 0n)) / DEALS);
  gas(`settle, each of ${DEALS.toString()}`, (await settle(scene, rich, 1n)) / DEALS, 40_000);
  gas("  of it: the bare transferFrom", await bareTransfer(scene, rich));
  await settle(scene, poor, 0n);
  gas(`fail, each of ${DEALS.toString()}`, (await settle(scene, poor, 1n)) / DEALS, 37_000);
  const crowd = await gather(scene, { name: "crowd", count: DEALS_MAX, amount: 0n });
  gas(`fail ${DEALS_MAX.toString()} at once, all accounts new`, await settle(scene, crowd, 0n), TRANSACTION_GAS_MAX);
  const wide = await gather(scene, { name: "wide", count: DEALS_MAX, amount: TOKENS });
  await settle(scene, head(wide, DEALS_MAX / 2), 0n);
  await settle(scene, tail(wide, DEALS_MAX / 2), 0n);
  gas(`settle ${DEALS_MAX.toString()} at once`, await settle(scene, wide, 1n), TRANSACTION_GAS_MAX);
  const fresh = await gather(scene, { name: "fresh", count: NEW_DEALS_MAX, amount: TOKENS });
  const largest = await settle(scene, fresh, 0n);
  gas(`settle ${NEW_DEALS_MAX.toString()} at once, all accounts new`, largest, TRANSACTION_GAS_MAX);
  gas("deliver a bridge message and mint, 7 of 10 sign", await deliver(scene), 150_000);

  for (const [name, value] of await codeSizes()) {
    found.push({ name: `code of ${name}`, unit: "bytes", value, goal: CODE_BYTES_MAX - 1 });
  }
  return found;
}
