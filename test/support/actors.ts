import { hexToBytes, type PrivateKeyAccount } from "viem";
import { bindingTypedData, encodeBinding } from "../../protocol/binding.ts";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { decodeBody, encodeBody, encodeSubmission, requestId, type RequestBody } from "../../protocol/request.ts";
import { dealTypedData, requestTypedData } from "../../protocol/typedData.ts";
import { enrol, startEnrolment } from "../../relayer/flow/enrol.ts";
import type { Network } from "../../relayer/flow/guard.ts";
import { partitionOf } from "../../relayer/midc/keys.ts";
import type { RelayerNode } from "../../relayer/node.ts";
import { random } from "./relayer.ts";

/** Somebody with a wallet and a chain, made by hand below the SDK: for tests of the relayer itself. */
export interface Actor {
  readonly wallet: PrivateKeyAccount;
  readonly account: Uint8Array;
  readonly chainId: Uint8Array;
}

export const bytesOf = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array(0);

export async function enrolActor(wallet: PrivateKeyAccount, node: Pick<RelayerNode, "enrolment">): Promise<Actor> {
  const account = bytesOf(wallet.address);
  const start = startEnrolment(account, node.enrolment);
  const keys = {
    account,
    chainId: start.chainId,
    suite: 0,
    publicKey: random(32),
    readerKeyId: random(16),
    signingKey: random(32),
    epoch: 0,
  };
  const signature = hexToBytes(await wallet.signTypedData(bindingTypedData(keys)));
  const binding = encodeBinding({ ...keys, signature });
  const enrolled = await enrol(
    account,
    { ticket: start.ticket ?? new Uint8Array(0), binding, slots: random(40) },
    node.enrolment,
  );
  if (enrolled.kind === "refused") throw new Error(enrolled.reason);
  return { wallet, account, chainId: enrolled.chainId };
}

export interface MadeRequest {
  readonly id: Uint8Array;
  readonly body: RequestBody;
  readonly bytes: Uint8Array;
}

/** A request between actors, signed by all; with `pay`, the first pays the second. */
export async function makeRequest(
  actors: readonly Actor[],
  network: Network,
  options: {
    readonly pay?: bigint;
    readonly reference?: string;
    readonly change?: Partial<RequestBody>;
    readonly home?: { readonly partition: number; readonly of: number };
  } = {},
): Promise<MadeRequest> {
  const [payer, payee] = actors;
  const nowS = Math.floor(Date.now() / 1000);
  const [token] = network.tokens;
  const legs =
    options.pay === undefined
      ? []
      : [{ token: bytesOf(token ?? ""), from: payer!.account, to: payee!.account, amount: options.pay }];
  const deal = {
    validAfter: 0,
    validUntil: nowS + 7200,
    nonce: BigInt(toHex(random(16))),
    legs,
    termsSalt: random(32),
  };
  const body: RequestBody = {
    kind: options.pay === undefined ? "data" : "payment",
    chain: network.chain,
    ledger: network.ledger,
    nonce: random(16),
    validUntil: nowS + 3600,
    parties: actors.map(({ account, chainId }, i) => ({
      account,
      chainId,
      codedId: random(32),
      role: i === 0 ? "initiator" : "counterparty",
    })),
    salt: random(32),
    contents: [],
    reference: options.reference ?? "",
    ...(options.pay === undefined ? {} : { deal }),
    ...options.change,
  };
  const bodyBytes = encodeBody(options.home === undefined ? body : movedHome(body, options.home));
  const final = decodeBody(bodyBytes);
  const signatures = await Promise.all(
    actors.map(async ({ wallet }) => hexToBytes(await wallet.signTypedData(requestTypedData(bodyBytes, final)))),
  );
  const engine = { chain: network.chain, contract: network.engine };
  const dealSignatures =
    body.deal === undefined || payer === undefined
      ? []
      : [hexToBytes(await payer.wallet.signTypedData(dealTypedData(bodyBytes, body.deal, engine)))];
  return {
    id: requestId(bodyBytes),
    body,
    bytes: encodeSubmission({ bodyBytes, signatures, dealSignatures, parts: [] }),
  };
}

/** The same request with another nonce, until its id falls where it shall. */
function movedHome(body: RequestBody, home: { readonly partition: number; readonly of: number }): RequestBody {
  for (;;) {
    const moved = { ...body, nonce: random(16) };
    if (partitionOf(requestId(encodeBody(moved)), home.of) === home.partition) return moved;
  }
}
