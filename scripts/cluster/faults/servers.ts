import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Arena } from "../arena.ts";
import { last, leading, pause, pick, progress, type Fault } from "./fault.ts";

/** What can happen to the servers of the log. */
export const serverFaults: readonly Fault[] = [
  {
    name: "server-killed",
    rows: ["F9"],
    about: "the server that leads the most partitions is killed, and started again",
    quick: true,
    async run(arena) {
      const server = await leading(arena);
      await server.kill("SIGKILL");
      await progress(arena);
      await server.start();
      await progress(arena);
    },
  },
  {
    name: "servers-rolling",
    rows: ["F9"],
    about: "each server in turn is killed and started again, as in an upgrade that is in a hurry",
    quick: false,
    async run(arena) {
      for (const server of arena.cluster.nats.servers) {
        await server.kill("SIGKILL");
        await last(1_000);
        await server.start();
        await progress(arena, 4);
      }
    },
  },
  {
    name: "servers-all-killed",
    rows: ["F9"],
    about: "all servers are killed at once and started again",
    quick: true,
    async run(arena) {
      await Promise.all(arena.cluster.nats.servers.map((server) => server.kill("SIGKILL")));
      await last(500);
      await Promise.all(arena.cluster.nats.servers.map((server) => server.start()));
      await progress(arena);
    },
  },
  {
    name: "two-servers-killed",
    rows: ["F9"],
    about: "two of three servers are killed: nothing is acknowledged until one is back",
    quick: false,
    async run(arena) {
      const [first, second] = arena.cluster.nats.servers;
      await Promise.all([first?.kill("SIGKILL"), second?.kill("SIGKILL")]);
      await last(4_000);
      await Promise.all([first?.start(), second?.start()]);
      await progress(arena);
    },
  },
  {
    name: "server-paused",
    rows: ["F20"],
    about: "a server stands still: its relayer must find another, and its partitions another leader",
    quick: false,
    async run(arena) {
      const server = await leading(arena);
      await pause(server.pid(), 12_000);
      await progress(arena);
    },
  },
  {
    name: "minority-leader",
    rows: ["F4"],
    about: "a server that leads is cut off together with a relayer: the two can promise nothing, and the rest goes on",
    quick: true,
    async run(arena) {
      const server = await leading(arena);
      arena.links.isolate([server.name, server.name.replace("n", "r")]);
      await last(12_000);
      arena.links.heal();
      await progress(arena);
    },
  },
  {
    name: "reconnect-storm",
    rows: ["F7", "F20"],
    about: "connections of all relayers break again and again, so that acknowledgements are lost and appends repeated",
    quick: true,
    async run(arena) {
      for (let round = 0; round < 20; round += 1) {
        for (const { name } of arena.cluster.relayers) arena.links.reset(name);
        await last(350);
      }
      await progress(arena);
    },
  },
  {
    name: "lazy-server",
    rows: ["F18"],
    about: "a server comes back without sync_interval always: nobody appends until it is put right",
    quick: true,
    run: lazyServer,
  },
];

/** What was begun before, and answered before, may take so long to arrive. */
const ANSWERS_ON_THEIR_WAY_MS = 500;

async function lazyServer(arena: Arena): Promise<void> {
  const server = arena.cluster.nats.servers[2] ?? pick(arena.cluster.nats.servers, () => 0);
  const file = join(dirname(server.logFile), "server.conf");
  const safe = readFileSync(file, "utf8");
  await server.kill("SIGTERM");
  writeFileSync(file, safe.replace("sync_interval: always", 'sync_interval: "2m"'));
  await server.start();
  await arena.until(
    "every relayer to distrust it",
    () => Promise.all(arena.cluster.relayers.map((_, i) => arena.view(i))),
    (views) => views.every((view) => view?.unsafe.some(({ cause }) => cause.includes(server.name)) === true),
  );
  const distrustedAt = performance.now();
  await last(ANSWERS_ON_THEIR_WAY_MS + 3_000);
  const taken = arena.load.ops.filter(
    ({ f, result, t0, t1 }) =>
      f === "tx" && result === "ok" && (t0 > distrustedAt || t1 > distrustedAt + ANSWERS_ON_THEIR_WAY_MS),
  ).length;
  await server.kill("SIGTERM");
  writeFileSync(file, safe);
  await server.start();
  if (taken > 0) throw new Error(`${taken} transactions were acknowledged while a server could not be believed`);
  await progress(arena);
}
