import { cpSync, globSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Arena } from "../arena.ts";
import { audited } from "./disks.ts";
import { last, pick, progress, type Fault } from "./fault.ts";

type Relayer = Arena["cluster"]["relayers"][number];
type Server = Arena["cluster"]["nats"]["servers"][number];

/** What was promised is no longer in any log. Somebody still has it, and nobody may write over it. */
export const pastFaults: readonly Fault[] = [
  {
    name: "suffix-lost",
    rows: ["F13"],
    about: "all servers come back from an old copy of their disks; what the nodes have applied since is put back",
    quick: false,
    run: (arena) => fromOldDisks(arena, {}),
  },
  {
    name: "suffix-lost-at-start",
    rows: ["F13"],
    about: "the same, and a relayer starts with them that was off meanwhile: it must ask the others before it appends",
    quick: false,
    run(arena, random) {
      const relayer = pick(arena.cluster.relayers, random);
      return fromOldDisks(arena, { before: () => relayer.kill("SIGKILL"), withThem: () => relayer.start() });
    },
  },
  {
    name: "two-pasts",
    rows: ["F13"],
    about:
      "one relayer alone has promised something; it is off while the servers come back from an old copy and the others go on",
    quick: true,
    run: (arena, random) => twoPasts(arena, random),
  },
  {
    name: "two-pasts-killed",
    rows: ["F13", "F15"],
    about: "the same, and that relayer is killed again and again while it gives its past up",
    quick: false,
    run: (arena, random) => twoPasts(arena, random, KILLS),
  },
];

const KILLS = 6;
const KILLED_WITHIN_MS = 5_000;

async function twoPasts(arena: Arena, random: () => number, kills = 0): Promise<void> {
  const { relayers } = arena.cluster;
  const alone = pick(relayers, random);
  const others = relayers.filter((relayer) => relayer !== alone);
  const before = notedAt(alone);
  let ready: Promise<Error | undefined> = Promise.resolve(undefined);
  const begin = (): void => {
    // It is ready only once it is mended. Killed before that, it never is.
    ready = alone.start().then(
      () => undefined,
      (error: unknown) => new Error(String(error)),
    );
  };
  await fromOldDisks(arena, {
    before: async () => {
      await Promise.all(others.map((relayer) => relayer.kill("SIGKILL")));
    },
    after: () => alone.kill("SIGKILL"),
    async withThem() {
      await Promise.all(others.map((relayer) => relayer.start()));
      await arena.load.openAnew();
      await progress(arena, 12);
      begin();
      // An audit of a node that does not answer yet waits for it, partition by partition.
      await arena.until(
        "the operator's door",
        () => isAnswering(alone.metricsUrl),
        (isOpen) => isOpen,
      );
      if ((await isAnswering(alone.url)) && notedAt(alone) === before)
        throw new Error(`${alone.name} serves people although it holds another past`);
    },
    async meanwhile() {
      for (let round = 0; round < kills; round += 1) {
        await last(random() * KILLED_WITHIN_MS);
        await alone.kill("SIGKILL");
        begin();
      }
    },
    hasHappened: () => notedAt(alone) !== before,
  });
  const failed = await ready;
  if (failed !== undefined) throw failed;
  // Where the blocks lie that it showed is for the others to say now. What it promised must be there all the same.
  arena.load.excuse(alone.url);
}

const isAnswering = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

/** When a relayer last noted that it gives its past up, or has given it up. */
const notedAt = ({ dataDir }: Relayer): number | undefined =>
  statSync(join(dataDir, "aside.json"), { throwIfNoEntry: false })?.mtimeMs;

interface Around {
  /** While the servers are off for the copy. */
  readonly before?: () => Promise<void>;
  /** When the servers have been killed, with more than the copy has. */
  readonly after?: () => Promise<void>;
  /** As the servers come back. */
  readonly withThem?: () => Promise<void>;
  /** While it is repaired. */
  readonly meanwhile?: () => Promise<void>;
  /** Whether what is to be repaired was seen at all. */
  readonly hasHappened?: () => boolean;
}

/** Has every server come back from a copy of its disk that the relayers have gone on from. */
async function fromOldDisks(arena: Arena, around: Around): Promise<void> {
  const { before, after, withThem, meanwhile, hasHappened = () => true } = around;
  const { servers } = arena.cluster.nats;
  const copy = (server: Server): string => `${server.storeDir}.old`;
  await Promise.all(servers.map((server) => server.kill("SIGTERM")));
  for (const server of servers) cpSync(server.storeDir, copy(server), { recursive: true });
  await before?.();
  await Promise.all(servers.map((server) => server.start()));
  await progress(arena, 12);
  await Promise.all(servers.map((server) => server.kill("SIGKILL")));
  await after?.();
  for (const server of servers) {
    rmSync(server.storeDir, { recursive: true });
    cpSync(copy(server), server.storeDir, { recursive: true });
    rmSync(copy(server), { recursive: true });
  }
  await Promise.all([...servers.map((server) => server.start()), withThem?.()]);
  const mend = (): Promise<unknown> => audited(arena, { scrub: false });
  await Promise.all([mend(), meanwhile?.()]);
  // What a relayer has set aside is appended by audits; one that has not answered yet is no complaint of theirs.
  const aside = (): readonly string[] =>
    arena.cluster.relayers.flatMap(({ dataDir }) => globSync("state.outvoted-*", { cwd: dataDir }));
  const isMended = (): boolean => aside().length === 0 && hasHappened();
  if (!isMended()) await arena.until("nothing set aside", () => mend().then(aside), isMended);
  await audited(arena);
  await progress(arena);
}
