import type { Hex } from "../protocol/bytes.ts";
import type {
  Category,
  Jurisdiction,
  RequestBody,
  RequestKind,
  RetentionClass,
  Role,
  SealedPart,
} from "../protocol/request.ts";

/** Anything that signs for one account: a viem `LocalAccount`, or a `WalletClient` wrapped in two lines. */
export interface Wallet {
  readonly address: Hex;
  readonly signMessage: (input: { readonly message: string }) => Promise<Hex>;
  /** EIP-712, as viem takes it: domain, types, primaryType, message. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly signTypedData: (typedData: any) => Promise<Hex>;
}

/** Chain, contracts and tokens of a relayer's network. */
export interface NetworkInfo {
  readonly chainId: number;
  readonly network: string;
  readonly ledger: Hex;
  readonly engine: Hex;
  readonly tokens: readonly Hex[];
  /** The ServiceMarket; absent where the relayer takes no purchases. */
  readonly market?: Hex;
  /** The block before which none of these contracts was there. */
  readonly fromBlock: number;
  readonly partitions: number;
  readonly nodePublicKey: Hex;
  readonly publicUrl: string;
  readonly rpcUrl?: string;
  readonly explorerUrl?: string;
  /** The platform's other contracts by name: `token`, `staking`, `governor`, … */
  readonly contracts: Readonly<Partial<Record<string, Hex>>>;
}

/** How far one partition of the private tier is, and who runs it. */
export interface Partition {
  readonly partition: number;
  /** Sequence of the last applied record. */
  readonly applied: number;
  /** Transactions that no batch holds yet. */
  readonly unbatched: number;
  /** Batches whose outcome is not final yet. */
  readonly openBatches: readonly number[];
  /** The node that runs its side effects; null while none is known. */
  readonly executor: Hex | null;
}

export type TransactionState = "pending" | "batched" | "broadcast" | "mined" | "completed" | "failed";

/** A transaction as anybody may see it. */
export interface Transaction {
  readonly id: Hex;
  readonly kind: RequestKind;
  readonly state: TransactionState;
  readonly acceptedAt: string;
  /** Whether the outcome lies on every party's chain. */
  readonly ended: boolean;
  /** Coded identifiers. */
  readonly parties: readonly Hex[];
  readonly legs: number;
  /** Name of the on-chain error of a failed one. */
  readonly reason?: string;
  readonly batch?: { readonly partition: number; readonly seq: number; readonly index: number };
  readonly chain?: {
    readonly txHash: Hex;
    readonly blockNumber: number;
    readonly confirmations: number;
    readonly final: boolean;
  };
  /** How the sending of its batch stands, while it is not final. */
  readonly sending?: {
    readonly state: "broadcast" | "mined" | "held";
    readonly nonce: number;
    readonly lastError?: string;
  };
  readonly explanation?: { readonly blockedBy: string; readonly nextAttemptAt: number; readonly lastError?: string };
}

export interface DraftParty {
  readonly account: Hex;
  readonly role: Role;
  /** Index into `contents` of what lands on this party's chain. */
  readonly content?: number;
}

export interface DraftContent {
  readonly bytes: Uint8Array;
  readonly category: Category;
  readonly jurisdiction?: Jurisdiction;
  readonly retentionClass?: RetentionClass;
}

export interface DraftLeg {
  readonly token: Hex;
  readonly from: Hex;
  readonly to: Hex;
  readonly amount: bigint;
}

/** What people want to agree on; `draft` turns it into exact bytes. */
export interface DraftInput {
  readonly kind: RequestKind;
  readonly parties: readonly DraftParty[];
  readonly contents?: readonly DraftContent[];
  readonly legs?: readonly DraftLeg[];
  readonly purchase?: { readonly serviceId: Hex; readonly listingVersion: number; readonly priceMax: bigint };
  /** The parties' own file number in clear: printable ASCII, never personal data. */
  readonly reference?: string;
  /** Seconds until it must be submitted; 600 unless told. */
  readonly validForS?: number;
  /** Seconds after that in which the chain may still settle the deal; 3600 unless told. */
  readonly settleWithinS?: number;
}

/** A request before its signatures: the exact bytes that every party signs, and the sealed contents beside them. */
export interface Draft {
  readonly id: Hex;
  readonly body: RequestBody;
  readonly bodyBytes: Uint8Array;
  readonly parts: readonly SealedPart[];
}

/** One party's agreement; `dealSignature` when it pays. */
export interface DraftSignature {
  readonly signature: Hex;
  readonly dealSignature?: Hex;
}
