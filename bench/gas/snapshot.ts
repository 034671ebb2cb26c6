import { readFile, writeFile } from "node:fs/promises";
import type { Measure } from "../gas.ts";

const FILE = new URL("snapshot.json", import.meta.url);
/** A change of the compiler's mood is no change of ours. */
const TOLERANCE = 0.01;

/** A measure that is not what the committed snapshot says. */
export interface Drift {
  readonly name: string;
  readonly was: number | undefined;
  readonly is: number | undefined;
}

/** Gas only: sizes of code have a limit of their own and change with every line. */
const rounded = (measures: readonly Measure[]): Map<string, number> =>
  new Map(measures.filter(({ unit }) => unit === "gas").map(({ name, value }) => [name, Math.round(value)]));

export async function keepSnapshot(measures: readonly Measure[]): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(Object.fromEntries(rounded(measures)), null, 2)}\n`);
}

/** What changed by more than a hundredth since the snapshot was committed, cheaper or dearer. */
export async function driftOf(measures: readonly Measure[]): Promise<Drift[]> {
  const kept = new Map(Object.entries(JSON.parse(await readFile(FILE, "utf8")) as Record<string, number>));
  const now = rounded(measures);
  const names = new Set([...kept.keys(), ...now.keys()]);
  return [...names].flatMap((name): Drift[] => {
    const [was, is] = [kept.get(name), now.get(name)];
    if (was !== undefined && is !== undefined && Math.abs(is - was) <= was * TOLERANCE) return [];
    return [{ name, was, is }];
  });
}
