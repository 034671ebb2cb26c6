import { z } from "zod";
import { toHex } from "../../../protocol/bytes.ts";
import { eraseAccount, readErased } from "../../flow/erase.ts";
import type { HttpNode } from "../door.ts";
import { json, problem, refusalProblem } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { approvalBody, hexOf, hexText, pageQuery, pageSchema } from "../schemas.ts";
import type { Sessions } from "../session.ts";

const CHAIN_ID_BYTES = 16;
const HASH_BYTES = 32;

/** The end of everything that an account has here. */
export const erasureRoutes = (node: HttpNode, sessions: Pick<Sessions, "endAll">): readonly Route[] => [
  erasingRoute(node, sessions),
  erasedRoute(node),
];

function erasingRoute({ enrolment }: HttpNode, sessions: Pick<Sessions, "endAll">): Route {
  return route({
    method: "post",
    path: "/account/erase",
    tag: "account",
    summary: "Erases the caller's chain, keys and grants; headers stay and verify, transactions under way are finished",
    session: true,
    body: z.strictObject({ approval: approvalBody }),
    answers: {
      200: {
        what: "the erased chain, and the tombstone that says so; every session of the account is ended",
        schema: z.object({ chainId: hexText, blockId: hexText, receipt: hexText, state: z.literal("erased") }),
      },
    },
    async handle({ account, body }) {
      const erased = await eraseAccount(account, body.approval, enrolment);
      if (erased.kind === "refused") return refusalProblem(erased);
      sessions.endAll(account);
      const { chainId, blockId, receipt } = erased;
      return json({ chainId: toHex(chainId), blockId: toHex(blockId), receipt: toHex(receipt), state: "erased" });
    },
  });
}

function erasedRoute({ read }: HttpNode): Route {
  return route({
    method: "get",
    path: "/chains/{id}/blocks",
    tag: "chain",
    summary: "What is left of an erased chain, for whoever keeps its receipt: headers, newest first, that still verify",
    session: true,
    params: z.strictObject({ id: hexOf(CHAIN_ID_BYTES) }),
    query: pageQuery.extend({ tombstone: hexOf(HASH_BYTES), receipt: hexOf(HASH_BYTES) }),
    answers: { 200: { what: "a page, without a body in any block", schema: pageSchema } },
    handle({ params, query }) {
      const { tombstone, receipt, limit, cursor } = query;
      const at = { limit, ...(cursor === undefined ? {} : { cursor }) };
      const page = readErased({ chainId: params.id, blockId: tombstone, receipt }, at, read);
      return page === undefined ? problem("NO_SUCH_OBJECT") : json(page);
    },
  });
}
