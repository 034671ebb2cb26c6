import { grantContentHash } from "../protocol/approval.ts";
import type { SignedBinding } from "../protocol/binding.ts";
import { toHex, type Hex } from "../protocol/bytes.ts";
import { decodePendingBody } from "../protocol/body.ts";
import { unwrapDek, wrapDek } from "../protocol/envelope.ts";
import type { Purpose } from "../protocol/grant.ts";
import type { Suite } from "../protocol/hpke.ts";
import { decodeBody, decodeEnvelopes, encodeEnvelopes, type ContentHeader } from "../protocol/request.ts";
import type { Approve } from "./approve.ts";
import { openSealed, ownEnvelope, type ChainBlock } from "./chain.ts";
import { failure } from "./errors.ts";
import { bytesOf } from "./hex.ts";
import type { Session } from "./session.ts";
import type { Vault } from "./vault.ts";
import type { Wire } from "./wire.ts";

export interface GrantInput {
  readonly reader: Hex;
  readonly txIds: readonly Hex[];
  readonly notAfter: Date;
  readonly purpose: Purpose;
}

interface GrantPorts {
  readonly wire: Wire;
  readonly session: Pick<Session, "token">;
  readonly vault: Vault;
}

/** Seals the data keys of own contents to one more reader. The contents are not sealed again. */
export async function grant(
  input: GrantInput,
  ports: GrantPorts & {
    readonly reader: SignedBinding;
    readonly blocks: readonly ChainBlock[];
    readonly approve: Approve;
  },
): Promise<{ readonly blockId: Hex }> {
  const envelopes = await Promise.all(
    input.txIds.map(async (txId) => {
      const block = ports.blocks.find((candidate) => candidate.kind === "pending" && candidate.txId === txId);
      return { txId, envelope: toHex(await envelopeFor(block, ports)) };
    }),
  );
  const { reader, purpose } = input;
  const notAfter = Math.floor(input.notAfter.getTime() / 1000);
  const approval = await ports.approve({
    action: "grant access",
    reader: bytesOf(reader),
    notAfter,
    purpose,
    contentHash: grantContentHash(
      envelopes.map(({ txId, envelope }) => ({ txId: bytesOf(txId), envelope: bytesOf(envelope) })),
    ),
  });
  const json = { reader, notAfter, purpose, envelopes, approval };
  return ports.wire.send({ method: "POST", path: "/grants", token: await ports.session.token(), json });
}

/** Ends a reader's access. */
export async function revoke(
  reader: Hex,
  { wire, session, approve }: Pick<GrantPorts, "wire" | "session"> & { readonly approve: Approve },
): Promise<{ readonly blockId: Hex }> {
  const approval = await approve({
    action: "revoke access",
    reader: bytesOf(reader),
    notAfter: 0,
    purpose: "other",
    contentHash: new Uint8Array(32),
  });
  return wire.send({ method: "DELETE", path: `/grants/${reader}`, token: await session.token(), json: { approval } });
}

async function envelopeFor(
  block: ChainBlock | undefined,
  { vault, reader }: { readonly vault: Vault; readonly reader: SignedBinding },
): Promise<Uint8Array> {
  if (block?.body === undefined) throw failure("NOT_MINE");
  const body = decodePendingBody(block.body);
  const request = decodeBody(body.bodyBytes);
  const index = request.parties[body.party]?.content;
  const header = index === undefined ? undefined : request.contents[index];
  if (header === undefined || body.part === undefined) throw failure("NOT_MINE");
  const { envelope, seed } = ownEnvelope(body.part.envelopes, vault);
  const dek = await unwrapDek(envelope, header, seed);
  const { readerKeyId, epoch: keyEpoch, publicKey } = reader;
  try {
    const suite = reader.suite as Suite;
    return encodeEnvelopes([await wrapDek(dek, header, { readerKeyId, role: "grantee", suite, keyEpoch, publicKey })]);
  } finally {
    dek.fill(0);
  }
}

export interface SharedContent {
  readonly txId: Hex;
  readonly header: ContentHeader;
  readonly content: Uint8Array;
}

interface ServedShare {
  readonly notAfter: number;
  readonly contents: readonly {
    readonly txId: Hex;
    readonly header: Omit<ContentHeader, "blockId" | "kcom" | "ctHash" | "envRoot"> & {
      readonly blockId: Hex;
      readonly kcom: Hex;
      readonly ctHash: Hex;
      readonly envRoot: Hex;
    };
    readonly ciphertext: Hex;
    readonly envelope: Hex;
  }[];
}

/** Opens what an owner has granted. */
export async function shared(owner: Hex, { wire, session, vault }: GrantPorts): Promise<readonly SharedContent[]> {
  const page = await wire.get<ServedShare>(`/shared/${owner}`, await session.token());
  return Promise.all(
    page.contents.map(async (served) => {
      const header: ContentHeader = {
        ...served.header,
        blockId: bytesOf(served.header.blockId),
        kcom: bytesOf(served.header.kcom),
        ctHash: bytesOf(served.header.ctHash),
        envRoot: bytesOf(served.header.envRoot),
      };
      const own = ownEnvelope(decodeEnvelopes(bytesOf(served.envelope)), vault);
      const content = await openSealed({ header, ciphertext: bytesOf(served.ciphertext), ...own });
      return { txId: served.txId, header, content };
    }),
  );
}
