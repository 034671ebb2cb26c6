import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bringNats, bringNatsOf } from "../../scripts/local/nats.ts";
import { startNats, type NatsCluster, type NatsOptions } from "../../scripts/local/natsServers.ts";

/** A folder of its own, and how to remove it. */
export function scratch(name: string): { readonly dir: string; readonly remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), `midchain-${name}-`));
  return {
    dir,
    remove: () => {
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The suite's set-up has looked for it already; without one the suite does not run. */
export async function natsPath(suite?: "trixie"): Promise<string> {
  const brought = suite === undefined ? await bringNats() : await bringNatsOf(suite);
  if (brought.kind === "missing") throw new Error(brought.why);
  return brought.path;
}

/** Three real servers in a folder of their own. */
export async function testServers(
  change: Partial<NatsOptions> = {},
): Promise<NatsCluster & { readonly dataDir: string }> {
  const { dir, remove } = scratch("nats");
  const cluster = await startNats({ path: change.path ?? (await natsPath()), dataDir: dir, ...change });
  return {
    ...cluster,
    dataDir: dir,
    async stop() {
      await cluster.stop();
      remove();
    },
  };
}
