import type { Guard } from "./guard.ts";
import type { Pend } from "./pending.ts";
import { request } from "./request.ts";
import type { Refusal } from "./verdict.ts";

export interface Stages {
  readonly guard: Guard;
  readonly pending: Pend;
}

export type Accepted = { readonly kind: "accepted"; readonly id: Uint8Array; readonly known: boolean };

/**
 * The front half of the house in one sentence: request -> guard -> pending. It answers when the transaction is durable
 * on every party's chain, never before. The back half, execute -> complete, belongs to each partition's notary
 * (relayer/notary/notary.ts), which needs nothing but the log to go on from here.
 */
export async function accept(bytes: Uint8Array, stages: Stages): Promise<Accepted | Refusal> {
  const parsed = request(bytes);
  if (parsed.kind === "refused") return parsed;
  const admission = await stages.guard(parsed);
  if (admission.kind === "refused") return admission;
  const late = await stages.pending(parsed, admission);
  if (late !== undefined) return late;
  return { kind: "accepted", id: parsed.id, known: admission.kind === "known" };
}
