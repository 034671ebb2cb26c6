import { encodeFunctionData, parseAbi, parseEventLogs, type Hex, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { settlementEngineAbi } from "../../../protocol/abi/SettlementEngine.ts";
import { fromHex, toHex } from "../../../protocol/bytes.ts";
import { keepNewest } from "../../ops/newest.ts";
import type { Clock, ItemOutcome, Journal, Ledger, Sending } from "../../ports.ts";
import { encodeItems, encodeSubmit, gasLimit, reasonName } from "./items.ts";
import { Outbox, type SendPolicy } from "./outbox.ts";
import { ask, connectRpc } from "./rpc.ts";
import { Watch, type Finality } from "./watch.ts";

export interface ChainOptions {
  readonly rpcUrls: readonly string[];
  readonly chain: number;
  readonly ledger: Uint8Array;
  readonly engine: Uint8Array;
  readonly senderKey: Hex;
  readonly finality: Finality;
  readonly fromBlock: bigint;
  readonly pollMs: number;
  readonly policy: SendPolicy;
}

export interface ViemLedger extends Ledger {
  readonly client: PublicClient;
  readonly outbox: Outbox;
  readonly watch: Watch;
  /** Whether a contract account accepts a signature (ERC-1271). */
  readonly acceptedByContract: (account: Uint8Array, digest: Uint8Array, signature: Uint8Array) => Promise<boolean>;
  /** What a transaction cost whose outcomes were read here lately. */
  readonly gasUsed: (txHash: Uint8Array) => number | undefined;
  readonly stop: () => Promise<void>;
}

const GAS_REMEMBERED_MAX = 1_000;

/** The chain over JSON-RPC: one watch on the ledger's events, one outbox for the sending account. */
export function openViemLedger(
  options: ChainOptions,
  ports: { readonly journal: Journal; readonly clock: Clock },
): ViemLedger {
  const client = connectRpc(options.rpcUrls);
  const account = privateKeyToAccount(options.senderKey);
  const { ledger, finality, fromBlock } = options;
  const watch = new Watch({ client, ledger, finality, fromBlock });
  const outbox = new Outbox(options.policy, {
    client,
    account,
    chain: options.chain,
    ...ports,
    onMined: (receipt) => {
      watch.noteReceipt(receipt.logs);
    },
  });
  const gas = new Map<Hex, number>();
  const stopping = new AbortController();
  const running = [
    watch.run(options.pollMs, ports.clock, stopping.signal),
    tend(outbox, { ...options, watch }, ports.clock, stopping.signal),
  ];
  return {
    client,
    outbox,
    watch,
    encodeItems,
    find: (partition, seq) => Promise.resolve(watch.find(partition, seq)),
    async outcomes(txHash) {
      const read = await readOutcomes(client, { txHash: toHex(txHash), engine: toHex(options.engine) });
      gas.set(toHex(txHash), read.gasUsed);
      keepNewest(gas, GAS_REMEMBERED_MAX);
      return read;
    },
    gasUsed: (txHash) => gas.get(toHex(txHash)),
    submit: (key, call) =>
      outbox.send({ key, to: toHex(options.ledger), data: encodeSubmit(call), gas: gasLimit(call) }),
    sending: (key): Sending | undefined => outbox.sending(key),
    onHead: (listener) => watch.onHead(listener),
    acceptedByContract: (signer, digest, signature) => acceptedByContract(client, { signer, digest, signature }),
    async stop() {
      stopping.abort();
      await Promise.allSettled(running);
    },
  };
}

async function tend(
  outbox: Outbox,
  options: { readonly pollMs: number; readonly watch: Watch },
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // A failing endpoint shows in the watch's lastError; nothing is lost by looking again later.
    await outbox.tend(options.watch.finalized).catch(() => undefined);
    await clock.sleep(options.pollMs, signal);
  }
}

async function readOutcomes(
  client: PublicClient,
  at: { readonly txHash: Hex; readonly engine: Hex },
): Promise<{ readonly outcomes: readonly ItemOutcome[]; readonly gasUsed: number }> {
  const receipt = await ask(() => client.getTransactionReceipt({ hash: at.txHash }));
  const logs = receipt.logs.filter((log) => log.address.toLowerCase() === at.engine);
  const events = parseEventLogs({ abi: settlementEngineAbi, logs, eventName: ["DealSettled", "DealFailed"] });
  const outcomes = events.map((event): ItemOutcome => {
    const dealId = fromHex(event.args.dealId) ?? new Uint8Array(32);
    if (event.eventName === "DealSettled") return { dealId, status: 1, reason: new Uint8Array(0), reasonName: "" };
    const { status, reason } = event.args;
    return { dealId, status, reason: fromHex(reason) ?? new Uint8Array(0), reasonName: reasonName(reason) };
  });
  return { outcomes, gasUsed: Number(receipt.gasUsed) };
}

const ERC1271_MAGIC = "0x1626ba7e";
const ERC1271_GAS_MAX = 200_000n;
const ERC1271_ABI = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);

async function acceptedByContract(
  client: PublicClient,
  claim: { readonly signer: Uint8Array; readonly digest: Uint8Array; readonly signature: Uint8Array },
): Promise<boolean> {
  const address = toHex(claim.signer);
  const code = await ask(() => client.getCode({ address }));
  if (code === undefined || code === "0x") return false;
  const data = encodeFunctionData({ abi: ERC1271_ABI, args: [toHex(claim.digest), toHex(claim.signature)] });
  try {
    const answer = await client.call({ to: address, data, gas: ERC1271_GAS_MAX });
    return answer.data?.toLowerCase() === ERC1271_MAGIC.padEnd(66, "0");
  } catch {
    // It reverted or ran out of gas: that is a no.
    return false;
  }
}
