import { ed25519 } from "@noble/curves/ed25519.js";
import type { JsonBatchHeader } from "./inclusion.ts";
import { sha256 } from "./sha256.ts";
import { ascii, concat, fromHex, toHex, type Hex } from "./bytes.ts";

/**
 * The proof file: one JSON text, written in exactly one way, signed by the node that issued it. Any changed byte is
 * found, because the text must be what writing its own content gives, and the signature covers that content.
 */

export interface ProofItem {
  readonly index: number;
  readonly dealId: Hex;
  readonly status: number;
  readonly reason: Hex;
  readonly reasonName: string;
  readonly outcomeRoot: Hex;
  readonly proof: readonly Hex[];
}

export interface ProofInclusion extends JsonBatchHeader {
  readonly inputProof: readonly Hex[];
  readonly txHash: Hex;
  readonly blockHash: Hex;
  readonly blockNumber: number;
  readonly item: ProofItem | null;
}

export interface ProofContent {
  readonly type: "midchain-proof/1";
  readonly id: Hex;
  readonly state: "pending" | "completed" | "failed";
  /** Canonical bytes of the request's body, and what was signed over it. */
  readonly request: Hex;
  readonly signatures: readonly Hex[];
  readonly dealSignatures: readonly Hex[];
  readonly engine: Hex;
  readonly relayerSalt: Hex;
  /** Headers of the holder's own blocks of this transaction: pending, then the outcome. */
  readonly blocks: readonly Hex[];
  readonly inclusion: ProofInclusion | null;
  readonly issuedAt: string;
  /** The issuing node's Ed25519 public key. */
  readonly node: Hex;
}

export interface ProofFile extends ProofContent {
  readonly signature: Hex;
}

const TAG = ascii("MIDC/v1 proof");
const FILE_CHARS_MAX = 512 * 1024;

const contentText = (content: ProofContent): string => {
  const {
    type,
    id,
    state,
    request,
    signatures,
    dealSignatures,
    engine,
    relayerSalt,
    blocks,
    inclusion,
    issuedAt,
    node,
  } = content;
  return JSON.stringify({
    type,
    id,
    state,
    request,
    signatures,
    dealSignatures,
    engine,
    relayerSalt,
    blocks,
    inclusion,
    issuedAt,
    node,
  });
};

const digestOf = (content: ProofContent): Uint8Array =>
  sha256(concat(TAG, new TextEncoder().encode(contentText(content))));

export function signProof(content: ProofContent, sign: (message: Uint8Array) => Uint8Array): ProofFile {
  return { ...content, signature: toHex(sign(digestOf(content))) };
}

export const writeProof = (file: ProofFile): string => {
  const { signature, ...content } = file;
  return `${JSON.stringify({ ...(JSON.parse(contentText(content)) as object), signature }, undefined, 2)}\n`;
};

export type ReadProof =
  { readonly kind: "proof"; readonly file: ProofFile } | { readonly kind: "unreadable"; readonly reason: string };

/** Takes a proof text apart; only text that `writeProof` would write, with a genuine signature, is a proof. */
export function readProof(text: string): ReadProof {
  if (text.length > FILE_CHARS_MAX) return unreadable(`the file is longer than ${FILE_CHARS_MAX} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return unreadable("the file is not JSON");
  }
  if (!isProofFile(parsed)) return unreadable("the file does not have the fields of a midchain-proof/1");
  if (writeProof(parsed) !== text)
    return unreadable("the file is not written the way a proof is: something was changed");
  const [node, signature] = [fromHex(parsed.node), fromHex(parsed.signature)];
  if (node?.length !== 32 || signature?.length !== 64 || !isGenuine(parsed, node, signature)) {
    return unreadable("the issuing node's signature does not fit the content: something was changed");
  }
  return { kind: "proof", file: parsed };
}

const unreadable = (reason: string): ReadProof => ({ kind: "unreadable", reason });

function isGenuine(file: ProofFile, node: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, digestOf(file), node, { zip215: false });
  } catch {
    return false;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isHex = (value: unknown): value is Hex =>
  typeof value === "string" && fromHex(value) !== undefined && value === value.toLowerCase();
const isHexList = (value: unknown): boolean => Array.isArray(value) && value.length <= 64 && value.every(isHex);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;
const fits = (value: unknown, shape: Shape): boolean =>
  isRecord(value) &&
  Object.keys(value).length === Object.keys(shape).length &&
  Object.entries(shape).every(([name, holds]) => holds(value[name]));

const itemShape: Shape = {
  index: isCount,
  dealId: isHex,
  status: isCount,
  reason: isHex,
  reasonName: (value) => typeof value === "string",
  outcomeRoot: isHex,
  proof: isHexList,
};
const inclusionShape: Shape = {
  partition: isHex,
  seq: isCount,
  prev: isHex,
  root: isHex,
  count: isCount,
  itemsHash: isHex,
  inputProof: isHexList,
  txHash: isHex,
  blockHash: isHex,
  blockNumber: isCount,
  item: (value) => value === null || fits(value, itemShape),
};
const fileShape: Shape = {
  type: (value) => value === "midchain-proof/1",
  id: isHex,
  state: (value) => value === "pending" || value === "completed" || value === "failed",
  request: isHex,
  signatures: isHexList,
  dealSignatures: isHexList,
  engine: isHex,
  relayerSalt: isHex,
  blocks: isHexList,
  inclusion: (value) => value === null || fits(value, inclusionShape),
  issuedAt: (value) => typeof value === "string",
  node: isHex,
  signature: isHex,
};

const isProofFile = (value: unknown): value is ProofFile => fits(value, fileShape);
