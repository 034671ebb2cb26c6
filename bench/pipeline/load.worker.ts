import { parentPort, workerData } from "node:worker_threads";
import { openFileKeyring } from "../../relayer/adapters/file/keyring.ts";
import { openConnections, requestOf } from "./connections.ts";
import { loadSigner } from "./keys.ts";
import { pack } from "./packed.ts";
import { loadChainId, requestMaker, type LoadNetwork, type LoadUser } from "./requests.ts";

/** The load generator: signs everything first, waits for `go`, then posts. Told by messages, answers with numbers. */
const plan = workerData as {
  readonly url: string;
  readonly keyFile: string;
  readonly network: LoadNetwork;
  readonly users: number;
  /** Users that take part, chosen evenly over all of them. */
  readonly active: number;
  readonly requests: number;
  readonly pay: boolean;
};

const CONNECTIONS_MAX = 512;

const signer = await loadSigner();
const keyring = openFileKeyring(plan.keyFile);
const make = requestMaker(plan.network, signer);
const userAt = (place: number): LoadUser => {
  const index = Math.floor((place * plan.users) / plan.active);
  const privateKey = signer.privateKey(index);
  const account = signer.account(privateKey);
  return { privateKey, account, chainId: loadChainId(keyring.ownerTag(account), index) };
};
const users = Array.from({ length: plan.active }, (_, place) => userAt(place));
const userOf = (i: number): LoadUser => users[i % plan.active] ?? userAt(0);
const { hostname, port } = new URL(plan.url);
const requests = pack(plan.requests, (i) => requestOf(hostname, make(userOf(i), userOf(i + 1 + (i % 7)), plan.pay)));
let next = 0;
parentPort?.postMessage({ kind: "ready" });

const connections = openConnections({ host: hostname, port: Number(port), max: CONNECTIONS_MAX });

/** Posts `count` requests: `inFlight` at a time, or at a steady `rate` per second. */
async function fire(order: { readonly count: number; readonly inFlight: number; readonly rate?: number }) {
  const latenciesMs = new Float64Array(order.count);
  let answered = 0;
  const failures: Record<string, number> = {};
  const started = performance.now();
  const end = Math.min(requests.count, next + order.count);
  const from = next;
  const one = async (): Promise<void> => {
    const request = requests.at(next);
    next += 1;
    if (request === undefined) return;
    const at = performance.now();
    const status = await connections.send(request);
    latenciesMs[answered] = performance.now() - at;
    answered += 1;
    if (status !== 202) failures[status] = (failures[status] ?? 0) + 1;
  };
  if (order.rate === undefined) {
    await Promise.all(
      Array.from({ length: order.inFlight }, async () => {
        while (next < end) await one();
      }),
    );
  } else {
    const waiting: Promise<void>[] = [];
    while (next < end) {
      const due = Math.floor(((performance.now() - started) / 1000) * order.rate);
      while (next < end && next - from < due) waiting.push(one());
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(waiting);
  }
  const elapsedMs = performance.now() - started;
  const sorted = latenciesMs.subarray(0, answered).sort();
  const at = (share: number): number => sorted[Math.floor(share * (answered - 1))] ?? 0;
  return {
    kind: "fired",
    count: answered,
    elapsedMs,
    perSecond: (answered * 1000) / elapsedMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failures,
  };
}

parentPort?.on("message", (order: { readonly count: number; readonly inFlight: number; readonly rate?: number }) => {
  void fire(order).then((result) => parentPort?.postMessage(result));
});
