import { rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../local/run.ts";
import { openArena, type Arena } from "./arena.ts";
import { seeded } from "./balancer.ts";
import { relayerFailover, serverFailover, type Failover } from "./failover.ts";
import { faults } from "./faults.ts";
import { pick, type Fault } from "./faults/fault.ts";

export interface FaultResult {
  readonly fault: string;
  readonly rows: readonly string[];
  readonly ok: boolean;
  readonly elapsedMs: number;
  readonly restMs: number;
  readonly acknowledged: number;
  /** Rules of the history checker that were broken, or what did not come. */
  readonly violations: readonly string[];
}

const WARM_UP = 5;
const VIOLATIONS_SHOWN = 10;

/** Does one fault to a running arena, and says what the history checker thinks of everything until then. */
export async function inflict(arena: Arena, fault: Fault, random: () => number): Promise<FaultResult> {
  const startedAt = performance.now();
  const broken: string[] = [];
  let judged: { readonly restMs: number; readonly acknowledged: number } = { restMs: 0, acknowledged: 0 };
  const before = arena.load.acknowledged();
  try {
    arena.load.start();
    await arena.until("load", arena.load.acknowledged, (now) => now >= before + WARM_UP);
    await fault.run(arena, random);
    const verdict = await arena.judge();
    judged = verdict;
    broken.push(...verdict.violations.map(({ rule, about }) => `${rule}: ${about}`));
  } catch (error) {
    broken.push(error instanceof Error ? error.message : String(error));
    arena.links.heal();
    await arena.load.stop();
  }
  return {
    fault: fault.name,
    rows: fault.rows,
    ok: broken.length === 0,
    elapsedMs: Math.round(performance.now() - startedAt),
    restMs: judged.restMs,
    acknowledged: judged.acknowledged,
    violations: broken.slice(0, VIOLATIONS_SHOWN),
  };
}

/** Runs these faults one after another on one cluster; the checker sees all that has happened since its start. */
export async function runFaults(
  chosen: readonly Fault[],
  options: {
    readonly seed: number;
    readonly onStep: (what: string) => void;
    readonly onResult: (result: FaultResult) => void;
  },
): Promise<readonly FaultResult[]> {
  return inArena(options, isOk, async (arena, random) => {
    const results: FaultResult[] = [];
    for (const fault of chosen.filter(({ lacking }) => lacking?.() === undefined)) {
      const result = await inflict(arena, fault, random);
      options.onResult(result);
      results.push(result);
    }
    return results;
  });
}

/** A random sequence of faults, the same for the same seed, for about as long as told. */
export async function runCampaign(options: {
  readonly minutes: number;
  readonly seed: number;
  readonly onStep: (what: string) => void;
  readonly onResult: (result: FaultResult) => void;
}): Promise<readonly FaultResult[]> {
  return inArena(options, isOk, async (arena, random) => {
    const deadline = performance.now() + options.minutes * 60_000;
    const results: FaultResult[] = [];
    const possible = faults.filter(({ lacking }) => lacking?.() === undefined);
    while (performance.now() < deadline && results.every(isOk)) {
      const result = await inflict(arena, pick(possible, random), random);
      options.onResult(result);
      results.push(result);
    }
    return results;
  });
}

/** Kills the busiest relayer and the leading server, in turn, and measures until everything they did goes on. */
export async function runFailovers(options: {
  readonly runs: number;
  readonly seed: number;
  readonly onStep: (what: string) => void;
  readonly onResult: (result: Failover) => void;
}): Promise<readonly Failover[]> {
  return inArena(
    options,
    ({ lost }) => lost.length === 0,
    async (arena) => {
      const results: Failover[] = [];
      for (let run = 0; run < options.runs; run += 1)
        for (const measure of [relayerFailover, serverFailover]) {
          const result = await measure(arena);
          options.onResult(result);
          results.push(result);
        }
      return results;
    },
  );
}

const isOk = ({ ok }: FaultResult): boolean => ok;

async function inArena<Result>(
  options: { readonly seed: number; readonly onStep: (what: string) => void },
  isGood: (result: Result) => boolean,
  work: (arena: Arena, random: () => number) => Promise<readonly Result[]>,
): Promise<readonly Result[]> {
  const dataDir = join(root, ".data", `faults-${process.pid}`);
  const arena = await openArena({ ...options, dataDir });
  let results: readonly Result[] = [];
  try {
    results = await work(arena, seeded(options.seed));
  } finally {
    await arena.stop();
    // Of a broken history everything is kept: what a server or a node held says more than the verdict.
    if (results.length > 0 && results.every(isGood)) rmSync(dataDir, { recursive: true, force: true });
    else options.onStep(`What is left of it: ${dataDir}`);
  }
  return results;
}
