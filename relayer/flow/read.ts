import { decodeOutcomeBody, decodePendingBody, type OutcomeBody, type PendingBody } from "../../protocol/body.ts";
import { blockKinds, decodeHeader, headerHash, type BlockKind } from "../../protocol/block.ts";
import { concat, toHex, type Hex } from "../../protocol/bytes.ts";
import { signProof, type ProofFile, type ProofInclusion } from "../../protocol/proofFile.ts";
import { requestKinds } from "../../protocol/request.ts";
import { isErased } from "../midc/erasing.ts";
import { decodePosition, encodePosition, keys, type Position } from "../midc/keys.ts";
import { decodeBlock, decodeHead, decodeStep, type BlockRow } from "../midc/rows.ts";
import { readTx, type Tx } from "../midc/tx.ts";
import type { Clock, Keyring, Sending, StateView } from "../ports.ts";
import type { Explanation, Notary } from "../notary/notary.ts";
import { openBody, type OpenedBody, type ShredKey } from "../privacy/shred.ts";
import type { Vault } from "../privacy/vault.ts";
import type { Network } from "./guard.ts";
import { stateOf, type TxState } from "./state.ts";

export const PAGE_BLOCKS_MAX = 100;

export interface ReadPorts {
  readonly view: StateView;
  readonly vault: Pick<Vault, "shredKey">;
  readonly keyring: Pick<Keyring, "sign" | "nodePublicKey">;
  readonly clock: Pick<Clock, "now">;
  readonly notaryOf: (txId: Uint8Array) => Pick<Notary, "progress" | "explain">;
  readonly nameError: (reason: Uint8Array) => string;
}

/** A transaction as anybody may see it: pseudonyms, states, and where it is notarized. */
export interface TransactionView {
  readonly id: Hex;
  readonly kind: (typeof requestKinds)[number];
  readonly state: TxState;
  readonly acceptedAt: string;
  /** Whether the outcome lies on every party's chain; a little after the state says so. */
  readonly ended: boolean;
  readonly parties: readonly Hex[];
  readonly legs: number;
  readonly reason?: string;
  readonly batch?: { readonly partition: number; readonly seq: number; readonly index: number };
  readonly chain?: {
    readonly txHash: Hex;
    readonly blockNumber: number;
    readonly confirmations: number;
    readonly final: boolean;
  };
  readonly sending?: Sending;
  readonly explanation?: Explanation;
}

export async function readTransaction(id: Uint8Array, ports: ReadPorts): Promise<TransactionView | undefined> {
  const tx = readTx(id, ports.view);
  if (tx === undefined) return undefined;
  const notary = ports.notaryOf(id);
  const { found, sending } =
    tx.batch === undefined ? { found: undefined, sending: undefined } : await notary.progress(tx.batch.seq);
  const progress = found !== undefined ? "mined" : sending !== undefined ? "broadcast" : "unsent";
  const explanation = tx.outcome === undefined ? notary.explain(tx.batch?.seq) : undefined;
  return {
    ...facts(id, tx),
    state: stateOf(tx, progress),
    ...(found === undefined || tx.outcome !== undefined
      ? {}
      : {
          chain: {
            txHash: toHex(found.txHash),
            blockNumber: found.blockNumber,
            confirmations: found.confirmations,
            final: found.final,
          },
        }),
    ...(sending === undefined ? {} : { sending }),
    ...(explanation === undefined ? {} : { explanation }),
  };
}

function facts(id: Uint8Array, tx: Tx): Omit<TransactionView, "state"> {
  const { outcome, batch } = tx;
  return {
    id: toHex(id),
    kind: requestKinds[tx.kind] ?? "data",
    acceptedAt: new Date(tx.at).toISOString(),
    ended: tx.ended,
    parties: tx.parties.map(({ codedId }) => toHex(codedId)),
    legs: tx.legs,
    ...(outcome === undefined || outcome.reason === "" ? {} : { reason: outcome.reason }),
    ...(batch === undefined ? {} : { batch: { partition: tx.begun.partition, ...batch } }),
    ...(outcome === undefined
      ? {}
      : { chain: { txHash: toHex(outcome.txHash), blockNumber: outcome.blockNumber, confirmations: 0, final: true } }),
  };
}

/** A block as its owner gets it: the shred sealing is off, the end-to-end sealing inside is not. */
export interface BlockView {
  readonly height: number;
  readonly kind: BlockKind;
  readonly hash: Hex;
  readonly txId: Hex;
  readonly header: Hex;
  /** Absent once erased. */
  readonly body?: { readonly salt: Hex; readonly bytes: Hex };
}

export interface ChainPage {
  readonly chainId: Hex;
  /** Of an erased one the headers are left. */
  readonly state: "live" | "erased";
  readonly height: number;
  readonly headHash: Hex;
  /** Newest first. */
  readonly blocks: readonly BlockView[];
  /** To be given back for the next older page; absent at the genesis block. */
  readonly cursor?: string;
}

/** A page of a chain, newest first: it walks the links, so a page costs the same however long the chain is. */
export function readChain(
  chainId: Uint8Array,
  page: { readonly cursor?: string; readonly limit: number },
  ports: Pick<ReadPorts, "view" | "vault">,
): ChainPage | undefined {
  const headBytes = ports.view.get(keys.head(chainId));
  if (headBytes === undefined) return undefined;
  const head = decodeHead(headBytes);
  const shredKey = ports.vault.shredKey(chainId);
  let next: Position | undefined = page.cursor === undefined ? head.last : readCursor(page.cursor);
  const blocks: BlockView[] = [];
  while (next !== undefined && blocks.length < Math.min(page.limit, PAGE_BLOCKS_MAX)) {
    const row = blockAt(next, ports.view);
    // A cursor that was not given out for this chain leads nowhere.
    if (row === undefined || toHex(decodeHeader(row.header).chainId) !== toHex(chainId)) break;
    blocks.push(viewOf(row, chainId, shredKey));
    next = row.prev;
  }
  const cursor = next === undefined ? {} : { cursor: Buffer.from(encodePosition(next)).toString("base64url") };
  const state = isErased(head) ? "erased" : "live";
  return { chainId: toHex(chainId), state, height: head.height, headHash: toHex(head.hash), blocks, ...cursor };
}

function readCursor(cursor: string): Position | undefined {
  const bytes = Buffer.from(cursor, "base64url");
  return bytes.length === 12 ? decodePosition(bytes) : undefined;
}

const blockAt = (position: Position, view: StateView): BlockRow | undefined => {
  const bytes = view.get(keys.block(position));
  return bytes === undefined ? undefined : decodeBlock(bytes);
};

/** Outcomes are sealed apart from the pending block of the same chain and transaction (relayer/notary/settle.ts). */
function openRow(row: BlockRow, chainId: Uint8Array, shredKey: ShredKey): OpenedBody | undefined {
  const { kind, txId } = decodeHeader(row.header);
  const outcome = kind === "completed" || kind === "failed";
  return openBody(shredKey, row.sealed, outcome ? concat(chainId, txId, Uint8Array.of(1)) : concat(chainId, txId));
}

function viewOf(row: BlockRow, chainId: Uint8Array, shredKey: ShredKey | undefined): BlockView {
  const header = decodeHeader(row.header);
  const opened = shredKey === undefined ? undefined : openRow(row, chainId, shredKey);
  return {
    height: header.height,
    kind: blockKinds[row.header[1] ?? 0] ?? header.kind,
    hash: toHex(headerHash(row.header)),
    txId: toHex(header.txId),
    header: toHex(row.header),
    ...(opened === undefined ? {} : { body: { salt: toHex(opened.salt), bytes: toHex(opened.bytes) } }),
  };
}

/** What a transaction left on a chain when it was taken; undefined where it has no part in it, or is erased. */
export function readPending(
  chainId: Uint8Array,
  txId: Uint8Array,
  ports: Pick<ReadPorts, "view" | "vault">,
): PendingBody | undefined {
  const step = ports.view.get(keys.step(chainId, txId));
  const place = step === undefined ? undefined : decodeStep(step).pending;
  const row = place === undefined ? undefined : blockAt(place, ports.view);
  const shredKey = ports.vault.shredKey(chainId);
  if (row === undefined || shredKey === undefined || decodeHeader(row.header).kind !== "pending") return undefined;
  const opened = openRow(row, chainId, shredKey);
  return opened === undefined ? undefined : decodePendingBody(opened.bytes);
}

/** The proof of a transaction for the owner of one of its chains; undefined when that chain has no part in it. */
export function issueProof(
  id: Uint8Array,
  chainId: Uint8Array,
  network: Network,
  ports: ReadPorts,
): ProofFile | undefined {
  const step = ports.view.get(keys.step(chainId, id));
  const shredKey = ports.vault.shredKey(chainId);
  const places = step === undefined ? undefined : decodeStep(step);
  if (places?.pending === undefined || shredKey === undefined) return undefined;
  const pendingRow = blockAt(places.pending, ports.view);
  const outcomeRow = places.outcome === undefined ? undefined : blockAt(places.outcome, ports.view);
  const opened = pendingRow === undefined ? undefined : openRow(pendingRow, chainId, shredKey);
  if (pendingRow === undefined || opened === undefined) return undefined;
  const pending: PendingBody = decodePendingBody(opened.bytes);
  const outcomeBody = outcomeRow === undefined ? undefined : openRow(outcomeRow, chainId, shredKey);
  const outcomeKind = outcomeRow === undefined ? "pending" : decodeHeader(outcomeRow.header).kind;
  return signProof(
    {
      type: "midchain-proof/1",
      id: toHex(id),
      state: outcomeKind === "completed" || outcomeKind === "failed" ? outcomeKind : "pending",
      request: toHex(pending.bodyBytes),
      signatures: pending.signatures.map(toHex),
      dealSignatures: pending.dealSignatures.map(toHex),
      engine: toHex(network.engine),
      relayerSalt: toHex(pending.relayerSalt),
      blocks: [pendingRow, ...(outcomeRow === undefined ? [] : [outcomeRow])].map((row) => toHex(row.header)),
      inclusion: outcomeBody === undefined ? null : inclusionOf(decodeOutcomeBody(outcomeBody.bytes), ports.nameError),
      issuedAt: new Date(ports.clock.now()).toISOString(),
      node: toHex(ports.keyring.nodePublicKey),
    },
    (message) => ports.keyring.sign(message),
  );
}

function inclusionOf(body: OutcomeBody, nameError: ReadPorts["nameError"]): ProofInclusion {
  const { batch, item } = body;
  return {
    partition: toHex(batch.partition),
    seq: Number(batch.seq),
    prev: toHex(batch.prev),
    root: toHex(batch.root),
    count: batch.count,
    itemsHash: toHex(batch.itemsHash),
    inputProof: body.inputProof.map(toHex),
    txHash: toHex(body.txHash),
    blockHash: toHex(body.blockHash),
    blockNumber: body.blockNumber,
    item:
      item === undefined
        ? null
        : {
            index: item.index,
            dealId: toHex(item.dealId),
            status: item.status,
            reason: toHex(item.reason),
            reasonName: nameError(item.reason),
            outcomeRoot: toHex(item.outcomeRoot),
            proof: item.proof.map(toHex),
          },
  };
}
