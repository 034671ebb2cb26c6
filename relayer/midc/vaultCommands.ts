import { NotCanonical, type Reader, type Writer } from "../../protocol/canonical.ts";
import { decodePosition, encodePosition, type Position } from "./keys.ts";

/** Commands about what keeps users' data readable: what is swept after an erasure, and under which vault key all is. */

/** A user's keys under another vault key, in the place of what they were wrapped in until now. */
export interface Rewrap {
  readonly chainId: Uint8Array;
  /** SHA-256 of the wrapped shred key and pepper that these stand in for. */
  readonly from: Uint8Array;
  readonly shredKey: Uint8Array;
  /** Empty for an erased chain, which has none. */
  readonly pepper: Uint8Array;
}

export type VaultCommand =
  /**
   * Takes bodies off an erased chain, a few at a time: downwards from `from`, but for those of `pending`, whose
   * transactions are not final; and those of `ended`, which had to wait for that.
   */
  | {
      readonly kind: "sweep";
      readonly chainId: Uint8Array;
      readonly from?: Position;
      readonly pending: readonly Uint8Array[];
      readonly ended: readonly Uint8Array[];
    }
  /** There is another vault key, which every member is to fetch; `print` tells it from any other of the same epoch. */
  | { readonly kind: "offerKey"; readonly epoch: number; readonly print: Uint8Array }
  /** Every member holds it: nothing is wrapped under an older one from here on. */
  | { readonly kind: "useKey"; readonly epoch: number; readonly print: Uint8Array }
  | { readonly kind: "rewrap"; readonly wraps: readonly Rewrap[] };

export const vaultKinds = ["sweep", "offerKey", "useKey", "rewrap"] as const satisfies readonly VaultCommand["kind"][];

/** Blocks that one sweep looks at, and rows of grants it takes away. */
export const SWEEP_MAX = 256;
export const REWRAPS_MAX = 256;
const WRAP_BYTES_MAX = 256;

export function writeVaultCommand(w: Writer, command: VaultCommand): void {
  switch (command.kind) {
    case "sweep":
      w.array(4).bytes(command.chainId);
      if (command.from === undefined) w.nothing();
      else w.bytes(encodePosition(command.from));
      for (const txIds of [command.pending, command.ended]) {
        w.array(txIds.length);
        for (const txId of txIds) w.bytes(txId);
      }
      break;
    case "offerKey":
    case "useKey":
      w.array(2).uint(command.epoch).bytes(command.print);
      break;
    case "rewrap":
      w.array(command.wraps.length);
      for (const { chainId, from, shredKey, pepper } of command.wraps)
        w.array(4).bytes(chainId).bytes(from).bytes(shredKey).bytes(pepper);
      break;
  }
}

const txIds = (r: Reader): readonly Uint8Array[] => Array.from({ length: r.array(SWEEP_MAX) }, () => r.fixed(32));

export function readVaultCommand(kind: VaultCommand["kind"], r: Reader): VaultCommand {
  switch (kind) {
    case "sweep": {
      r.array(4);
      const chainId = r.fixed(16);
      const from = r.isNothing() ? {} : { from: decodePosition(r.fixed(12)) };
      return { kind, chainId, ...from, pending: txIds(r), ended: txIds(r) };
    }
    case "offerKey":
    case "useKey":
      if (r.array(2) !== 2) throw new NotCanonical("a vault key has an epoch and a print");
      return { kind, epoch: r.uint(EPOCH_MAX), print: r.fixed(32) };
    case "rewrap":
      return {
        kind,
        wraps: Array.from({ length: r.array(REWRAPS_MAX) }, () => {
          r.array(4);
          return {
            chainId: r.fixed(16),
            from: r.fixed(32),
            shredKey: r.bytes(WRAP_BYTES_MAX),
            pepper: r.bytes(WRAP_BYTES_MAX),
          };
        }),
      };
  }
}

const EPOCH_MAX = 2 ** 32 - 1;
