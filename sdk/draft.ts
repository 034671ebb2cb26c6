import { recoverTypedDataAddress } from "viem";
import { bindingTypedData, type SignedBinding } from "../protocol/binding.ts";
import { bytesToUint, equalBytes, toHex, type Hex } from "../protocol/bytes.ts";
import { codedId } from "../protocol/codedId.ts";
import { contentContext } from "../protocol/contentContext.ts";
import type { Suite } from "../protocol/hpke.ts";
import {
  encodeBody,
  requestId,
  type ContentHeader,
  type DealTerms,
  type Party,
  type RequestBody,
  type SealedPart,
} from "../protocol/request.ts";
import { sealContent } from "../protocol/seal.ts";
import { sizeClassOf } from "../protocol/padding.ts";
import { failure } from "./errors.ts";
import { bytesOf, random } from "./hex.ts";
import type { Draft, DraftContent, DraftInput, NetworkInfo } from "./types.ts";
import type { Vault } from "./vault.ts";

const VALID_S = 600;
const SETTLE_S = 3_600;

export interface DraftPorts {
  readonly vault: Vault;
  readonly network: NetworkInfo;
  readonly bindingOf: (account: Hex) => Promise<SignedBinding>;
}

/**
 * Turns what people want into the exact bytes that they sign. Each content is sealed for the parties on whose chains it
 * lands. The own coded identifier is derived, so that it can be found again; the others' are random: a client cannot
 * know other people's keys, and they find the transaction on their chains.
 */
export async function draft(input: DraftInput, ports: DraftPorts): Promise<Draft> {
  const { network, vault } = ports;
  const bindings = await Promise.all(input.parties.map(({ account }) => verifiedBinding(account, ports)));
  const nonce = random(16);
  const ledger = bytesOf(network.ledger);
  const parties = bindings.map((binding, i): Party => {
    const { role, content } = input.parties[i] ?? { role: "witness" as const };
    const own = equalBytes(binding.account, vault.account);
    return {
      account: binding.account,
      chainId: binding.chainId,
      codedId: own
        ? codedId(vault.keys.cidKey, { chainId: BigInt(network.chainId), contract: ledger, nonce })
        : random(32),
      role,
      ...(content === undefined ? {} : { content }),
    };
  });
  const sealed = await Promise.all(
    (input.contents ?? []).map((content, index) => {
      const readers = bindings.filter((_, i) => input.parties[i]?.content === index);
      return seal(content, readers, vault);
    }),
  );
  const validUntil = Math.floor(Date.now() / 1000) + (input.validForS ?? VALID_S);
  const body: RequestBody = {
    kind: input.kind,
    chain: network.chainId,
    ledger,
    nonce,
    validUntil,
    parties,
    salt: random(32),
    contents: sealed.map(({ header }) => header),
    reference: input.reference ?? "",
    ...(input.kind === "data" ? {} : { deal: dealOf(input, validUntil) }),
    ...(input.purchase === undefined
      ? {}
      : { purchase: { ...input.purchase, serviceId: bytesOf(input.purchase.serviceId) } }),
  };
  const bodyBytes = encodeBody(body);
  return { id: toHex(requestId(bodyBytes)), body, bodyBytes, parts: sealed.map(({ part }) => part) };
}

/** Nobody seals to keys that their owner's wallet has not signed, whoever served them. */
export async function verifiedBinding(account: Hex, ports: Pick<DraftPorts, "bindingOf">): Promise<SignedBinding> {
  const binding = await ports.bindingOf(account);
  const signer = await recoverTypedDataAddress({
    ...bindingTypedData(binding),
    signature: toHex(binding.signature),
  }).catch(() => undefined);
  const claimed = bytesOf(account);
  const genuine = signer !== undefined && equalBytes(bytesOf(signer), claimed) && equalBytes(binding.account, claimed);
  if (!genuine) throw failure("KEYS_NOT_SIGNED");
  return binding;
}

function dealOf(input: DraftInput, validUntil: number): DealTerms {
  return {
    validAfter: 0,
    validUntil: validUntil + (input.settleWithinS ?? SETTLE_S),
    nonce: bytesToUint(random(8)),
    legs: (input.legs ?? []).map(({ token, from, to, amount }) => ({
      token: bytesOf(token),
      from: bytesOf(from),
      to: bytesOf(to),
      amount,
    })),
    termsSalt: random(32),
  };
}

async function seal(
  content: DraftContent,
  readers: readonly SignedBinding[],
  vault: Vault,
): Promise<{ readonly header: ContentHeader; readonly part: SealedPart }> {
  if (sizeClassOf(content.bytes.length) === undefined) throw failure("TOO_LARGE");
  const { category, jurisdiction = "NONE", retentionClass = "default" } = content;
  const labels = { category, jurisdiction, retentionClass };
  const blockId = random(32);
  const sealed = await sealContent({
    plaintext: content.bytes,
    blockId,
    context: contentContext(labels),
    readers: readers.map((reader) => ({
      readerKeyId: reader.readerKeyId,
      role: equalBytes(reader.account, vault.account) ? ("owner" as const) : ("party" as const),
      suite: reader.suite as Suite,
      keyEpoch: reader.epoch,
      publicKey: reader.publicKey,
    })),
  });
  const { ciphertext, envelopes, sizeClass, kcom, ctHash, envRoot } = sealed;
  return { header: { ...labels, sizeClass, blockId, kcom, ctHash, envRoot }, part: { ciphertext, envelopes } };
}
