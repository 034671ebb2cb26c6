import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { toHex } from "../../protocol/bytes.ts";
import { NotCanonical } from "../../protocol/canonical.ts";
import type { Clock } from "../ports.ts";
import type { DvSigner } from "./signer.ts";
import { ASK_BYTES_MAX, AT_HEADER, decodeAsk, isTagged, SIGN_PATH, TAG_HEADER } from "./wire.ts";

interface Answer {
  readonly status: number;
  readonly body: Uint8Array | string;
}

const problem = (status: number, code: string): Answer => ({ status, body: JSON.stringify({ status, code }) });

/** The door of a DV signer's process: it signs for those who share its secret, and tells anybody that it lives. */
export function createDvServer(
  options: { readonly secret: string; readonly onFault: (error: unknown) => void },
  ports: { readonly signer: DvSigner; readonly clock: Pick<Clock, "now"> },
): RequestListener {
  return (request, response) => {
    void answer(request, options, ports).then((reply) => {
      send(response, reply);
    });
  };
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const type = typeof body === "string" ? "application/json" : "application/octet-stream";
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(body);
}

async function answer(
  request: IncomingMessage,
  { secret, onFault }: { readonly secret: string; readonly onFault: (error: unknown) => void },
  { signer, clock }: { readonly signer: DvSigner; readonly clock: Pick<Clock, "now"> },
): Promise<Answer> {
  try {
    if (request.method === "GET" && request.url === "/health")
      return { status: 200, body: JSON.stringify({ account: toHex(signer.account) }) };
    if (request.method !== "POST" || request.url !== SIGN_PATH) return problem(404, "NOT_FOUND");
    const body = await bodyOf(request);
    if (body === undefined) return problem(413, "TOO_LARGE");
    const [at, tag] = [Number(request.headers[AT_HEADER]), String(request.headers[TAG_HEADER])];
    if (!isTagged(secret, { at, tag, body, now: clock.now() })) return problem(401, "NOT_OURS");
    const { batch, items } = decodeAsk(body);
    const signature = await signer.sign(batch, items);
    return signature === undefined ? problem(409, "MUST_NOT_SIGN") : { status: 200, body: signature };
  } catch (error) {
    if (error instanceof NotCanonical) return problem(400, "BAD_REQUEST");
    // It could not write down what it would sign, so it signs nothing.
    onFault(error);
    return problem(503, "NOT_NOW");
  }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > ASK_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
