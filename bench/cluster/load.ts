import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { ClusterStack } from "../../scripts/local/cluster.ts";
import type { LoadNetwork } from "../pipeline/requests.ts";

interface Fired {
  readonly count: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** The pipeline's load generator, one at each relayer. */
export async function openLoad(
  { relayers }: Pick<ClusterStack, "relayers">,
  plan: { readonly network: LoadNetwork; readonly users: number; readonly requests: number },
) {
  const share = Math.ceil(plan.requests / relayers.length);
  const workers = await Promise.all(
    relayers.map(async ({ url, dataDir }) => {
      const workerData = {
        ...{ url, network: plan.network, users: plan.users, active: plan.users, requests: share, pay: false },
        keyFile: join(dataDir, "keys.json"),
      };
      const worker = new Worker(new URL("../pipeline/load.worker.ts", import.meta.url), { workerData });
      await heard(worker);
      return worker;
    }),
  );
  return {
    async fire(order: { readonly count: number; readonly inFlight: number }) {
      const fired = await Promise.all(
        workers.map((worker) => {
          const said = heard(worker);
          const part = (whole: number): number => Math.ceil(whole / workers.length);
          worker.postMessage({ count: part(order.count), inFlight: part(order.inFlight) });
          return said as Promise<Fired>;
        }),
      );
      const count = fired.reduce((sum, one) => sum + one.count, 0);
      const elapsedMs = Math.max(...fired.map((one) => one.elapsedMs));
      const failures: Record<string, number> = {};
      for (const one of fired)
        for (const [status, times] of Object.entries(one.failures)) failures[status] = (failures[status] ?? 0) + times;
      const worst = (of: (one: Fired) => number): number => Math.max(...fired.map(of));
      return {
        perSecond: (count * 1_000) / elapsedMs,
        p50Ms: worst((f) => f.p50Ms),
        p99Ms: worst((f) => f.p99Ms),
        failures,
      };
    },
    stop: () => Promise.all(workers.map((worker) => worker.terminate())),
  };
}

const heard = (worker: Worker): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
