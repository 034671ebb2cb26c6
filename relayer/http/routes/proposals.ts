import { z } from "zod";
import { createProposals, type Proposals } from "../../flow/proposals.ts";
import type { HttpNode, HttpPorts } from "../door.ts";
import { json, problem, refusalProblem } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { acceptedSchema, hexText, hexUpTo, txIdParams } from "../schemas.ts";
import { SUBMISSION_BYTES_MAX, type Submit } from "../submit.ts";

const SIGNATURE_BYTES_MAX = 1024;

const proposalSchema = z
  .object({ id: hexText, at: z.int(), kind: z.string(), signed: z.array(z.boolean()) })
  .meta({ id: "Proposal", description: "Kept in this node's memory, a day at most." });

/** Collecting the parties' signatures, for people who are not at one table. */
export function proposalRoutes(
  node: Pick<HttpNode, "replica">,
  { clock, submit }: Pick<HttpPorts, "clock"> & { submit: Submit },
): readonly Route[] {
  const proposals = createProposals(clock);
  node.replica.onHappened((happened) => {
    if (happened.kind === "erased") proposals.forget(happened.chainId);
  });
  return [...readingRoutes(proposals), ...signingRoutes(proposals, submit)];
}

function readingRoutes(proposals: Proposals): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/proposals",
      tag: "proposals",
      summary: "What waits for the caller's signature",
      session: true,
      answers: { 200: { what: "oldest first", schema: z.object({ proposals: z.array(proposalSchema) }) } },
      handle: ({ account }) => json({ proposals: proposals.waitingFor(account) }),
    }),
    route({
      method: "get",
      path: "/proposals/{id}",
      tag: "proposals",
      summary: "The submission as far as it is signed, for its parties",
      session: true,
      params: txIdParams,
      answers: { 200: { what: "canonical CBOR", type: "application/cbor", schema: z.string() } },
      handle({ account, params }) {
        const bytes = proposals.read(account, params.id);
        return bytes === undefined ? problem("NO_SUCH_OBJECT") : { kind: "bytes", type: "application/cbor", bytes };
      },
    }),
  ];
}

function signingRoutes(proposals: Proposals, submit: Submit): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/proposals",
      tag: "proposals",
      summary: "Proposes a request: a submission in which missing signatures are empty byte strings",
      session: true,
      rawBytesMax: SUBMISSION_BYTES_MAX,
      answers: { 201: { what: "it waits for the others", schema: z.object({ id: hexText }) } },
      handle({ account, raw }) {
        const proposed = proposals.propose(account, raw);
        return proposed.kind === "refused" ? refusalProblem(proposed) : json({ id: proposed.id }, 201);
      },
    }),
    route({
      method: "post",
      path: "/proposals/{id}/signatures",
      tag: "proposals",
      summary: "Adds the caller's signatures; the last one submits the request",
      session: true,
      params: txIdParams,
      body: z.strictObject({
        signature: hexUpTo(SIGNATURE_BYTES_MAX),
        dealSignature: hexUpTo(SIGNATURE_BYTES_MAX).optional(),
      }),
      answers: {
        200: { what: "others are still to sign", schema: proposalSchema },
        202: { what: "complete and durable", schema: acceptedSchema },
      },
      async handle({ account, params, body }) {
        const signed = proposals.sign(account, params.id, body);
        if (signed === undefined) return problem("NO_SUCH_OBJECT");
        if (signed.complete === undefined) return json(signed.view);
        const reply = await submit(signed.complete, undefined);
        // A refused one stays: a party may sign again, and what cannot be mended expires.
        if (reply.kind !== "problem") proposals.drop(params.id);
        return reply;
      },
    }),
  ];
}
