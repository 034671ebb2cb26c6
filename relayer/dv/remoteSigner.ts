import { equalBytes } from "../../protocol/bytes.ts";
import { batchDigest, domainSeparator, type Keccak } from "../../protocol/typedData.ts";
import type { Clock } from "../ports.ts";
import type { DvSigner } from "./signer.ts";
import { AT_HEADER, encodeAsk, SIGN_PATH, SIGN_TYPE, TAG_HEADER, tagOf } from "./wire.ts";

/** A paused signer must not hold a batch back longer than this. */
const SIGN_MS_MAX = 2_000;

export interface RemoteSigner {
  readonly url: string;
  /** Whose signature it has to be; anything else is as good as silence. */
  readonly account: Uint8Array;
  readonly secret: string;
  readonly chain: number;
  readonly ledger: Uint8Array;
}

/** A committee member in a process of its own, maybe of another operator. */
export function remoteDvSigner(
  remote: RemoteSigner,
  ports: {
    readonly clock: Pick<Clock, "now">;
    readonly keccak: Keccak;
    readonly recover: (digest: Uint8Array, signature: Uint8Array) => Promise<Uint8Array | undefined>;
  },
): DvSigner {
  const { account, secret } = remote;
  const separator = domainSeparator({ name: "NotaryLedger", chain: remote.chain, contract: remote.ledger });
  const address = new URL(SIGN_PATH, remote.url);
  return {
    account,
    async sign(batch, items) {
      const body = encodeAsk({ batch, items });
      const at = ports.clock.now();
      const response = await fetch(address, {
        method: "POST",
        headers: { "content-type": SIGN_TYPE, [AT_HEADER]: String(at), [TAG_HEADER]: tagOf(secret, at, body) },
        body: body as BodyInit,
        signal: AbortSignal.timeout(SIGN_MS_MAX),
      });
      const answer = new Uint8Array(await response.arrayBuffer());
      if (response.status !== 200) return undefined;
      const signer = await ports.recover(batchDigest(batch, separator, ports.keccak), answer);
      return signer !== undefined && equalBytes(signer, account) ? answer : undefined;
    },
  };
}
