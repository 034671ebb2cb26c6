import { decodePendingBody } from "../protocol/body.ts";
import { toHex, type Hex } from "../protocol/bytes.ts";
import { decodeBody, type ContentHeader, type RequestBody } from "../protocol/request.ts";
import type { ChainBlock } from "./chain.ts";

/** What a relayer can read of a block: everything but the contents, which are sealed from client to client. */
export interface RelayerView {
  readonly header: ChainBlock["header"];
  /** Of a pending block: the typed terms, and the outside of the sealed content. */
  readonly request?: RequestBody;
  readonly sealed?: {
    readonly header: ContentHeader | undefined;
    readonly ciphertext: Uint8Array;
    readonly readers: readonly Hex[];
  };
  /** The body of any other block, which holds no contents. */
  readonly body?: Uint8Array;
}

/** Needs no keys, because it shows what can be read without them. */
export function relayerView({ header, kind, body }: Pick<ChainBlock, "header" | "kind" | "body">): RelayerView {
  if (body === undefined) return { header };
  if (kind !== "pending") return { header, body };
  const pending = decodePendingBody(body);
  const request = decodeBody(pending.bodyBytes);
  if (pending.part === undefined) return { header, request };
  const index = request.parties[pending.party]?.content;
  const { ciphertext, envelopes } = pending.part;
  return {
    header,
    request,
    sealed: {
      header: index === undefined ? undefined : request.contents[index],
      ciphertext,
      readers: envelopes.map(({ readerKeyId }) => toHex(readerKeyId)),
    },
  };
}
