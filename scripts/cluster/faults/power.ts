import type { Arena } from "../arena.ts";
import { lacksDisks, putOnDisk } from "../disk.ts";
import { pick, progress, type Fault } from "./fault.ts";

/** What has power: a process and the folder it keeps its data in. */
interface Machine {
  readonly folder: string;
  readonly pid: () => number | undefined;
  readonly start: () => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
}

/** Power is lost: what was not synced is gone. */
export const powerFaults: readonly Fault[] = [
  {
    name: "power-loss",
    rows: ["F10"],
    about: "all servers and relayers lose power at one moment, and with it everything that no disk had synced",
    quick: false,
    lacking: lacksDisks,
    run: (arena) => losePower(arena, [...servers(arena), ...relayers(arena)]),
  },
  {
    name: "power-loss-one",
    rows: ["F10"],
    about: "one server and one relayer lose power",
    quick: false,
    lacking: lacksDisks,
    run: (arena, random) => losePower(arena, [pick(servers(arena), random), pick(relayers(arena), random)]),
  },
];

const servers = ({ cluster }: Arena): readonly Machine[] =>
  cluster.nats.servers.map((server) => ({ ...server, folder: server.storeDir, start: () => server.start() }));
const relayers = ({ cluster }: Arena): readonly Machine[] =>
  cluster.relayers.map((relayer) => ({ ...relayer, folder: relayer.dataDir, start: () => relayer.start() }));

async function losePower(arena: Arena, machines: readonly Machine[]): Promise<void> {
  const stop = (signal: NodeJS.Signals): Promise<unknown> => Promise.all(machines.map(({ kill }) => kill(signal)));
  const start = (): Promise<unknown> => Promise.all(machines.map((machine) => machine.start()));
  await stop("SIGTERM");
  const disks = machines.map(({ folder }) => putOnDisk(folder));
  try {
    await start();
    await progress(arena, 20);
    for (const { pid } of machines) process.kill(pid() ?? 0, "SIGSTOP");
    for (const disk of disks) disk.cut();
    await stop("SIGKILL");
    for (const disk of disks) disk.restore();
    await start();
    await progress(arena);
  } finally {
    await stop("SIGKILL");
    for (const disk of disks) disk.remove();
  }
  await start();
  await progress(arena);
}
