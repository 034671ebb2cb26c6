import { z } from "zod";
import { toHex } from "../../../protocol/bytes.ts";
import { GRANT_TXS_MAX, purposes } from "../../../protocol/grant.ts";
import { grant, revoke, shared } from "../../flow/grant.ts";
import type { HttpNode } from "../door.ts";
import { json, problem, refusalProblem } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { accountParams, approvalBody, hexOf, hexText, hexUpTo } from "../schemas.ts";

const ENVELOPE_BYTES_MAX = 1500;

const sharedSchema = z.object({
  notAfter: z.int(),
  contents: z.array(
    z.object({
      txId: hexText,
      header: z.object({
        category: z.string(),
        jurisdiction: z.string(),
        retentionClass: z.string(),
        sizeClass: z.int(),
        blockId: hexText,
        kcom: hexText,
        ctHash: hexText,
        envRoot: hexText,
      }),
      ciphertext: hexText,
      envelope: hexText,
    }),
  ),
});

/** Giving somebody access to contents of one's own chain, taking it back, and reading what others gave. */
export const grantRoutes = (node: HttpNode): readonly Route[] => [...givingRoutes(node), sharedRoute(node)];

function givingRoutes({ enrolment }: HttpNode): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/grants",
      tag: "grants",
      summary: "Grants a reader contents of the caller's chain until notAfter",
      session: true,
      body: z.strictObject({
        reader: hexOf(20),
        notAfter: z.int().meta({ description: "Unix seconds." }),
        purpose: z.enum(purposes),
        envelopes: z
          .array(z.strictObject({ txId: hexOf(32), envelope: hexUpTo(ENVELOPE_BYTES_MAX) }))
          .min(1)
          .max(GRANT_TXS_MAX),
        approval: approvalBody,
      }),
      answers: { 201: { what: "the grant's block", schema: z.object({ blockId: hexText }) } },
      async handle({ account, body }) {
        const { approval: signed, ...order } = body;
        const granted = await grant(account, { ...order, signed }, enrolment);
        return granted.kind === "refused" ? refusalProblem(granted) : json({ blockId: toHex(granted.blockId) }, 201);
      },
    }),
    route({
      method: "delete",
      path: "/grants/{account}",
      tag: "grants",
      summary: "Ends a reader's access to the caller's chain now",
      session: true,
      params: accountParams,
      body: z.strictObject({ approval: approvalBody }),
      answers: { 200: { what: "the revocation's block", schema: z.object({ blockId: hexText }) } },
      async handle({ account, params, body }) {
        const order = { reader: params.account, signed: body.approval };
        const revoked = await revoke(account, order, enrolment);
        if (revoked.kind === "granted") return json({ blockId: toHex(revoked.blockId) });
        return revoked.rule === "AP-031" ? problem("NO_SUCH_OBJECT") : refusalProblem(revoked);
      },
    }),
  ];
}

function sharedRoute({ enrolment }: HttpNode): Route {
  return route({
    method: "get",
    path: "/shared/{account}",
    tag: "grants",
    summary: "What an owner has granted to the caller",
    session: true,
    params: accountParams,
    answers: { 200: { what: "labels, ciphertexts, and the caller's envelopes", schema: sharedSchema } },
    handle({ account, params }) {
      const page = shared(params.account, account, enrolment);
      if (page === undefined) return problem("NO_SUCH_OBJECT");
      const contents = page.contents.map(({ txId, header, ciphertext, envelope }) => ({
        txId,
        header: {
          ...header,
          blockId: toHex(header.blockId),
          kcom: toHex(header.kcom),
          ctHash: toHex(header.ctHash),
          envRoot: toHex(header.envRoot),
        },
        ciphertext: toHex(ciphertext),
        envelope: toHex(envelope),
      }));
      return json({ notAfter: page.notAfter, contents });
    },
  });
}
