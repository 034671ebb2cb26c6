import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { last, leading, pick, progress, type Fault } from "./fault.ts";

/** What a disk can answer: an error, that it is full, or nothing for a long time. */
export const callFaults: readonly Fault[] = [
  {
    name: "server-disk-slow",
    rows: ["F11"],
    about: "the disk of the server that leads the most takes half a second for every sync, for eight seconds",
    quick: false,
    lacking: lacksTracer,
    async run(arena) {
      const server = await leading(arena);
      await inject(server.pid(), { calls: SYNCS, answer: "delay_enter=500000" }, 8_000);
      await progress(arena);
    },
  },
  {
    name: "server-disk-errors",
    rows: ["F11"],
    about: "every sync of the leading server fails with an input/output error, until it is started on another disk",
    quick: false,
    lacking: lacksTracer,
    async run(arena) {
      const server = await leading(arena);
      await inject(server.pid(), { calls: SYNCS, answer: "error=EIO" }, 5_000);
      await progress(arena, 4).finally(() => startedAgain(server));
      await progress(arena);
    },
  },
  {
    name: "server-disk-full",
    rows: ["F11"],
    about: "the disk of the leading server is full for five seconds; the server is started again when there is room",
    quick: false,
    lacking: lacksTracer,
    async run(arena) {
      const server = await leading(arena);
      await inject(server.pid(), { calls: WRITES, answer: "error=ENOSPC" }, 5_000);
      await progress(arena, 4).finally(() => startedAgain(server));
      await progress(arena);
    },
  },
  {
    name: "relayer-disk-errors",
    rows: ["F11"],
    about: "a relayer's disk fails every write and sync for four seconds; the relayer is started again afterwards",
    quick: false,
    lacking: lacksTracer,
    async run(arena, random) {
      const relayer = pick(arena.cluster.relayers, random);
      await inject(relayer.pid(), { calls: `${SYNCS},${WRITES}`, answer: "error=EIO" }, 4_000);
      await startedAgain(relayer);
      await progress(arena);
    },
  },
];

interface Started {
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  readonly start: () => Promise<void>;
}

async function startedAgain(one: Started): Promise<void> {
  await one.kill("SIGKILL");
  await one.start();
}

const SYNCS = "fsync,fdatasync,msync";
/** Sockets are written to with other calls, so that only files are hit. */
const WRITES = "pwrite64,pwritev,pwritev2";
const ATTACH_MS_MAX = 10_000;

/** Lets a running process get this answer to these system calls for a while. */
async function inject(
  pid: number | undefined,
  { calls, answer }: { readonly calls: string; readonly answer: string },
  ms: number,
): Promise<void> {
  const args = ["-f", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", `inject=${calls}:${answer}`, "-p", String(pid)];
  const tracer = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(tracer, "exit");
  // Its first line says that it is attached; or it ends at once.
  await Promise.race([once(tracer.stderr, "data", { signal: AbortSignal.timeout(ATTACH_MS_MAX) }), ended]);
  if (tracer.exitCode !== null) throw new Error(`strace could not attach to ${pid}`);
  tracer.stderr.resume();
  await last(ms);
  tracer.kill("SIGINT");
  await ended;
}

/** Why no system call can be given another answer here; undefined where one can. */
function lacksTracer(): string | undefined {
  try {
    execFileSync("strace", ["-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs strace (apt-get install strace) and the right to trace a process";
  }
}
