import { randomBytes } from "node:crypto";
import { concat } from "../../protocol/bytes.ts";
import type { Command } from "../../relayer/midc/command.ts";
import type { Keyring } from "../../relayer/ports.ts";
import { sealBody, sealUnder, shredKeyOf, type ShredKey } from "../../relayer/privacy/shred.ts";
import type { LoadSigner } from "./keys.ts";
import { loadChainId } from "./requests.ts";

/** A user as a bench enrols one: bytes of the usual sizes, sealed as an enrolment's are. */
export interface SeededUser {
  readonly chainId: Uint8Array;
  readonly shredKey: ShredKey;
  readonly command: Command;
}

export const random = (size: number): Uint8Array => new Uint8Array(randomBytes(size));

/** What a block of a bench's user says of itself. */
export const labels = {
  category: 0,
  jurisdiction: 0,
  retentionClass: 0,
  day: 20_000,
  codedId: new Uint8Array(32),
} as const;

export function seededUser(
  index: number,
  { keyring, signer }: { readonly keyring: Pick<Keyring, "ownerTag" | "wrap">; readonly signer: LoadSigner },
): SeededUser {
  const ownerTag = keyring.ownerTag(signer.account(signer.privateKey(index)));
  const chainId = loadChainId(ownerTag, index);
  const [shredBytes, txId] = [random(32), random(32)];
  const shredKey = shredKeyOf(shredBytes);
  const genesis = { chainId, kind: "genesis" as const, txId, ...labels };
  const command: Command = {
    kind: "enrol",
    ownerTag,
    shredKey: keyring.wrap(shredBytes, chainId, 1),
    pepper: keyring.wrap(random(32), concat(chainId, Uint8Array.of(1)), 1),
    slots: sealUnder(shredKey, random(120), chainId),
    readerKeyId: random(16),
    binding: sealUnder(shredKey, random(200), chainId),
    genesis: { ...genesis, ...sealBody(shredKey, random(200), concat(chainId, txId)) },
  };
  return { chainId, shredKey, command };
}
