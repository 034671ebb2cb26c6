// compares what every node and server of a cluster holds, with one another and with the chain; repairs when told to
import { Command } from "commander";
import type { Audit } from "../relayer/cluster/audits.ts";
import { localOperatorUrls } from "./cluster/local.ts";
import { refuse } from "./terminal/refuse.ts";

interface Options {
  readonly at?: string;
  readonly light?: true;
  readonly repair?: true;
  readonly json?: true;
}

async function ask(options: Options): Promise<Audit> {
  const query = `scrub=${String(options.light !== true)}&repair=${String(options.repair === true)}`;
  for (const url of options.at === undefined ? localOperatorUrls() : [options.at]) {
    const response = await fetch(new URL(`/audit?${query}`, url), {
      method: "POST",
      headers: { "x-midchain-operator": "audit" },
    }).catch(() => undefined);
    if (response?.ok === true) return (await response.json()) as Audit;
    if (response !== undefined)
      refuse(`the node answered ${response.status}`, "ask a node of a cluster; its log says more");
  }
  return refuse(
    "no node of a cluster answers",
    "give a node's operator address with --at, http://127.0.0.1:9464 by default",
  );
}

function show(audit: Audit): void {
  for (const { partition, applied, servers, alarms, steps, readOnly, repaired } of audit.partitions) {
    const state = repaired ? "repaired" : readOnly ? "READ-ONLY" : alarms.length > 0 ? "BROKEN" : "sound";
    const copies = servers.map(
      ({ server, first, last, missing }) => `${server} ${first}-${last}${missing > 0 ? ` lacks ${missing}` : ""}`,
    );
    const mark = alarms.length === 0 || repaired ? "✔" : "✖";
    console.log(
      ` ${mark} ${String(partition).padStart(3)}  applied ${String(applied).padStart(8)}  ${copies.join("  ")}  ${state}`,
    );
    for (const alarm of alarms) console.log(`       ${alarm}`);
    for (const step of steps) console.log(`       ${repaired ? "done" : "to do"}: ${step}`);
  }
  const silent = new Set(audit.partitions.flatMap((partition) => partition.silent));
  for (const node of silent) console.log(`\n ! ${node} was not heard everywhere: what it holds was not compared`);
  const depth = audit.scrubbed ? "every record of every copy was read" : "digests and ends were compared";
  console.log(
    `\n${audit.ok ? (silent.size > 0 ? "what was heard holds" : "everything holds") : "something is wrong: docs/CLUSTER.md"}; ${depth}`,
  );
}

async function audit(options: Options): Promise<void> {
  const found = await ask(options);
  if (options.json === true) console.log(JSON.stringify(found));
  else show(found);
  process.exitCode = found.ok ? 0 : 1;
}

await new Command("./midchain audit")
  .description(
    "reads what every node has applied and every server holds, record by record, and compares; exit code 1 when something is wrong",
  )
  .option("--at <url>", "operator address of any node; without it the cluster started on this machine")
  .option("--light", "only digests and ends, not every record")
  .option("--repair", "also mend what can be mended safely")
  .option("--json", "one object")
  .action(audit)
  .parseAsync();
