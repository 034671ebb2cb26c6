import { Worker } from "node:worker_threads";
import { Fault } from "../errors.ts";
import { createPace } from "../ops/pace.ts";
import type { Clock } from "../ports.ts";

/** Recovers who signed a digest; undefined for a signature nobody made. Checks are batched over worker threads. */
export interface Signatures {
  readonly recover: (digest: Uint8Array, signature: Uint8Array) => Promise<Uint8Array | undefined>;
  /** Processor time of the threads so far. */
  readonly cpuSeconds: () => number;
  readonly stop: () => Promise<void>;
}

const ITEM_BYTES = 97;
const BATCH_ITEMS_MAX = 256;
/** Under load a lane is woken this often at most: waking a thread costs as much as several checks. */
const GATHER_MS = 4;
const WAITING_MAX = 50_000;

interface Waiting {
  readonly item: Uint8Array;
  readonly resolve: (account: Uint8Array | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly worker: Worker;
  /** The batch under way; one at a time, so that the next one grows meanwhile. */
  busy: readonly Waiting[] | undefined;
  cpuUs: number;
}

export function startSignatures(threads: number, clock: Pick<Clock, "now" | "sleep">): Signatures {
  let waiting: Waiting[] = [];
  let stopped = false;

  const answer = (lane: Lane, accounts: Uint8Array): void => {
    for (const [i, { resolve }] of (lane.busy ?? []).entries()) {
      const account = accounts.slice(i * 20, (i + 1) * 20);
      resolve(account.some((byte) => byte !== 0) ? account : undefined);
    }
    lane.busy = undefined;
    if (waiting.length > 0) pace.ask();
  };
  const startLane = (): Lane => {
    const lane: Lane = { worker: new Worker(new URL("recover.worker.ts", import.meta.url)), busy: undefined, cpuUs: 0 };
    lane.worker.on("message", ({ accounts, cpuUs }: { accounts: Uint8Array; cpuUs: number }) => {
      lane.cpuUs = cpuUs;
      answer(lane, accounts);
    });
    lane.worker.on("error", (error) => {
      for (const { reject } of lane.busy ?? []) reject(error);
      lane.busy = undefined;
      if (!stopped) lanes.splice(lanes.indexOf(lane), 1, startLane());
    });
    lane.worker.unref();
    return lane;
  };
  const pace = createPace(clock, GATHER_MS, pump);
  const lanes = Array.from({ length: threads }, startLane);

  function pump(): void {
    for (const lane of lanes) {
      if (lane.busy !== undefined || waiting.length === 0) continue;
      lane.busy = waiting.slice(0, BATCH_ITEMS_MAX);
      waiting = waiting.slice(BATCH_ITEMS_MAX);
      const items = new Uint8Array(lane.busy.length * ITEM_BYTES);
      for (const [i, { item }] of lane.busy.entries()) items.set(item, i * ITEM_BYTES);
      lane.worker.postMessage({ items }, [items.buffer]);
    }
  }

  return {
    recover(digest, signature) {
      if (signature.length !== 65) return Promise.resolve(undefined);
      if (waiting.length >= WAITING_MAX) return Promise.reject(new Fault("QUEUE_FULL", "signatures"));
      const item = new Uint8Array(ITEM_BYTES);
      item.set(digest);
      item.set(signature, 32);
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        pace.ask();
      });
    },
    cpuSeconds: () => lanes.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / 1e6,
    async stop() {
      stopped = true;
      pace.stop();
      await Promise.all(lanes.map((lane) => lane.worker.terminate()));
    },
  };
}
