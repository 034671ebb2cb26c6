import { epochOf } from "../midc/epochs.ts";
import { decodeErasing } from "../midc/erasing.ts";
import { partitionOf, wholeTable } from "../midc/keys.ts";
import { decodeVault } from "../midc/rows.ts";
import type { Keyring, StateView } from "../ports.ts";

/** Users' keys as they are wrapped in a state: those of their vaults, and of erased chains until all has ended there. */
export interface Wrapped {
  readonly chainId: Uint8Array;
  readonly shredKey: Uint8Array;
  /** Empty for an erased chain. */
  readonly pepper: Uint8Array;
}

const PAGE_ROWS = 1_000;
const NO_PEPPER = new Uint8Array(0);

/** All of them, a page at a time. */
export function* wrapsIn(view: Pick<StateView, "range">): Generator<readonly Wrapped[]> {
  for (const letter of ["v", "x"] as const) {
    const { from, to } = wholeTable(letter);
    for (let after = from; ;) {
      const page = view.range({ from: after, to, limit: PAGE_ROWS });
      yield page.map(({ key, value }): Wrapped => {
        const { shredKey, pepper } =
          letter === "v" ? decodeVault(value) : { ...decodeErasing(value), pepper: NO_PEPPER };
        return { chainId: Uint8Array.from(key.subarray(1)), shredKey, pepper };
      });
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_ROWS) break;
      after = new Uint8Array([...last.key, 0]);
    }
  }
}

export const isOlder = ({ shredKey, pepper }: Wrapped, epoch: number): boolean =>
  [shredKey, pepper].some((wrapped) => wrapped.length > 0 && epochOf(wrapped) < epoch);

/** What a node's vault keys can do with a state that comes from elsewhere. */
export interface Fit {
  /** Partitions with wraps of a vault key from before the oldest that is held. */
  readonly older: ReadonlySet<number>;
  /** The epoch of a wrap that is newer than every key that is held. */
  readonly newer: number | undefined;
  /** Whether a key of the right epoch does not open what it should. */
  readonly wrong: boolean;
}

export function checkWraps(
  view: Pick<StateView, "range">,
  keyring: Pick<Keyring, "unwrap" | "vaultKeys">,
  partitions: number,
): Fit {
  const held = keyring.vaultKeys.list().map(({ epoch }) => epoch);
  const [oldest, newest] = [held[0] ?? 0, held.at(-1) ?? 0];
  const older = new Set<number>();
  const tried = new Set<number>();
  for (const page of wrapsIn(view))
    for (const one of page) {
      const epoch = epochOf(one.shredKey);
      if (epoch > newest) return { older, newer: epoch, wrong: false };
      if (isOlder(one, oldest)) older.add(partitionOf(one.chainId, partitions));
      else if (!tried.has(epoch) && keyring.unwrap(one.shredKey, one.chainId) === undefined)
        return { older, newer: undefined, wrong: true };
      tried.add(epoch);
    }
  return { older, newer: undefined, wrong: false };
}
