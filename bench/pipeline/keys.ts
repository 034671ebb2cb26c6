import { Hash, Secp256k1 } from "ox/wasm";
import { concat, uintToBytes } from "../../protocol/bytes.ts";

/** Fast keys for load: the same signatures as a wallet's, made with a native-speed engine. */
export interface LoadSigner {
  readonly privateKey: (index: number) => Uint8Array;
  readonly account: (privateKey: Uint8Array) => Uint8Array;
  readonly sign: (privateKey: Uint8Array, digest: Uint8Array) => Uint8Array;
  readonly keccak: (bytes: Uint8Array) => Uint8Array;
}

export async function loadSigner(): Promise<LoadSigner> {
  const [curve, hashes] = await Promise.all([Secp256k1.engine(), Hash.engine()]);
  const keccak = (bytes: Uint8Array): Uint8Array => hashes.keccak256(bytes);
  return {
    keccak,
    privateKey: (index) => keccak(concat(Uint8Array.of(7), uintToBytes(BigInt(index), 8))),
    account: (privateKey) => keccak(curve.getPublicKey(privateKey).subarray(1)).slice(12),
    sign(privateKey, digest) {
      const signed = curve.sign(digest, privateKey, { prehash: false, extraEntropy: false });
      // The engine puts the recovery id first; wallets put it last, as 27 or 28.
      return concat(signed.subarray(1), Uint8Array.of((signed[0] ?? 0) + 27));
    },
  };
}
