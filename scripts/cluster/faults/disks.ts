import { existsSync, globSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Audit } from "../../../relayer/cluster/audits.ts";
import type { Arena } from "../arena.ts";
import { asKeeper, streamsOf } from "./log.ts";
import { pick, progress, type Fault } from "./fault.ts";

type Server = Arena["cluster"]["nats"]["servers"][number];

/** What can happen to the copies of the log on disk. The audit must find it, and the repair must lose nothing. */
export const diskFaults: readonly Fault[] = [
  {
    name: "bit-flip",
    rows: ["F12"],
    about:
      "one bit of one server's copies flips while the server is off; the audit finds it and the copy is filled again",
    quick: false,
    async run(arena, random) {
      await damage(arena, random, (block) => {
        const bytes = readFileSync(block);
        const at = Math.floor(bytes.length * (0.2 + 0.6 * random()));
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
        writeFileSync(block, bytes);
      });
      await mended(arena);
    },
  },
  {
    name: "copy-truncated",
    rows: ["F12"],
    about: "one server's copies lose their second half while the server is off",
    quick: false,
    async run(arena, random) {
      await damage(arena, random, (block) => {
        truncateSync(block, Math.floor(statSync(block).size / 2));
      });
      await mended(arena);
    },
  },
  {
    name: "cut-copy-leads",
    rows: ["F12", "F13"],
    about: "one server's copies lose their second half, and then that server leads every partition",
    quick: false,
    async run(arena, random) {
      const server = await damage(arena, random, (block) => {
        truncateSync(block, Math.floor(statSync(block).size / 2));
      });
      await asKeeper(arena, async (nc) => {
        const wish = JSON.stringify({ placement: { preferred: server.name } });
        for (const stream of await streamsOf(arena))
          await nc.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream}`, wish, { timeout: 2_000 }).catch(() => undefined);
      });
      await mended(arena);
    },
  },
  {
    name: "copy-deleted",
    rows: ["F12"],
    about: "one server loses its whole disk",
    quick: false,
    async run(arena, random) {
      const server = pick(arena.cluster.nats.servers, random);
      await server.kill("SIGKILL");
      rmSync(server.storeDir, { recursive: true, force: true });
      await server.start();
      await progress(arena);
      await audited(arena);
    },
  },
  {
    name: "stream-deleted",
    rows: ["F13"],
    about: "a partition's whole stream is deleted; it goes on in a new generation, and nothing applied is lost",
    quick: false,
    run: (arena, random) =>
      asKeeper(arena, async (_, jsm) => {
        const stream = pick(await streamsOf(arena), random);
        await jsm.streams.delete(stream);
        await audited(arena);
        await progress(arena);
      }),
  },
];

/** Damages every block of the log that one server holds, so that no luck is needed to hit a record. */
async function damage(arena: Arena, random: () => number, harm: (block: string) => void): Promise<Server> {
  const server = pick(arena.cluster.nats.servers, random);
  // Twice: a clean start and stop first, so that the write-ahead log no longer holds what would heal the copy.
  await server.kill("SIGTERM");
  await server.start();
  await progress(arena, 4);
  await server.kill("SIGTERM");
  const blocks = globSync("jetstream/MIDC/streams/*/msgs/*.blk", { cwd: server.storeDir });
  for (const block of blocks) {
    const path = join(server.storeDir, block);
    if (existsSync(path) && statSync(path).size > 0) harm(path);
  }
  await server.start();
  return server;
}

async function mended(arena: Arena): Promise<void> {
  await progress(arena, 4);
  await audited(arena);
  await progress(arena, 4);
}

const AUDIT_MS_MAX = 120_000;

/** Audits and repairs until everything holds; the verdict on the history comes afterwards. */
export async function audited(arena: Arena, { scrub = true } = {}): Promise<Audit> {
  const run = async (): Promise<Audit | undefined> => {
    const [first] = arena.cluster.relayers;
    const response = await fetch(new URL(`/audit?repair=true&scrub=${String(scrub)}`, first?.metricsUrl), {
      method: "POST",
      headers: { "x-midchain-operator": "fault" },
    }).catch(() => undefined);
    return response?.ok === true ? ((await response.json()) as Audit) : undefined;
  };
  const { last } = await arena.until(
    "an audit without complaint",
    async () => {
      const seen = await run();
      // What is complained about comes first, where it does not come to an end.
      return { about: seen?.partitions.filter(({ alarms }) => alarms.length > 0), last: seen };
    },
    (seen) => seen.last?.ok === true && seen.last.partitions.every(({ silent }) => silent.length === 0),
    AUDIT_MS_MAX,
  );
  if (last === undefined) throw new Error("no audit");
  return last;
}
