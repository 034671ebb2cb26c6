import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { last, pause, pick, progress, type Fault } from "./fault.ts";

/** What can happen to a relayer. Nothing it does is needed for safety, so anything may. */
export const relayerFaults: readonly Fault[] = [
  {
    name: "relayer-paused",
    rows: ["F1"],
    about: "a relayer stands still for six seconds with appends in flight, and wakes up in a world that went on",
    quick: true,
    async run(arena, random) {
      await pause(pick(arena.cluster.relayers, random).pid(), 6_000);
      await progress(arena);
    },
  },
  {
    name: "relayer-cut",
    rows: ["F2"],
    about: "a relayer is cut off from every server, silently; its clients are still connected",
    quick: false,
    async run(arena, random) {
      const { name } = pick(arena.cluster.relayers, random);
      arena.links.hold(
        name,
        arena.cluster.nats.servers.map((server) => server.name),
      );
      await last(9_000);
      arena.links.heal();
      await progress(arena);
    },
  },
  {
    name: "relayers-deaf",
    rows: ["F3", "F5"],
    about:
      "relayers flap between away and there, so that several execute one partition at once, and all take one request",
    quick: false,
    async run(arena) {
      for (const relayer of [...arena.cluster.relayers, ...arena.cluster.relayers]) await pause(relayer.pid(), 2_400);
      await progress(arena);
    },
  },
  {
    name: "relayer-killed",
    rows: ["F8"],
    about: "a relayer is killed, and started again when the others have taken over",
    quick: true,
    async run(arena, random) {
      const relayer = pick(arena.cluster.relayers, random);
      await relayer.kill("SIGKILL");
      await progress(arena);
      await relayer.start();
      await progress(arena);
    },
  },
  {
    name: "relayers-killed-often",
    rows: ["F8", "F15"],
    about: "one relayer after another is killed at a random moment of whatever it was doing, six times",
    quick: false,
    async run(arena, random) {
      for (let round = 0; round < 6; round += 1) {
        const relayer = pick(arena.cluster.relayers, random);
        await last(random() * 1_500);
        await relayer.kill("SIGKILL");
        await last(random() * 500);
        await relayer.start();
      }
      await progress(arena);
    },
  },
  {
    name: "relayers-all-killed",
    rows: ["F8", "F15"],
    about: "all relayers are killed at once and started again",
    quick: false,
    async run(arena) {
      await Promise.all(arena.cluster.relayers.map((relayer) => relayer.kill("SIGKILL")));
      await Promise.all(arena.cluster.relayers.map((relayer) => relayer.start()));
      await progress(arena);
    },
  },
  {
    name: "old-backup",
    rows: ["F16"],
    about: "a relayer is started from an old copy of its state, and catches up from the log",
    quick: false,
    async run(arena, random) {
      const relayer = pick(arena.cluster.relayers, random);
      const [state, copy] = [join(relayer.dataDir, "state"), join(arena.cluster.dataDir, "old-state")];
      await relayer.kill("SIGTERM");
      cpSync(state, copy, { recursive: true });
      await relayer.start();
      await progress(arena, 20);
      await relayer.kill("SIGKILL");
      rmSync(state, { recursive: true });
      cpSync(copy, state, { recursive: true });
      rmSync(copy, { recursive: true });
      await relayer.start();
      await progress(arena);
    },
  },
];
