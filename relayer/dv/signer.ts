import { equalBytes, toHex } from "../../protocol/bytes.ts";
import { batchDigest, domainSeparator, type BatchHeader, type Keccak } from "../../protocol/typedData.ts";
import type { Journal } from "../ports.ts";

/** One member of the DV committee: a signing key, and a memory of what it has signed. */
export interface DvSigner {
  /** 20 bytes. */
  readonly account: Uint8Array;
  /** Undefined when it must not sign: it has signed another header here, or the items are not the header's. */
  readonly sign: (batch: BatchHeader, items: Uint8Array) => Promise<Uint8Array | undefined>;
}

const ZERO32 = new Uint8Array(32);

/**
 * Signs at most one header per (partition, seq): the header is on disk before the signature exists, so that no crash
 * makes it sign a second one, which would be slashed.
 */
export function createDvSigner(
  identity: {
    readonly account: Uint8Array;
    readonly signDigest: (digest: Uint8Array) => Promise<Uint8Array>;
    readonly chain: number;
    readonly ledger: Uint8Array;
  },
  ports: { readonly journal: Journal; readonly keccak: Keccak },
): DvSigner {
  // Places being written right now: two questions at once about one place must not both find it free.
  const claimed = new Map<string, string>();
  const separator = domainSeparator({ name: "NotaryLedger", chain: identity.chain, contract: identity.ledger });
  return {
    account: identity.account,
    async sign(batch, items) {
      const itemsHash = items.length === 0 ? ZERO32 : ports.keccak(items);
      if (!equalBytes(itemsHash, batch.itemsHash)) return undefined;
      const digest = batchDigest(batch, separator, ports.keccak);
      const place = `${toHex(identity.account)}:${toHex(identity.ledger)}:${toHex(batch.partition)}:${batch.seq}`;
      const header = toHex(digest);
      const signed = ports.journal.get(place) ?? claimed.get(place);
      if (signed !== undefined && signed !== header) return undefined;
      claimed.set(place, header);
      try {
        if (ports.journal.get(place) === undefined) await ports.journal.put([[place, header]]);
      } finally {
        claimed.delete(place);
      }
      return identity.signDigest(digest);
    },
  };
}
