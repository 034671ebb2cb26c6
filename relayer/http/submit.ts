import { toHex } from "../../protocol/bytes.ts";
import { SUBMISSION_BYTES_MAX } from "../../protocol/request.ts";
import { accept } from "../flow/flow.ts";
import { request } from "../flow/request.ts";
import type { HttpNode, HttpOptions, HttpPorts } from "./door.ts";
import { createReceipts } from "./receipts.ts";
import { json, problem, refusalProblem, type Reply } from "./reply.ts";

export const SUBMISSION_TYPE = "application/cbor";
export { SUBMISSION_BYTES_MAX };

export type Submit = (bytes: Uint8Array, idempotencyKey: string | undefined) => Promise<Reply>;

/**
 * The door of the hot path: canonical bytes in, a signed receipt out. The id of a request is its idempotency key, so
 * the header is only a check that both sides mean the same; sending again answers the same id, and `known`.
 */
export function createSubmit(
  node: Pick<HttpNode, "stages" | "keyring">,
  ports: Pick<HttpPorts, "clock"> & Pick<HttpOptions, "onSubmitted">,
): Submit {
  const receiptOf = createReceipts(node.keyring);
  return async (bytes, idempotencyKey) => {
    if (idempotencyKey !== undefined && !isIdOf(idempotencyKey, bytes)) return problem("KEY_MISMATCH");
    const startedAt = performance.now();
    const accepted = await accept(bytes, node.stages);
    const elapsedMs = performance.now() - startedAt;
    if (accepted.kind === "refused") {
      ports.onSubmitted?.({ rule: accepted.rule, elapsedMs });
      return refusalProblem(accepted);
    }
    ports.onSubmitted?.({ elapsedMs });
    const id = toHex(accepted.id);
    const receipt = await receiptOf(accepted.id, ports.clock.now());
    return json({ id, state: "pending", known: accepted.known, receipt }, 202);
  };
}

/** Judged before anything is done; what cannot be parsed has no id, and is refused by the flow in its own words. */
function isIdOf(key: string, bytes: Uint8Array): boolean {
  const parsed = request(bytes);
  if (parsed.kind === "refused") return true;
  const id = toHex(parsed.id);
  return key.toLowerCase() === id || `0x${key.toLowerCase()}` === id;
}
