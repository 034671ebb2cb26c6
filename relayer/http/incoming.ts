import type { IncomingMessage } from "node:http";
import { problem, type Problem } from "./reply.ts";

export type Incoming = { readonly kind: "bytes"; readonly bytes: Uint8Array } | Problem;

/** Reads a body of one type, at most `bytesMax`; stops listening as soon as it is too much. Compressed ones are refused. */
export function readBody(
  request: IncomingMessage,
  expected: { readonly type: string; readonly bytesMax: number },
): Promise<Incoming> {
  const type = (request.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const encoding = request.headers["content-encoding"] ?? "identity";
  if (type !== expected.type || encoding !== "identity") {
    request.resume();
    return Promise.resolve(problem("BAD_TYPE", { fix: `send ${expected.type}, not compressed` }));
  }
  const tooLarge = problem("TOO_LARGE", {
    fix: `send at most ${expected.bytesMax} bytes`,
    headers: { connection: "close" },
  });
  if (Number(request.headers["content-length"] ?? 0) > expected.bytesMax) {
    request.resume();
    return Promise.resolve(tooLarge);
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= expected.bytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        resolve(tooLarge);
      }
    });
    request.on("end", () => {
      const [only] = chunks;
      resolve({ kind: "bytes", bytes: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks) });
    });
    request.on("error", reject);
    request.on("aborted", () => {
      resolve(problem("BAD_REQUEST", { cause: "the body ended too early" }));
    });
  });
}
