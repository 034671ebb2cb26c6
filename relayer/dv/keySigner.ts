import { concat } from "../../protocol/bytes.ts";

/** The one call of a secp256k1 engine that a signer needs: recovery id (1) ‖ r ‖ s. */
export interface Curve {
  readonly sign: (
    digest: Uint8Array,
    key: Uint8Array,
    options: { readonly prehash: false; readonly extraEntropy: false },
  ) => Uint8Array;
}

/** Signs digests with a key in memory; the chain wants the recovery id last, as 27 or 28. */
export const signDigestWith =
  (key: Uint8Array, curve: Curve) =>
  (digest: Uint8Array): Promise<Uint8Array> => {
    const signed = curve.sign(digest, key, { prehash: false, extraEntropy: false });
    return Promise.resolve(concat(signed.subarray(1), Uint8Array.of((signed[0] ?? 0) + 27)));
  };
