import { OLD_KEY, usedKey } from "../midc/epochs.ts";
import type { CommandResult } from "../midc/result.ts";
import type { StateView, VaultKeys } from "../ports.ts";

/** A change of the vault key comes once a day; whoever is overtaken by two while one record is on its way waits. */
const TRIES_MAX = 3;

interface WrapPorts {
  readonly keyring: { readonly vaultKeys: Pick<VaultKeys, "list"> };
  readonly replica: { readonly view: StateView };
}

/** The oldest key that this node holds and the partition still takes: one that every member is known to hold. */
export function epochFor(partition: number, { keyring, replica }: WrapPorts): number {
  const least = usedKey(replica.view, partition)?.epoch ?? 0;
  return keyring.vaultKeys.list().find(({ epoch }) => epoch >= least)?.epoch ?? least;
}

/** Submits what is wrapped; where the vault key has changed since, it is wrapped again. */
export async function submitWrapped(
  partition: number,
  ports: WrapPorts,
  submit: (epoch: number) => Promise<CommandResult>,
): Promise<CommandResult> {
  let result = await submit(epochFor(partition, ports));
  for (let tries = 1; tries < TRIES_MAX && isOvertaken(result); tries += 1)
    result = await submit(epochFor(partition, ports));
  return result;
}

const isOvertaken = (result: CommandResult): boolean => result.kind === "refused" && result.why === OLD_KEY.why;
