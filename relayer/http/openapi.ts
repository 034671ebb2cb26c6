import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject } from "zod-openapi";
import type { Route } from "./route.ts";
import { problemSchema } from "./schemas.ts";

const problemAnswer = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** What every read takes besides its own (consistency.ts). */
const reading = z.object({
  atLeast: z
    .string()
    .optional()
    .meta({ description: "A `midchain-position`: read at least what that answer had seen." }),
  strong: z.literal("true").optional().meta({ description: "Read everything that anybody was told before." }),
});

/** The OpenAPI 3.1 document of the very table that the router runs. */
export function openApiOf(routes: readonly Route[], server: string): unknown {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const row of routes) (paths[`/v1${row.path}`] ??= {})[row.method] = operationOf(row);
  return createDocument({
    openapi: "3.1.0",
    info: {
      title: "Midchain relayer",
      version: "1",
      description:
        "Private multi-party transactions with public proofs. Errors are RFC 9457 problems with a stable code, the cause and the fix. Server-sent events: GET /v1/events.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: server }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { session: { type: "http", scheme: "bearer", description: "from POST /v1/session" } },
    },
  });
}

interface Answered {
  readonly description: string;
  readonly content?: Record<string, { schema: z.ZodType }>;
}

function operationOf(row: Route): ZodOpenApiOperationObject {
  const words = row.path.replaceAll(/[{}]/g, "").split("/").filter(Boolean);
  const answers = Object.entries(row.answers).map(([status, { what, schema, type }]): [string, Answered] => [
    status,
    { description: what, ...(schema === undefined ? {} : { content: { [type ?? "application/json"]: { schema } } }) },
  ]);
  const body =
    row.body !== undefined
      ? { required: true, content: { "application/json": { schema: row.body } } }
      : row.rawBytesMax !== undefined
        ? { required: true, content: { "application/cbor": { schema: { type: "string" as const, format: "binary" } } } }
        : undefined;
  return {
    operationId: [row.method, ...words].join("_"),
    summary: row.summary,
    tags: [row.tag],
    security: row.session ? [{ session: [] }] : [],
    requestParams: {
      ...(row.params === undefined ? {} : { path: row.params }),
      ...(row.method === "get" ? { query: (row.query ?? z.object({})).extend(reading.shape) } : {}),
      ...(row.method !== "get" && row.query !== undefined ? { query: row.query } : {}),
    },
    ...(body === undefined ? {} : { requestBody: body }),
    responses: {
      ...Object.fromEntries(answers),
      "4XX": problemAnswer("refused; `code`, `cause` and `fix` say why and what to do"),
      "5XX": problemAnswer("a fault of the node"),
    },
  };
}
