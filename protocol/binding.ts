import { sha256 } from "./sha256.ts";
import { toHex, type Hex } from "./bytes.ts";
import { Reader, Writer } from "./canonical.ts";

/**
 * Which keys speak for a chain: the owner's wallet signs this once per epoch. The genesis block holds the first one, so
 * that a counterparty can tell that the key it seals to is the owner's.
 */
export interface KeyBinding {
  readonly account: Uint8Array;
  readonly chainId: Uint8Array;
  /** HPKE suite of the reading key (protocol/hpke). */
  readonly suite: number;
  readonly publicKey: Uint8Array;
  readonly readerKeyId: Uint8Array;
  /** Ed25519 key for blocks that the owner writes alone. */
  readonly signingKey: Uint8Array;
  readonly epoch: number;
}

export interface SignedBinding extends KeyBinding {
  readonly signature: Uint8Array;
}

const PUBLIC_KEY_BYTES_MAX = 1216;
const SIGNATURE_BYTES_MAX = 1024;

export function encodeBinding(binding: SignedBinding): Uint8Array {
  const w = new Writer()
    .array(8)
    .bytes(binding.account)
    .bytes(binding.chainId)
    .uint(binding.suite)
    .bytes(binding.publicKey);
  return w.bytes(binding.readerKeyId).bytes(binding.signingKey).uint(binding.epoch).bytes(binding.signature).done();
}

/** Throws NotCanonical. */
export function decodeBinding(bytes: Uint8Array): SignedBinding {
  const r = new Reader(bytes);
  r.array(8);
  const binding: SignedBinding = {
    account: r.fixed(20),
    chainId: r.fixed(16),
    suite: r.uint(1),
    publicKey: r.bytes(PUBLIC_KEY_BYTES_MAX),
    readerKeyId: r.fixed(16),
    signingKey: r.fixed(32),
    epoch: r.uint(2 ** 32 - 1),
    signature: r.bytes(SIGNATURE_BYTES_MAX),
  };
  r.end();
  return binding;
}

/** What the wallet signs. No chain id and no contract: the keys do not change with the network. */
export function bindingTypedData(binding: KeyBinding) {
  return {
    domain: { name: "Midchain Key Binding", version: "1" },
    primaryType: "KeyBinding" as const,
    types: {
      KeyBinding: [
        { name: "account", type: "address" },
        { name: "chainId", type: "bytes16" },
        { name: "suite", type: "uint8" },
        { name: "publicKeyHash", type: "bytes32" },
        { name: "readerKeyId", type: "bytes16" },
        { name: "signingKey", type: "bytes32" },
        { name: "epoch", type: "uint32" },
      ],
    },
    message: {
      account: toHex(binding.account),
      chainId: toHex(binding.chainId),
      suite: binding.suite,
      publicKeyHash: toHex(sha256(binding.publicKey)),
      readerKeyId: toHex(binding.readerKeyId),
      signingKey: toHex(binding.signingKey),
      epoch: binding.epoch,
    } satisfies Record<string, Hex | number>,
  };
}
