import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Trimmed } from "../../relayer/cluster/trims.ts";
import type { RotationState } from "../../relayer/privacy/rotation.ts";
import { readConfig, type Config } from "../../relayer/config.ts";
import { Fault, faults } from "../../relayer/errors.ts";
import { prepareBackup, type Prepared } from "../../relayer/restoring.ts";
import { refuse } from "../terminal/refuse.ts";
import { backUp } from "./backup.ts";
import { localFolders, localOperatorUrls, restartLocal } from "./local.ts";
import { operate } from "./operate.ts";

/** What an operator does to a cluster's data: who is a member, what is trimmed, what is kept elsewhere and brought back. */

interface Options {
  readonly at?: string;
  readonly json?: true;
}

function operatorUrl({ at }: Options): string {
  const [url] = at === undefined ? localOperatorUrls() : [at];
  return url ?? refuse("no node of a cluster is known", "give a node's operator address with --at", 2);
}

async function orRefuse<Result>(work: () => Promise<Result>, fix: string): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault) return refuse(`${error.code}: ${error.message}`, faults[error.code].fix);
    return refuse(error instanceof Error ? error.message : String(error), fix);
  }
}

const tell = (options: Options, result: object, lines: readonly string[]): void => {
  for (const line of options.json === true ? [JSON.stringify(result)] : lines) console.log(line);
};

export async function members(action: string | undefined, publicKey: string | undefined, options: Options) {
  const isChange = action === "add" || action === "remove";
  if (action !== undefined && (!isChange || !/^0x[0-9a-f]{64}$/.test(publicKey ?? "")))
    refuse("members takes add or remove and a public key", "./midchain cluster members add 0x…", 2);
  const url = operatorUrl(options);
  const path = isChange ? `/cluster/members/${publicKey ?? ""}/${action}` : "/cluster/members";
  const answer = await orRefuse(
    () =>
      operate<{ readonly result?: string; readonly members: readonly string[] }>(url, path, isChange ? "POST" : "GET"),
    "ask a node of a cluster at its operator address; the same call may be made again",
  );
  if (answer.result === "last") refuse("the last member cannot be taken out", "make another node a member first");
  tell(options, answer, answer.members);
}

export async function trim(options: Options): Promise<void> {
  const url = operatorUrl(options);
  const { partitions } = await orRefuse(
    () => operate<{ readonly partitions: readonly Trimmed[] }>(url, "/cluster/trim"),
    "ask a node of a cluster at its operator address; it needs MIDCHAIN_NATS_KEEPER_SEED",
  );
  const lines = partitions.map(
    ({ partition, first, tail, bytes, held }) =>
      `  ${String(partition).padStart(3)}  ${first}-${tail}  ${bytes} bytes${held === undefined ? "" : `  held: ${held}`}`,
  );
  tell(options, { partitions }, lines);
}

export async function rotate(options: Options): Promise<void> {
  const { epoch, waitsFor } = await orRefuse(
    () => operate<RotationState>(operatorUrl(options), "/vault/rotate"),
    "ask a node at its operator address; the same call may be made again",
  );
  if (waitsFor !== undefined)
    refuse(
      `the vault key of epoch ${epoch} waits for ${waitsFor}`,
      "start that node, or take it out of the members; it goes on by itself",
    );
  tell(options, { epoch }, [
    ` ✔ the vault key is that of epoch ${epoch}; older ones are destroyed at every member`,
    "   Back keys.json up again now, in the place of the copy you have: that one opens what was erased since.",
  ]);
}

export async function backup(folder: string, options: Options): Promise<void> {
  const manifest = await orRefuse(
    () => backUp(operatorUrl(options), folder),
    "nothing was written; name a new or empty folder, and a node that runs",
  );
  tell(options, { folder, takenAt: manifest.takenAt, bytes: manifest.bytes, sha256: manifest.sha256 }, [
    ` ✔ ${manifest.partitions.length} partitions as of ${manifest.takenAt}, ${manifest.bytes} bytes, in ${folder}`,
    "   keys.json of the nodes is not in it, and nothing in it can be read without: keep that apart from it.",
  ]);
}

interface RestoreOptions extends Options {
  readonly withoutLog?: true;
}

export async function restore(folder: string, options: RestoreOptions): Promise<void> {
  const isHere = process.env["MIDCHAIN_DATA_DIR"] !== undefined;
  const nodes = isHere ? [configOf(process.env)] : localFolders().map((dir) => configOf(settingsIn(dir)));
  if (nodes.length === 0)
    refuse("there is no node to restore", "set MIDCHAIN_DATA_DIR and the relayer's other settings, node by node", 2);
  // All or none: the last node may have other keys than the first.
  const restored: Prepared[] = [];
  for (const config of nodes)
    restored.push(
      await orRefuse(
        () => prepareBackup(folder, config, { withoutLog: options.withoutLog === true }),
        "nothing was changed at any node; the same call may be made again",
      ),
    );
  for (const { stage } of restored) stage();
  if (!isHere) restartLocal();
  const gone = restored[0]?.withoutLog.length ?? 0;
  tell(options, { nodes: nodes.map((config) => config.MIDCHAIN_DATA_DIR), takenAt: restored[0]?.manifest.takenAt }, [
    ...nodes.map((config) => ` ✔ ${config.MIDCHAIN_DATA_DIR}: all of it is checked, and in use from the next start on`),
    ...(gone === 0
      ? []
      : [`   ${gone} logs do not go on from it: order again whatever was erased since. The audit begins new logs.`]),
    isHere ? "   Start the node again now." : "   The local relayers are being started again.",
  ]);
}

function settingsIn(dir: string): NodeJS.ProcessEnv {
  const file = join(dir, "settings.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as NodeJS.ProcessEnv) : {};
}

function configOf(env: NodeJS.ProcessEnv): Config {
  const read = readConfig(env);
  return read.kind === "config"
    ? read.config
    : refuse(read.problems[0] ?? "the settings are invalid", "give the settings that the relayer is started with", 2);
}
