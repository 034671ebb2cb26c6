import { createPublicKey, verify } from "node:crypto";
import { ascii, concat } from "../../protocol/bytes.ts";
import type { Gossip, Keyring } from "../ports.ts";

/** Signed words: 32 bytes public key, 64 bytes signature, then JSON. What no member has signed is not heard. */

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const HEAD_BYTES = KEY_BYTES + SIGNATURE_BYTES;
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

export interface Words {
  readonly tell: (topic: string, word: unknown) => void;
  /** `from` is the speaker's public key; a node does not hear itself. */
  readonly hear: (topic: string, listener: (word: unknown, from: Uint8Array) => void) => () => void;
}

const signed = (topic: string, text: Uint8Array): Uint8Array => concat(ascii(`MIDC/v1 word ${topic} `), text);

export function openWords(
  gossip: Gossip,
  keyring: Pick<Keyring, "nodePublicKey" | "sign">,
  isMember: (publicKey: Uint8Array) => boolean,
): Words {
  const own = Buffer.from(keyring.nodePublicKey);
  return {
    tell(topic, word) {
      const text = new TextEncoder().encode(JSON.stringify(word));
      gossip.tell(topic, concat(own, keyring.sign(signed(topic, text)), text));
    },
    hear: (topic, listener) =>
      gossip.hear(topic, (bytes) => {
        const from = bytes.slice(0, KEY_BYTES);
        if (bytes.length <= HEAD_BYTES || own.equals(from) || !isMember(from)) return;
        const text = bytes.subarray(HEAD_BYTES);
        const key = createPublicKey({ key: Buffer.concat([SPKI, from]), format: "der", type: "spki" });
        if (!verify(null, signed(topic, text), key, bytes.subarray(KEY_BYTES, HEAD_BYTES))) return;
        listener(JSON.parse(new TextDecoder().decode(text)), from);
      }),
  };
}
