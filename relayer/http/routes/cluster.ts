import { z } from "zod";
import { toHex } from "../../../protocol/bytes.ts";
import type { HttpNode, HttpOptions } from "../door.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { hexText } from "../schemas.ts";

const clusterSchema = z
  .object({
    node: hexText.meta({ description: "The node that answers." }),
    nodes: z.array(
      z.object({
        id: hexText,
        url: z.string(),
        live: z.boolean(),
        heardMsAgo: z.int(),
        executes: z.int(),
        behind: z.int().meta({ description: "Records it has not applied and the answering node has." }),
      }),
    ),
    servers: z.array(z.object({ name: z.string(), version: z.string(), syncAlways: z.boolean(), leads: z.int() })),
    unsafe: z.array(z.object({ cause: z.string(), fix: z.string() })),
    partitions: z.array(
      z.object({
        partition: z.int(),
        stream: z.string(),
        leader: z.string().nullable(),
        replicas: z.array(z.object({ server: z.string(), current: z.boolean(), lag: z.int() })),
        first: z.int().nullable(),
        tail: z.int().nullable(),
        bytes: z.int().nullable().meta({ description: "What the log takes on each server." }),
        applied: z.int(),
        executor: hexText.nullable(),
        state: z.string().meta({ description: "`ok`, or the code of what keeps the partition read-only." }),
      }),
    ),
  })
  .meta({ id: "Cluster" });

/** Who is there, who leads, who works on what, and whether a partition takes appends. */
export function clusterRoutes(node: HttpNode, options: Pick<HttpOptions, "publicUrl">): readonly Route[] {
  return [
    route({
      method: "get",
      path: "/cluster",
      tag: "network",
      summary: "The nodes, the servers below them, and the partitions, as this node sees them",
      session: false,
      answers: { 200: { what: "the cluster; a node that stands alone shows itself", schema: clusterSchema } },
      handle: () => json(node.cluster?.view() ?? alone(node, options.publicUrl())),
    }),
  ];
}

function alone({ keyring, replica }: HttpNode, url: string): z.input<typeof clusterSchema> {
  const id = toHex(keyring.nodeId);
  const none = {
    stream: "",
    leader: null,
    replicas: [],
    first: null,
    tail: null,
    bytes: null,
    executor: id,
    state: "ok",
  };
  return {
    node: id,
    nodes: [{ id, url, live: true, heardMsAgo: 0, executes: replica.partitions, behind: 0 }],
    servers: [],
    unsafe: [],
    partitions: Array.from({ length: replica.partitions }, (_, partition) => ({
      partition,
      ...none,
      applied: replica.applied(partition),
    })),
  };
}
