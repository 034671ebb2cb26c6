import { combine, split } from "shamir-secret-sharing";
import { ascii, concat, uintToBytes } from "./bytes.ts";
import { hpkeOpen, hpkeSeal, type Suite } from "./hpke.ts";
import { SLOT_SECRET_BYTES } from "./slots.ts";
import { SealRefused, requireLength } from "./sealRefused.ts";

/**
 * Guardians: a slot secret split so that any `threshold` of them give it back and fewer learn nothing. Shares carry no
 * checksum of their own; a wrong one is found when the slot does not open.
 */

export const GUARDIANS_MAX = 16;

export interface Guardian {
  readonly suite: Suite;
  readonly publicKey: Uint8Array;
}

export interface SealedShare {
  readonly suite: Suite;
  readonly enc: Uint8Array;
  readonly ct: Uint8Array;
}

/** The slot the shares belong to; a share opens only for this vault, slot and guardian number. */
export interface SharePlace {
  readonly vaultId: Uint8Array;
  readonly epoch: number;
}

/** A fresh slot secret and one sealed share per guardian, in order. Throws RangeError for a threshold out of range. */
export async function splitAmongGuardians(
  guardians: readonly Guardian[],
  threshold: number,
  place: SharePlace,
): Promise<{ secret: Uint8Array; shares: SealedShare[] }> {
  if (threshold < 2 || threshold > guardians.length || guardians.length > GUARDIANS_MAX) {
    throw new RangeError("a threshold between 2 and the number of guardians, who are at most 16");
  }
  const secret = crypto.getRandomValues(new Uint8Array(SLOT_SECRET_BYTES));
  const parts = await split(secret, guardians.length, threshold);
  const shares = await Promise.all(
    guardians.map(async ({ suite, publicKey }, index) => {
      const plaintext = parts[index] ?? new Uint8Array();
      return { suite, ...(await hpkeSeal({ suite, publicKey, plaintext, info: INFO, aad: aadOf(place, index) })) };
    }),
  );
  return { secret, shares };
}

/** A guardian opens the share at its number. Throws SealRefused("notForReader"). */
export async function openShare(
  share: SealedShare,
  input: SharePlace & { readonly index: number; readonly seed: Uint8Array },
): Promise<Uint8Array> {
  const opened = await hpkeOpen({ ...share, seed: input.seed, info: INFO, aad: aadOf(input, input.index) });
  if (opened === undefined) throw new SealRefused("notForReader");
  return opened;
}

/** The slot secret, if at least `threshold` true shares are given; otherwise 32 bytes that open nothing. */
export const combineShares = (shares: readonly Uint8Array[]): Promise<Uint8Array> => combine([...shares]);

const INFO = ascii("MIDC/v1 share");

function aadOf({ vaultId, epoch }: SharePlace, index: number): Uint8Array {
  requireLength(vaultId, 32);
  return concat(vaultId, uintToBytes(BigInt(epoch), 4), Uint8Array.of(index));
}
