import { z } from "zod";
import { fromHex } from "../../protocol/bytes.ts";
import { SIGNATURE_BYTES_MAX } from "../../protocol/request.ts";
import { PAGE_BLOCKS_MAX } from "../flow/read.ts";

/** Words of the API that several routes share. Bytes are lower-case hex with 0x on the wire, Uint8Array inside. */

const bytesOf = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array(0);

export const hexOf = (size: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${size * 2}}$`), `expected 0x and ${size * 2} hex digits`)
    .transform(bytesOf);

export const hexUpTo = (sizeMax: number) =>
  z
    .string()
    .max(2 + sizeMax * 2)
    .regex(/^0x(?:[0-9a-fA-F]{2})*$/, "expected 0x and an even number of hex digits")
    .transform(bytesOf);

/** The owner's fresh EIP-712 signature over a change (protocol/approval.ts). */
export const approvalBody = z.strictObject({
  signedAt: z.int().min(0).meta({ description: "Unix seconds; at most five minutes ago." }),
  signature: hexUpTo(SIGNATURE_BYTES_MAX),
});

export const hexText = z.string().meta({ examples: ["0x00"] });
export const txIdParams = z.strictObject({ id: hexOf(32) });
export const accountParams = z.strictObject({ account: hexOf(20) });

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    rule: z.string().optional(),
    cause: z.string(),
    fix: z.string(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details with a stable code, the cause and what to do." });

export const receiptSchema = z
  .object({ id: hexText, at: z.int(), node: hexText, path: z.array(hexText), signature: hexText })
  .meta({
    id: "Receipt",
    description:
      "The node's signed word that the transaction is durable; `path` leads to what was signed (protocol/receipt.ts).",
  });

export const acceptedSchema = z
  .object({ id: hexText, state: z.literal("pending"), known: z.boolean(), receipt: receiptSchema })
  .meta({ id: "Accepted" });

export const transactionSchema = z
  .object({
    id: hexText,
    kind: z.enum(["data", "payment", "purchase"]),
    state: z.enum(["pending", "batched", "broadcast", "mined", "completed", "failed"]),
    acceptedAt: z.iso.datetime(),
    ended: z.boolean(),
    parties: z.array(hexText).meta({ description: "Coded identifiers." }),
    legs: z.int(),
    reason: z.string().optional(),
    batch: z.object({ partition: z.int(), seq: z.int(), index: z.int() }).optional(),
    chain: z.object({ txHash: hexText, blockNumber: z.int(), confirmations: z.int(), final: z.boolean() }).optional(),
    sending: z
      .object({
        state: z.enum(["broadcast", "mined", "held"]),
        nonce: z.int(),
        hashes: z.array(hexText),
        lastError: z.string().optional(),
      })
      .optional(),
    explanation: z
      .object({ blockedBy: z.string(), nextAttemptAt: z.int(), lastError: z.string().optional() })
      .optional(),
  })
  .meta({ id: "Transaction", description: "A transaction as anybody may see it." });

/** How many rows a page may have. */
export const limitUpTo = (max: number) => z.coerce.number().int().min(1).max(max).default(Math.min(max, 50));

const blockSchema = z
  .object({
    height: z.int(),
    kind: z.string(),
    hash: hexText,
    txId: hexText,
    header: hexText,
    body: z.object({ salt: hexText, bytes: hexText }).optional(),
  })
  .meta({ id: "Block", description: "body is absent once erased." });

/** A page of a chain, newest block first. */
export const pageQuery = z.object({ limit: limitUpTo(PAGE_BLOCKS_MAX), cursor: z.string().max(32).optional() });
export const pageSchema = z.object({
  chainId: hexText,
  state: z.enum(["live", "erased"]),
  height: z.int(),
  headHash: hexText,
  blocks: z.array(blockSchema),
  cursor: z.string().optional(),
});
