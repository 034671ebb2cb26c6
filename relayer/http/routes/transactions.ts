import { z } from "zod";
import { writeProof } from "../../../protocol/proofFile.ts";
import { chainOf } from "../../flow/enrol.ts";
import type { Inclusions } from "../../flow/inclusion.ts";
import { issueProof, readChain, readTransaction } from "../../flow/read.ts";
import type { HttpNode } from "../door.ts";
import type { Recent } from "../recent.ts";
import { json, problem } from "../reply.ts";
import { route, type Route } from "../route.ts";
import {
  acceptedSchema,
  hexText,
  limitUpTo,
  pageQuery,
  pageSchema,
  transactionSchema,
  txIdParams,
} from "../schemas.ts";
import { SUBMISSION_BYTES_MAX, type Submit } from "../submit.ts";

const PAGE_TXS_MAX = 100;

/** Taking requests, and reading what became of them. */
export function transactionRoutes(
  node: HttpNode,
  parts: { readonly submit: Submit; readonly recent: Recent; readonly inclusions: Inclusions },
): readonly Route[] {
  return [...publicRoutes(node, parts), inclusionRoute(parts.inclusions), proofRoute(node), chainRoute(node)];
}

function publicRoutes(
  { read }: HttpNode,
  parts: { readonly submit: Submit; readonly recent: Recent },
): readonly Route[] {
  return [
    route({
      method: "post",
      path: "/transactions",
      tag: "transactions",
      summary: "Submits a request: canonical CBOR of protocol/request.ts; its hash is the idempotency key",
      session: false,
      rawBytesMax: SUBMISSION_BYTES_MAX,
      answers: { 202: { what: "durable on every party's chain, with the node's receipt", schema: acceptedSchema } },
      handle: ({ raw }) => parts.submit(raw, undefined),
    }),
    route({
      method: "get",
      path: "/transactions",
      tag: "transactions",
      summary: "Recent transactions, newest first, as anybody may see them",
      session: false,
      query: z.object({
        limit: limitUpTo(PAGE_TXS_MAX),
        cursor: z
          .string()
          .regex(/^\d{1,15}$/)
          .optional(),
      }),
      answers: {
        200: {
          what: "a page",
          schema: z.object({ transactions: z.array(transactionSchema), cursor: z.string().optional() }),
        },
      },
      async handle({ query }) {
        const { ids, cursor } = parts.recent.page(query.limit, query.cursor);
        const views = await Promise.all(ids.map((id) => readTransaction(id, read)));
        const transactions = views.filter((view) => view !== undefined);
        return json({ transactions, ...(cursor === undefined ? {} : { cursor }) });
      },
    }),
    route({
      method: "get",
      path: "/transactions/{id}",
      tag: "transactions",
      summary: "One transaction: its state, where it is notarized, and why it waits",
      session: false,
      params: txIdParams,
      answers: { 200: { what: "the transaction", schema: transactionSchema } },
      async handle({ params }) {
        const view = await readTransaction(params.id, read);
        return view === undefined ? problem("NO_SUCH_OBJECT") : json(view);
      },
    }),
  ];
}

const inclusionSchema = z
  .object({
    id: hexText,
    commitment: hexText,
    index: z.int(),
    partition: hexText,
    seq: z.int(),
    prev: hexText,
    root: hexText,
    count: z.int(),
    itemsHash: hexText,
    path: z.array(hexText),
  })
  .meta({ id: "Inclusion", description: "Hash the commitment up the path, then ask the ledger for the header." });

function inclusionRoute(inclusions: Inclusions): Route {
  return route({
    method: "get",
    path: "/transactions/{id}/inclusion",
    tag: "transactions",
    summary: "Where a transaction lies in its batch, for anybody who wants to check it against the chain",
    session: false,
    params: txIdParams,
    answers: { 200: { what: "the path from its commitment to the root", schema: inclusionSchema } },
    handle({ params }) {
      const inclusion = inclusions.read(params.id);
      return inclusion === undefined ? problem("NO_SUCH_OBJECT", { cause: "no batch holds it yet" }) : json(inclusion);
    },
  });
}

function proofRoute({ read, enrolment, network }: HttpNode): Route {
  return route({
    method: "get",
    path: "/transactions/{id}/proof",
    tag: "transactions",
    summary: "The proof file of a transaction on the caller's own chain",
    session: true,
    params: txIdParams,
    answers: { 200: { what: "a midchain-proof/1 text; keep it byte for byte", schema: z.string() } },
    handle({ account, params }) {
      const chainId = chainOf(account, enrolment);
      const proof = chainId === undefined ? undefined : issueProof(params.id, chainId, network, read);
      if (proof === undefined) return problem("NO_SUCH_OBJECT");
      return { kind: "text", type: "application/json; charset=utf-8", text: writeProof(proof) };
    },
  });
}

function chainRoute({ read, enrolment }: HttpNode): Route {
  return route({
    method: "get",
    path: "/chains/mine/blocks",
    tag: "chain",
    summary: "The caller's own chain, newest block first",
    session: true,
    query: pageQuery,
    answers: { 200: { what: "a page", schema: pageSchema } },
    handle({ account, query }) {
      const chainId = chainOf(account, enrolment);
      const { limit, cursor } = query;
      const at = { limit, ...(cursor === undefined ? {} : { cursor }) };
      const page = chainId === undefined ? undefined : readChain(chainId, at, read);
      return page === undefined ? problem("NO_SUCH_OBJECT", { cause: "the account has no chain" }) : json(page);
    },
  });
}
