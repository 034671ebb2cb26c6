import { ascii, fromHex, toHex } from "../protocol/bytes.ts";
import { openAnchors } from "./adapters/viem/anchors.ts";
import { noteAside } from "./aside.ts";
import { startAudits, type Audits } from "./cluster/audits.ts";
import { untilReplaced } from "./cluster/behind.ts";
import type { Asking } from "./cluster/asking.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { answerAudits } from "./cluster/reports.ts";
import type { Config } from "./config.ts";
import type { Ground } from "./ground.ts";
import { fetchSnapshot, lacking } from "./joining.ts";
import { keys } from "./midc/keys.ts";
import { decodeBatch, decodeBatchHead } from "./midc/rows.ts";
import { ledgerPartition } from "./notary/notary.ts";
import { systemClock } from "./ops/clock.ts";
import type { Ledger, LogStart, StateView } from "./ports.ts";

/** How long an answer may take to leave this node before it closes. */
const HEARD_MS = 200;
/** Batches of a partition that are compared with the chain, the newest ones. */
const BATCHES_COMPARED = 1_000;

/** Makes this node answer audits and, when it is its turn, run them. Undefined for a node that stands alone. */
export function openAudits(
  config: Config,
  { audited, cluster, stores, replica }: Ground,
  ports: {
    readonly ledger: Pick<Ledger, "find">;
    readonly onFault: (error: unknown) => void;
  },
): (Audits & { readonly over: Promise<undefined> }) | undefined {
  if (audited === undefined || cluster === undefined) return undefined;
  const { asking, engine, frozen, keeper, members, snapshots, supplies, aside } = audited;
  const { state: view, journal, keyring } = stores;
  const tag = ascii(config.MIDCHAIN_NETWORK);
  const batches = async (partition: number) => {
    const { next } = decodeBatchHead(view.get(keys.batchHead(partition)));
    const [held, onChain] = [new Map<number, string>(), new Map<number, string>()];
    for (let seq = Math.max(0, next - BATCHES_COMPARED); seq < next; seq += 1) {
      const row = view.get(keys.batch(partition, seq));
      if (row !== undefined) held.set(seq, toHex(decodeBatch(row).headerHash));
      const found = await ports.ledger.find(ledgerPartition(tag, partition), BigInt(seq));
      if (found !== undefined) onChain.set(seq, toHex(found.headerHash));
    }
    return { held, onChain };
  };
  const snapshotOf = (partition: number): number | undefined => snapshots.newest()?.manifest.partitions[partition]?.seq;
  const node = toHex(keyring.nodeId);
  const over = Promise.withResolvers<undefined>();
  const setAside = (): void => {
    noteAside(config.MIDCHAIN_DATA_DIR, replica.partitions);
    void systemClock.sleep(HEARD_MS).then(() => {
      over.resolve(undefined);
    });
  };
  const here = { node, view, frozen, supplies, keeper, journal, members, replica, aside };
  answerAudits(asking, { ...here, batches, snapshotOf, setAside });
  const audits = startAudits({
    asking,
    engine,
    keeper,
    view,
    members,
    onFault: ports.onFault,
    partitions: replica.partitions,
    clock: systemClock,
    isSteward: cluster.isSteward,
    mayRepair: config.MIDCHAIN_REPAIR === "yes",
    window: {
      keepRecords: config.MIDCHAIN_LOG_KEEP_RECORDS,
      // A log that is full refuses: half of that is more than it may ever keep.
      bytesMax: Math.min(config.MIDCHAIN_LOG_KEEP_BYTES, config.MIDCHAIN_NATS_LOG_BYTES / 2),
    },
    awayMs: config.MIDCHAIN_TRIM_AWAY_MINUTES * 60_000,
  });
  const behind = replaceWhenBehind(config, { view, asking, cluster }, ports.onFault);
  const stop = (): Promise<void> => {
    behind.stop();
    return audits.stop();
  };
  return { ...audits, stop, over: Promise.race([over.promise, behind.replaced]) };
}

/** `replaced` resolves when another state waits for the next start, because the logs went on without this one. */
function replaceWhenBehind(
  config: Config,
  { view, asking, cluster }: { readonly view: StateView; readonly asking: Asking; readonly cluster: Cluster },
  onFault: (error: unknown) => void,
): { readonly replaced: Promise<undefined>; readonly stop: () => void } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const anchors = openAnchors(config.MIDCHAIN_RPC_URLS, fromHex(config.MIDCHAIN_LEDGER) ?? new Uint8Array(20));
  const logs = (): readonly LogStart[] =>
    cluster.view().partitions.map(({ partition, first }) => ({ partition, first: first ?? 1 }));
  const replaced = Promise.withResolvers<undefined>();
  void untilReplaced(
    {
      lacking: () => lacking(view, logs()),
      fetch: (lacked) => fetchSnapshot(config, lacked, { view, asking, anchors, signal }),
      clock: systemClock,
      onFault,
    },
    signal,
  ).then((isReplaced) => {
    if (isReplaced) replaced.resolve(undefined);
  });
  return {
    replaced: replaced.promise,
    stop() {
      stopping.abort();
    },
  };
}
