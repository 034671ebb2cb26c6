import { concat } from "../../protocol/bytes.ts";
import { Fault } from "../errors.ts";
import type { Command } from "../midc/command.ts";
import { epochOf, usedKey, wrapsHash } from "../midc/epochs.ts";
import { partitionOf } from "../midc/keys.ts";
import type { CommandResult } from "../midc/result.ts";
import { REWRAPS_MAX, type Rewrap } from "../midc/vaultCommands.ts";
import type { Clock, Keyring, StateView } from "../ports.ts";
import { PEPPER_BOUND } from "./bounds.ts";
import { isOlder, wrapsIn, type Wrapped } from "./wraps.ts";

/** Users' keys, out of the wraps of an older vault key and into those of the one that is used now. */

export interface RewrapPorts {
  readonly keyring: Pick<Keyring, "wrap" | "unwrap">;
  readonly replica: {
    readonly partitions: number;
    readonly view: StateView;
    readonly submit: (partition: number, command: Command) => Promise<CommandResult>;
  };
  readonly clock: Pick<Clock, "sleep">;
}

/** Whether nothing in this node's state needs an older vault key, and nothing that does can get in. */
export async function isClean(epoch: number, ports: Pick<RewrapPorts, "replica" | "clock">): Promise<boolean> {
  const { partitions, view } = ports.replica;
  for (let partition = 0; partition < partitions; partition += 1)
    if ((usedKey(view, partition)?.epoch ?? 0) < epoch) return false;
  for (const page of wrapsIn(view)) {
    if (page.some((one) => isOlder(one, epoch))) return false;
    // Requests are answered in between.
    await ports.clock.sleep(0);
  }
  return true;
}

/** Wraps every user's keys under the vault key of `epoch`. What was changed or erased meanwhile is left as it is. */
export async function rewrapAll(epoch: number, ports: RewrapPorts): Promise<void> {
  for (const page of wrapsIn(ports.replica.view)) {
    const byPartition = new Map<number, Wrapped[]>();
    for (const one of page.filter((wrapped) => isOlder(wrapped, epoch))) {
      const partition = partitionOf(one.chainId, ports.replica.partitions);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), one]);
    }
    // A crash between any two of these: whoever goes on finds what is left to do in the rows.
    for (const [partition, older] of byPartition)
      for (let first = 0; first < older.length; first += REWRAPS_MAX) {
        const wraps = older.slice(first, first + REWRAPS_MAX).map((one) => rewrapOf(one, epoch, ports.keyring));
        await ports.replica.submit(partition, { kind: "rewrap", wraps });
      }
  }
}

function rewrapOf({ chainId, shredKey, pepper }: Wrapped, epoch: number, keyring: RewrapPorts["keyring"]): Rewrap {
  const anew = (wrapped: Uint8Array, bound: Uint8Array): Uint8Array => {
    if (wrapped.length === 0) return wrapped;
    const secret = keyring.unwrap(wrapped, bound);
    if (secret === undefined) throw new Fault("VAULT_KEY_MISSING", `a wrap of epoch ${epochOf(wrapped)}`);
    return keyring.wrap(secret, bound, epoch);
  };
  return {
    chainId,
    from: wrapsHash(shredKey, pepper),
    shredKey: anew(shredKey, chainId),
    pepper: anew(pepper, concat(chainId, PEPPER_BOUND)),
  };
}
