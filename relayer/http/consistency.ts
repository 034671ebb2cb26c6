import type { ServerResponse } from "node:http";
import type { NextFunction, Request, Response } from "express";
import { fromHex } from "../../protocol/bytes.ts";
import { decodePosition, encodePosition } from "../../protocol/position.ts";
import { partitionOf } from "../midc/keys.ts";
import type { HttpNode, HttpPorts } from "./door.ts";
import { problem } from "./reply.ts";
import { guarded } from "./router.ts";
import { send } from "./send.ts";
import type { Sessions } from "./session.ts";

/**
 * What a read on this node may rely on. Without a word: what this node has applied. With `atLeast=<position>`: at least
 * what the node that gave the position had applied, so people read what they wrote whichever node they ask. With
 * `strong=true`: everything that anybody was told before the read.
 */

export const POSITION_HEADER = "midchain-position";
const BEHIND_MS_MAX = 5_000;

type Node = Pick<HttpNode, "replica" | "cluster" | "keyring">;

/** How far this node is: every answer says it, so that no later read goes back. A node that stands alone says nothing. */
export function markPosition(node: Node, response: Pick<ServerResponse, "setHeader">): void {
  if (node.cluster === undefined) return;
  const { partitions, applied } = node.replica;
  response.setHeader(POSITION_HEADER, encodePosition(Array.from({ length: partitions }, (_, p) => applied(p))));
}

export function consistentReads(node: Node, ports: HttpPorts & { readonly sessions: Pick<Sessions, "accountOf"> }) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    if (node.cluster !== undefined) {
      // The header must be there before the body is sent; by then everything the answer shows is applied here.
      const end = response.end.bind(response) as (...parts: unknown[]) => Response;
      response.end = ((...parts: unknown[]) => {
        if (!response.headersSent) markPosition(node, response);
        return end(...parts);
      }) as typeof response.end;
    }
    if (request.method !== "GET") {
      next();
      return;
    }
    const reply = await guarded(async () => {
      const { atLeast, strong } = request.query;
      if (typeof atLeast === "string") {
        const position = decodePosition(atLeast);
        if (position === undefined) return problem("BAD_REQUEST", { cause: "query.atLeast: not a position" });
        if (!(await within(catchUpTo(node, position)))) return problem("BEHIND");
      }
      if (strong !== "true") return undefined;
      const fences = Promise.all(concerned(request, node, ports).map((partition) => node.replica.fence(partition)));
      return (await within(fences)) ? undefined : problem("BEHIND");
    }, ports.log);
    if (reply === undefined) next();
    else send(response, reply);
  };
}

const catchUpTo = ({ replica }: Node, position: readonly number[]): Promise<unknown> =>
  Promise.all(position.slice(0, replica.partitions).map((seq, partition) => replica.reached(partition, seq)));

/** The partitions a read looks at: the transaction's home, the account's own; all of them where the path names neither. */
function concerned(request: Request, node: Node, ports: { readonly sessions: Pick<Sessions, "accountOf"> }): number[] {
  const { partitions } = node.replica;
  const named = /^\/transactions\/(0x[0-9a-fA-F]{64})/.exec(request.path)?.[1];
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
  const account = token === undefined ? undefined : ports.sessions.accountOf(token);
  const ids = [
    ...(named === undefined ? [] : [fromHex(named) ?? new Uint8Array(32)]),
    ...(account === undefined ? [] : [node.keyring.ownerTag(account)]),
  ];
  const found = [...new Set(ids.map((id) => partitionOf(id, partitions)))];
  return found.length > 0 ? found : Array.from({ length: partitions }, (_, p) => p);
}

async function within(work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, BEHIND_MS_MAX, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
