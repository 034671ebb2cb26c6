import { z } from "zod";
import { toHex } from "../../../protocol/bytes.ts";
import { eraseAccount } from "../../flow/erase.ts";
import type { HttpNode } from "../door.ts";
import { json, refusalProblem } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { approvalBody, hexText } from "../schemas.ts";
import type { Sessions } from "../session.ts";

/** The end of everything that an account has here. */
export const erasureRoutes = ({ enrolment }: HttpNode, sessions: Pick<Sessions, "endAll">): readonly Route[] => [
  route({
    method: "post",
    path: "/account/erase",
    tag: "account",
    summary: "Erases the caller's chain, keys and grants; headers stay and verify, transactions under way are finished",
    session: true,
    body: z.strictObject({ approval: approvalBody }),
    answers: {
      200: {
        what: "the erased chain, and the tombstone that says so; every session of the account is ended",
        schema: z.object({ chainId: hexText, blockId: hexText, state: z.literal("erased") }),
      },
    },
    async handle({ account, body }) {
      const erased = await eraseAccount(account, body.approval, enrolment);
      if (erased.kind === "refused") return refusalProblem(erased);
      sessions.endAll(account);
      return json({ chainId: toHex(erased.chainId), blockId: toHex(erased.blockId), state: "erased" });
    },
  }),
];
