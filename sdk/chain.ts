import { decodeHeader, type BlockHeader, type BlockKind } from "../protocol/block.ts";
import { decodeBinding, type SignedBinding } from "../protocol/binding.ts";
import { decodeOutcomeBody, decodePendingBody, type OutcomeBody, type PendingBody } from "../protocol/body.ts";
import { equalBytes, toHex, type Hex } from "../protocol/bytes.ts";
import { verifyChain } from "../protocol/chain.ts";
import { contentContext } from "../protocol/contentContext.ts";
import { decodeGrantBody, type GrantBody } from "../protocol/grant.ts";
import {
  decodeBody,
  type ContentHeader,
  type RequestBody,
  type Role,
  type SealedEnvelope,
  type SealedPart,
} from "../protocol/request.ts";
import { openContent } from "../protocol/seal.ts";
import { failure } from "./errors.ts";
import { bytesOf } from "./hex.ts";
import type { Session } from "./session.ts";
import type { Vault } from "./vault.ts";
import type { Wire } from "./wire.ts";

export interface ChainBlock {
  readonly height: number;
  readonly kind: BlockKind;
  readonly hash: Hex;
  readonly txId: Hex;
  readonly header: BlockHeader;
  /** Absent once erased. */
  readonly body?: Uint8Array;
}

export interface MyChain {
  readonly chainId: Hex;
  readonly headHash: Hex;
  /** Oldest first; the genesis block is at 0. */
  readonly blocks: readonly ChainBlock[];
}

interface ServedPage {
  readonly chainId: Hex;
  readonly state: "live" | "erased";
  readonly headHash: Hex;
  readonly cursor?: string;
  readonly blocks: readonly {
    readonly hash: Hex;
    readonly header: Hex;
    readonly body?: { readonly salt: Hex; readonly bytes: Hex };
  }[];
}

const PAGE_BLOCKS = 100;
const SLOTS_HASH_BYTES = 32;

interface ChainPorts {
  readonly wire: Wire;
  readonly session: Pick<Session, "token">;
}

/** Reads the whole chain and checks every link and body before it gives anything out. */
export async function myChain(ports: ChainPorts): Promise<MyChain> {
  return (await readWhole("mine/blocks?", ports)).chain;
}

/** What is left of an erased chain, checked like any other: every header, and no body. */
export async function erasedChain(
  { chainId, blockId, receipt }: { readonly chainId: Hex; readonly blockId: Hex; readonly receipt: Hex },
  ports: ChainPorts,
): Promise<MyChain> {
  const { chain, state } = await readWhole(`${chainId}/blocks?tombstone=${blockId}&receipt=${receipt}&`, ports);
  if (state !== "erased" || chain.blocks.some(({ body }) => body !== undefined)) throw failure("NOT_ERASED");
  return chain;
}

async function readWhole(
  which: string,
  { wire, session }: ChainPorts,
): Promise<{ readonly chain: MyChain; readonly state: ServedPage["state"] }> {
  const served: ServedPage["blocks"][number][] = [];
  let first: ServedPage | undefined;
  let cursor: string | undefined;
  do {
    const query = `limit=${PAGE_BLOCKS}${cursor === undefined ? "" : `&cursor=${cursor}`}`;
    const page = await wire.get<ServedPage>(`/chains/${which}${query}`, await session.token());
    first ??= page;
    served.push(...page.blocks);
    cursor = page.cursor;
  } while (cursor !== undefined);
  served.reverse();
  const blocks = served.map(({ header, body }) => ({
    header: bytesOf(header),
    ...(body === undefined ? {} : { body: { salt: bytesOf(body.salt), bytes: bytesOf(body.bytes) } }),
  }));
  const verdict = verifyChain(blocks);
  if (verdict.kind === "broken") throw failure("CHAIN_BROKEN", `block ${verdict.height}: ${verdict.reason}`);
  if (toHex(verdict.headHash) !== first.headHash) throw failure("CHAIN_BROKEN", "the newest block is not the head");
  const { chainId, headHash, state } = first;
  const opened = blocks.map((block, height) => {
    const header = decodeHeader(block.header);
    const hash = served[height]?.hash ?? "0x";
    const body = block.body === undefined ? {} : { body: block.body.bytes };
    return { height, kind: header.kind, hash, txId: toHex(header.txId), header, ...body };
  });
  return { chain: { chainId, headHash, blocks: opened }, state };
}

/** What a block says, once opened. */
export type OpenedBlock =
  | { readonly kind: "genesis"; readonly binding: SignedBinding }
  | {
      readonly kind: "pending";
      readonly request: RequestBody;
      /** Which of the parties this chain is, and in which role. */
      readonly party: number;
      readonly role: Role;
      readonly header?: ContentHeader;
      /** The decrypted content, where one lies on this chain. */
      readonly content?: Uint8Array;
    }
  | { readonly kind: "completed" | "failed"; readonly outcome: OutcomeBody }
  | { readonly kind: "grant" | "revocation"; readonly grant: GrantBody }
  /** `binding` where the keys themselves were changed; otherwise only the slots around them. */
  | { readonly kind: "keys"; readonly binding?: SignedBinding }
  | { readonly kind: "personal" | "tombstone"; readonly bytes: Uint8Array }
  | { readonly kind: "erased"; readonly was: BlockKind };

export async function open(block: ChainBlock, vault: Vault): Promise<OpenedBlock> {
  const { kind, body } = block;
  if (body === undefined) return { kind: "erased", was: kind };
  switch (kind) {
    case "genesis":
      return { kind, binding: decodeBinding(body) };
    case "pending":
      return openPending(decodePendingBody(body), vault);
    case "completed":
    case "failed":
      return { kind, outcome: decodeOutcomeBody(body) };
    case "grant":
    case "revocation":
      return { kind, grant: decodeGrantBody(body) };
    case "keys":
      return body.length === SLOTS_HASH_BYTES ? { kind } : { kind, binding: decodeBinding(body) };
    case "personal":
    case "tombstone":
      return { kind, bytes: body };
  }
}

/** The content that a draft would put on this vault's chain; undefined where it puts none. */
export async function inspect(
  draft: { readonly bodyBytes: Uint8Array; readonly parts: readonly SealedPart[] },
  vault: Vault,
): Promise<Uint8Array | undefined> {
  const request = decodeBody(draft.bodyBytes);
  const index = request.parties.find((party) => equalBytes(party.account, vault.account))?.content;
  const header = index === undefined ? undefined : request.contents[index];
  const part = index === undefined ? undefined : draft.parts[index];
  if (header === undefined || part === undefined) return undefined;
  return openSealed({ header, ciphertext: part.ciphertext, ...ownEnvelope(part.envelopes, vault) });
}

async function openPending(body: PendingBody, vault: Vault): Promise<OpenedBlock> {
  const request = decodeBody(body.bodyBytes);
  const { role = "witness", content: index } = request.parties[body.party] ?? {};
  const header = index === undefined ? undefined : request.contents[index];
  const base = { kind: "pending", request, party: body.party, role } as const;
  if (header === undefined || body.part === undefined) return base;
  const { ciphertext, envelopes } = body.part;
  const content = await openSealed({ header, ciphertext, ...ownEnvelope(envelopes, vault) });
  return { ...base, header, content };
}

/** The envelope that is addressed to this vault, in this epoch or an earlier one, and what opens it. */
export function ownEnvelope(
  envelopes: readonly SealedEnvelope[],
  vault: Vault,
): { readonly envelope: SealedEnvelope; readonly seed: Uint8Array } {
  for (const { readerKeyId, keys } of [vault, ...vault.past]) {
    const envelope = envelopes.find((candidate) => equalBytes(candidate.readerKeyId, readerKeyId));
    if (envelope !== undefined) return { envelope, seed: keys.kemSeed };
  }
  throw failure("NOT_MINE");
}

export const openSealed = (sealed: {
  readonly header: ContentHeader;
  readonly ciphertext: Uint8Array;
  readonly envelope: SealedEnvelope;
  readonly seed: Uint8Array;
}): Promise<Uint8Array> =>
  openContent({
    ...sealed.header,
    ciphertext: sealed.ciphertext,
    context: contentContext(sealed.header),
    envelope: sealed.envelope,
    seed: sealed.seed,
  });
