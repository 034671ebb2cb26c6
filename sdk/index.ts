/** The only door of the client library: everything a dApp may rely on. See README.md. */
export { createClient, type Client, type ClientOptions, type KeyActions } from "./client.ts";
export { browserPasskeys, hasPasskeys, type Passkeys, type PasskeySecret } from "./passkey.ts";
export type { GuardianCall, GuardianQuestion, GuardiansInput } from "./guardians.ts";
export type { KeySlotInfo, KeySlots } from "./slots.ts";
export { createReader, type Reader, type Transactions, type TransactionsPage } from "./reader.ts";
export { MidchainError } from "./errors.ts";
export type { NetworkEvent } from "./events.ts";
export { verifyInclusion, type VerifiedInclusion } from "./inclusion.ts";
export type { Inclusion } from "../protocol/inclusion.ts";
export type { ClusterView } from "../protocol/cluster.ts";
export { relayerView, type RelayerView } from "./relayerView.ts";
export { verify, type Verified } from "./verify.ts";
export type { ChainBlock, MyChain, OpenedBlock } from "./chain.ts";
export type { ErasedAccount } from "./erase.ts";
export type { GrantInput, SharedContent } from "./grants.ts";
export type { PurchaseInput, Service } from "./market.ts";
export type { Allowance, ContractCall } from "./allowance.ts";
export type { ChainSource } from "./rpc.ts";
export type { Submitted } from "./sign.ts";
export type { WatchOptions } from "./watch.ts";
export type { Enrolled } from "./vault.ts";
export type {
  Draft,
  DraftContent,
  DraftInput,
  DraftLeg,
  DraftParty,
  DraftSignature,
  NetworkInfo,
  Partition,
  Transaction,
  TransactionState,
  Wallet,
} from "./types.ts";
