import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createPublicClient, http, parseEther, type Hex } from "viem";
import { notaryLedgerAbi } from "../../protocol/abi/NotaryLedger.ts";
import { createClient, MidchainError, type Client, type DraftInput } from "../../sdk/index.ts";
import { root } from "./run.ts";
import type { Stack } from "./stack.ts";

/** The people and companies of the sample. */
export const SAMPLE_NAMES = ["clinic", "patient", "supplier", "buyer", "carrier", "debtor"] as const;
type Name = (typeof SAMPLE_NAMES)[number];

const AGREEMENTS = 48;

export interface SampleBlock {
  readonly of: string;
  readonly height: number;
  readonly kind: string;
  readonly hash: Hex;
}

export interface SampleTransaction {
  readonly name: string;
  readonly id: Hex;
  readonly kind: string;
  readonly state: string;
  readonly reason?: string;
  readonly rule?: string;
  readonly blocks: readonly SampleBlock[];
  /** Proof texts by the state they were issued in. */
  readonly proofs: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly transactions: readonly SampleTransaction[];
  readonly notarized: number;
  readonly batches: number;
  readonly gasPerNotarized: number;
  readonly partitions: number;
}

interface Story {
  readonly name: string;
  readonly parties: readonly Name[];
  readonly input: (account: AccountOf) => DraftInput;
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

type AccountOf = (name: Name) => Hex;

const leg = (from: Hex, to: Hex, token: Hex, tokens: string) => ({ token, from, to, amount: parseEther(tokens) });

const labResult = (stack: Stack): Story => ({
  name: "lab result, paid",
  parties: ["clinic", "patient"],
  input: (account) => ({
    kind: "payment",
    parties: [
      { account: account("clinic"), role: "issuer", content: 0 },
      { account: account("patient"), role: "payer", content: 0 },
    ],
    contents: [
      {
        bytes: new Uint8Array(readFileSync(join(root, "samples/shc/example-00-e-file.smart-health-card"))),
        category: "medical",
        jurisdiction: "EU",
      },
    ],
    legs: [leg(account("patient"), account("clinic"), stack.token, "45")],
    reference: "LAB A-17",
  }),
});

const deliveryVersusPayment = (stack: Stack): Story => ({
  name: "delivery versus payment",
  parties: ["supplier", "buyer"],
  input: (account) => ({
    kind: "payment",
    parties: [
      { account: account("supplier"), role: "payee" },
      { account: account("buyer"), role: "payer" },
    ],
    legs: [
      leg(account("buyer"), account("supplier"), stack.token, "1200"),
      leg(account("supplier"), account("buyer"), stack.asset, "10"),
    ],
    reference: "PO 88-B",
  }),
});

const threePartyAgreement: Story = {
  name: "three-party agreement",
  parties: ["supplier", "buyer", "carrier"],
  input: (account) => ({
    kind: "data",
    parties: [
      { account: account("supplier"), role: "initiator", content: 0 },
      { account: account("buyer"), role: "counterparty", content: 0 },
      { account: account("carrier"), role: "witness", content: 0 },
    ],
    contents: [
      { bytes: ascii("Carriage of PO 88-B: ex works, insured by the carrier, 14 days."), category: "contract" },
    ],
    reference: "PO 88-B",
  }),
};

const paymentWithoutFunds = (stack: Stack): Story => ({
  name: "payment without funds",
  parties: ["debtor", "supplier"],
  input: (account) => ({
    kind: "payment",
    parties: [
      { account: account("debtor"), role: "payer" },
      { account: account("supplier"), role: "payee" },
    ],
    legs: [leg(account("debtor"), account("supplier"), stack.token, "1000000")],
  }),
});

const bankAccountInClear: Story = {
  name: "bank account in clear text",
  parties: ["buyer", "supplier"],
  input: (account) => ({
    kind: "data",
    parties: [
      { account: account("buyer"), role: "initiator" },
      { account: account("supplier"), role: "counterparty" },
    ],
    reference: "DE89370400440532013000",
  }),
};

/** Five stories with real content: one fails on chain and one is refused by the guard, on purpose. */
const stories = (stack: Stack): readonly Story[] => [
  labResult(stack),
  deliveryVersusPayment(stack),
  threePartyAgreement,
  paymentWithoutFunds(stack),
  bankAccountInClear,
];

/** Enrols everybody, runs the stories and some small agreements beside them, and follows all to their end. */
export async function runSample(stack: Stack, tell: (line: string) => void): Promise<Sample> {
  const clients = new Map<Name, Client>();
  await Promise.all(
    SAMPLE_NAMES.map(async (name) => {
      const wallet = stack.wallets[name];
      if (wallet === undefined) throw new RangeError(`no wallet for ${name}`);
      const client = createClient({ url: stack.url, wallet });
      await client.enrol();
      clients.set(name, client);
    }),
  );
  const clientOf = (name: Name): Client => clients.get(name) ?? raise(name);
  tell(`enrolled      ${SAMPLE_NAMES.join(", ")}: keys from their wallets, recovery words made`);
  const accountOf = (name: Name): Hex => stack.wallets[name]?.address ?? "0x";
  const told = stories(stack).map((story) => tellStory(story, { clientOf, accountOf, tell }));
  const [transactions, agreed] = await Promise.all([Promise.all(told), agree(clientOf, accountOf)]);
  tell(`agreed        ${agreed} small agreements notarized beside them`);
  const { partitions } = await clientOf("clinic").network();
  return { transactions, partitions, ...(await gasOf(stack)) };
}

function raise(name: string): never {
  throw new RangeError(`nobody is called ${name}`);
}

interface Stage {
  readonly clientOf: (name: Name) => Client;
  readonly accountOf: (name: Name) => Hex;
  readonly tell: (line: string) => void;
}

async function tellStory(story: Story, { clientOf, accountOf, tell }: Stage): Promise<SampleTransaction> {
  const [first] = story.parties;
  const client = clientOf(first ?? "clinic");
  const started = performance.now();
  const line = (state: string, more = ""): void => {
    tell(
      `${state.padEnd(12)}  ${story.name.padEnd(26)} +${((performance.now() - started) / 1000).toFixed(2)}s ${more}`,
    );
  };
  const draft = await client.draft(story.input(accountOf));
  const common = { name: story.name, id: draft.id, kind: draft.body.kind };
  const signatures = await Promise.all(story.parties.map((name) => clientOf(name).sign(draft)));
  try {
    await client.submit(draft, signatures);
  } catch (error) {
    if (!(error instanceof MidchainError) || error.rule === undefined) throw error;
    line("refused", `${error.rule}: ${error.cause}`);
    return { ...common, state: "refused", rule: error.rule, reason: error.cause, blocks: [], proofs: {} };
  }
  line("pending", "on every party's chain, receipt signed");
  const early = await client.proof(draft.id);
  // On a fast chain the early proof may already be one of inclusion: it goes by what it says.
  const proofs: Record<string, string> = { [stateIn(early)]: early };
  let last = "pending";
  let reason: string | undefined;
  for await (const move of client.watch(draft.id)) {
    if (move.state !== last && move.state !== "batched")
      line(move.state, move.reason ?? (move.chain === undefined ? "" : `block ${move.chain.blockNumber}`));
    last = move.state;
    reason = move.reason;
  }
  proofs[last] = await client.proof(draft.id);
  const blocks = await Promise.all(story.parties.map((name) => blocksOf(clientOf(name), name, draft.id)));
  return { ...common, state: last, ...(reason === undefined ? {} : { reason }), blocks: blocks.flat(), proofs };
}

const stateIn = (proof: string): string => (JSON.parse(proof) as { readonly state: string }).state;

async function blocksOf(client: Client, of: Name, id: Hex): Promise<SampleBlock[]> {
  const { blocks } = await client.myChain();
  return blocks.filter(({ txId }) => txId === id).map(({ height, kind, hash }) => ({ of, height, kind, hash }));
}

/** Many small agreements at once, so that the cost of one notarized transaction is seen in batches, not alone. */
async function agree(clientOf: Stage["clientOf"], accountOf: Stage["accountOf"]): Promise<number> {
  const [buyer, supplier] = [clientOf("buyer"), clientOf("supplier")];
  const parties = [
    { account: accountOf("buyer"), role: "initiator" },
    { account: accountOf("supplier"), role: "counterparty" },
  ] as const;
  // Drafted and signed first, submitted at once: the way a busy hour looks to a relayer.
  const signed = await Promise.all(
    Array.from({ length: AGREEMENTS }, async (_, i) => {
      const draft = await buyer.draft({ kind: "data", parties, reference: `CALL-OFF ${i + 1}` });
      return { draft, signatures: await Promise.all([buyer.sign(draft), supplier.sign(draft)]) };
    }),
  );
  const submitted = await Promise.all(signed.map(({ draft, signatures }) => buyer.submit(draft, signatures)));
  const ids = submitted.map(({ id }) => id);
  for (const id of ids) await buyer.wait(id);
  return ids.length;
}

/** What the chain was paid for, from its own receipts. */
async function gasOf(stack: Stack): Promise<Pick<Sample, "notarized" | "batches" | "gasPerNotarized">> {
  const client = createPublicClient({ transport: http(stack.rpcUrl) });
  const events = await client.getContractEvents({
    address: stack.ledger,
    abi: notaryLedgerAbi,
    eventName: "BatchNotarized",
    fromBlock: 0n,
  });
  const receipts = await Promise.all(
    events.map((event) => client.getTransactionReceipt({ hash: event.transactionHash })),
  );
  const gas = receipts.reduce((total, receipt) => total + Number(receipt.gasUsed), 0);
  const notarized = events.reduce((total, event) => total + (event.args.count ?? 0), 0);
  return { notarized, batches: events.length, gasPerNotarized: notarized === 0 ? 0 : Math.round(gas / notarized) };
}
