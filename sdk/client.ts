import type { SignedBinding } from "../protocol/binding.ts";
import type { Hex } from "../protocol/bytes.ts";
import { allowances, approval, permit, type Allowance, type ContractCall } from "./allowance.ts";
import { approver, type Approve } from "./approve.ts";
import { erasedChain, inspect, myChain, open, type ChainBlock, type MyChain, type OpenedBlock } from "./chain.ts";
import { draft, verifiedBinding } from "./draft.ts";
import { eraseAccount, type ErasedAccount } from "./erase.ts";
import { failure } from "./errors.ts";
import { grant, revoke, shared, type GrantInput, type SharedContent } from "./grants.ts";
import {
  answerGuardian,
  askGuardians,
  guardianQuestion,
  guardianSlot,
  type GuardianCall,
  type GuardianQuestion,
  type GuardiansInput,
} from "./guardians.ts";
import { purchaseOf, service, services, type PurchaseInput, type Service } from "./market.ts";
import { coSign, propose, waiting } from "./proposals.ts";
import { readerOf, type Reader } from "./reader.ts";
import type { ChainSource } from "./rpc.ts";
import { openSession } from "./session.ts";
import { sign, submit, type Submitted } from "./sign.ts";
import type { Draft, DraftInput, DraftSignature, NetworkInfo, Wallet } from "./types.ts";
import { byPasskey, passkeySlot, browserPasskeys, type Passkeys } from "./passkey.ts";
import { addSlot, keySlots, removeSlot, renewRecovery, rotate, type KeySlotInfo, type KeySlots } from "./slots.ts";
import {
  byWallet,
  byWords,
  enrol,
  readBinding,
  unlock,
  type Enrolled,
  type Vault,
  type VaultPorts,
  type WayIn,
} from "./vault.ts";
import { verify, type Verified } from "./verify.ts";
import { openWire } from "./wire.ts";

export interface ClientOptions {
  /** Where the relayer is, e.g. `https://relayer.example`. */
  readonly url: string;
  /** Needed for everything but reading what is public. */
  readonly wallet?: Wallet;
  /** The dApp's own origin, which people see in their wallet and which the vault is bound to. Default: the page's. */
  readonly origin?: string;
  readonly fetch?: typeof globalThis.fetch;
}

/** The keys of the own chain and the ways to them. */
export interface KeyActions {
  /** Opens a chain for the wallet's account. Show `recoveryWords` once; they are the only other way in. */
  readonly enrol: () => Promise<Enrolled>;
  /** Derives the keys again from one wallet signature. */
  readonly unlock: () => Promise<void>;
  /** Opens the vault with the 24 words. */
  readonly unlockWithRecovery: (words: string) => Promise<void>;
  /** Opens the vault with one of its passkeys; by default with the browser's. */
  readonly unlockWithPasskey: (passkeys?: Passkeys) => Promise<void>;
  /** Requests for the guardians, and the way in for their answers. */
  readonly askGuardians: () => Promise<GuardianCall>;
  /** Who asks this account, as a guardian, for its share. Be sure that it is them before you answer. */
  readonly guardianQuestion: (request: Hex) => Promise<GuardianQuestion>;
  /** This guardian's answer, which only the asking owner can open. */
  readonly answerGuardian: (request: Hex) => Promise<Hex>;
  /** The ways to the own vault. */
  readonly keySlots: () => Promise<KeySlots>;
  /** Makes a passkey named `name` that opens the vault too; by default in the browser. */
  readonly addPasskey: (name: string, passkeys?: Passkeys) => Promise<KeySlotInfo>;
  /** Lets `threshold` of the guardians open the vault together, at its owner's request. */
  readonly addGuardians: (input: GuardiansInput) => Promise<KeySlotInfo>;
  /** Takes a slot away and rotates the keys, so that it opens nothing new. */
  readonly removeSlot: (slotId: Hex) => Promise<void>;
  /** New keys: what is sealed from now on needs them, what was sealed before stays readable, every slot opens both. */
  readonly rotate: () => Promise<void>;
  /** Rotates to new keys with new recovery words; the old words open nothing new. */
  readonly renewRecovery: () => Promise<{ readonly recoveryWords: string }>;
}

export interface Client extends Reader, KeyActions {
  /** Signs in now; every call that needs a session does so by itself. */
  readonly signIn: () => Promise<void>;
  readonly signOut: () => Promise<void>;
  /** The signed keys of an account's chain. */
  readonly keysOf: (account: Hex) => Promise<SignedBinding>;
  /** Seals the contents and fixes the exact bytes that every party signs. */
  readonly draft: (input: DraftInput) => Promise<Draft>;
  /** What the market offers, read from the chain. */
  readonly services: (source?: ChainSource) => Promise<readonly Service[]>;
  readonly service: (serviceId: Hex, source?: ChainSource) => Promise<Service>;
  /** A draft that buys a service at what the market asks for now, at most `priceMax`. */
  readonly purchase: (input: PurchaseInput, source?: ChainSource) => Promise<Draft>;
  /** Whether the chain could settle what this account pays in a draft; nothing to do where every row is `enough`. */
  readonly allowances: (draft: Pick<Draft, "body">, source?: ChainSource) => Promise<readonly Allowance[]>;
  /** The call that lets the settlement engine move a token of the sender. */
  readonly approval: (token: Hex, amount: bigint) => Promise<ContractCall>;
  /** The same by this wallet's signature, for anybody to send. */
  readonly permit: (token: Hex, amount: bigint, source?: ChainSource) => Promise<ContractCall>;
  /** This account's signature over a draft, and over its deal when the account pays. */
  readonly sign: (draft: Pick<Draft, "bodyBytes">) => Promise<DraftSignature>;
  /** Submits with one signature per party, in the order of the parties. Answers when it is durable on every chain. */
  readonly submit: (draft: Draft, signatures: readonly DraftSignature[]) => Promise<Submitted>;
  /** Leaves a draft that this account has signed with the relayer, for the other parties. Kept a day at most. */
  readonly propose: (draft: Draft, mine: DraftSignature) => Promise<{ readonly id: Hex }>;
  /** Drafts that wait for this account's signature. */
  readonly waiting: () => Promise<readonly Draft[]>;
  /** What a draft would put on the own chain, decrypted: read it before you sign. */
  readonly inspect: (draft: Draft) => Promise<Uint8Array | undefined>;
  /** Signs a draft that waits; undefined while others are still to sign. */
  readonly coSign: (draft: Draft) => Promise<Submitted | undefined>;
  /** The whole own chain, verified. */
  readonly myChain: () => Promise<MyChain>;
  /** What a block of the own chain says, decrypted. */
  readonly open: (block: ChainBlock) => Promise<OpenedBlock>;
  /** The proof file of a transaction on the own chain; keep it byte for byte. */
  readonly proof: (id: Hex) => Promise<string>;
  readonly verify: (proofText: string, source?: { readonly rpcUrl?: string }) => Promise<Verified>;
  /** Lets a reader have contents of the own chain. */
  readonly grant: (input: GrantInput) => Promise<{ readonly blockId: Hex }>;
  /** Ends a reader's access now. What was read stays read. */
  readonly revoke: (reader: Hex) => Promise<{ readonly blockId: Hex }>;
  /** What an owner has granted to this account, opened. */
  readonly shared: (owner: Hex) => Promise<readonly SharedContent[]>;
  /**
   * Erases everything of this account, for good: keys, grants and every body on its chain. What others hold of it on
   * their own chains is theirs. Transactions under way are finished first. Ends every session; the account may enrol
   * anew. Throws MidchainError `NO_CHAIN` where there is nothing to erase, rule `AP-035` where the wallet has not signed.
   *
   * @example
   * ```ts
   * const erased = await client.eraseAccount();
   * const { blocks } = await client.erasedChain(erased); // headers only, the tombstone among the last
   * ```
   */
  readonly eraseAccount: () => Promise<ErasedAccount>;
  /** What is left of an erased chain: headers, verified. Throws MidchainError `NOT_ERASED` where a body is left. */
  readonly erasedChain: (erased: ErasedAccount) => Promise<MyChain>;
}

/**
 * A client of one relayer for one wallet. Keys live in its memory only.
 *
 * @example
 * ```ts
 * import { createClient } from "midchain/sdk";
 * import { privateKeyToAccount } from "viem/accounts";
 *
 * const wallet = privateKeyToAccount(key);
 * const client = createClient({ url: "http://127.0.0.1:8080", wallet });
 * const { recoveryWords } = await client.enrol();
 * const draft = await client.draft({
 *   kind: "data",
 *   parties: [
 *     { account: wallet.address, role: "initiator", content: 0 },
 *     { account: partner, role: "counterparty", content: 0 },
 *   ],
 *   contents: [{ bytes: new TextEncoder().encode("we agree"), category: "contract" }],
 * });
 * const mine = await client.sign(draft);
 * const { id } = await client.submit(draft, [mine, await partnerClient.sign(draft)]);
 * for await (const { state } of client.watch(id)) console.log(state);
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const wire = openWire(options.url, options.fetch ?? globalThis.fetch.bind(globalThis));
  const page = (globalThis as { readonly location?: { readonly origin?: string } }).location?.origin;
  const origin = options.origin ?? page ?? new URL(options.url).origin;
  const reader = readerOf(wire);
  const { network } = reader;
  const session = openSession(wire, { wallet: options.wallet, origin, network });
  let opened: Vault | undefined;
  const wallet = (): Wallet => options.wallet ?? raise("NO_WALLET");
  const vault = (): Vault => opened ?? raise("LOCKED");
  const vaultPorts = () => ({ wire, session, wallet: wallet(), origin });
  const keysOf = (account: Hex): Promise<SignedBinding> => readBinding(account, { wire, session });
  const chain = (): Promise<MyChain> => myChain({ wire, session });
  const approve = approver({ wire, session, wallet, network });
  const make = async (input: DraftInput): Promise<Draft> =>
    draft(input, { vault: vault(), network: await network(), bindingOf: keysOf });
  return {
    ...reader,
    signIn: () => session.signIn(),
    signOut: () => session.signOut(),
    ...keyActions({
      ports: vaultPorts,
      vault,
      approve,
      keysOf,
      put: (fresh) => {
        opened = fresh;
      },
    }),
    keysOf,
    draft: make,
    ...marketActions({ network, wallet, make }),
    sign: async (unsigned) => sign(unsigned, { wallet: wallet(), network: await network() }),
    submit: (signed, signatures) => submit(signed, signatures, wire),
    propose: (signed, mine) => propose(signed, mine, { wire, session, wallet: wallet() }),
    waiting: () => waiting({ wire, session }),
    inspect: (unsigned) => inspect(unsigned, vault()),
    async coSign(unsigned) {
      const mine = await sign(unsigned, { wallet: wallet(), network: await network() });
      return coSign(unsigned, mine, { wire, session });
    },
    myChain: chain,
    open: (block) => open(block, vault()),
    proof: async (id) => wire.text(`/transactions/${id}/proof`, await session.token()),
    verify,
    async grant(input) {
      const reader = await keysOf(input.reader);
      return grant(input, { wire, session, vault: vault(), reader, blocks: (await chain()).blocks, approve });
    },
    revoke: (reader) => revoke(reader, { wire, session, approve }),
    shared: (owner) => shared(owner, { wire, session, vault: vault() }),
    async eraseAccount() {
      const erased = await eraseAccount({ wire, session, approve });
      opened = undefined;
      return erased;
    },
    erasedChain: (erased) => erasedChain(erased, { wire, session }),
  };
}

/** Opening the vault and changing how it opens. */
function keyActions(of: {
  readonly ports: () => VaultPorts;
  readonly vault: () => Vault;
  readonly approve: Approve;
  readonly keysOf: (account: Hex) => Promise<SignedBinding>;
  /** From now on this is the open vault. */
  readonly put: (vault: Vault) => void;
}): KeyActions {
  const { ports, vault, put } = of;
  const open = async (way: WayIn): Promise<void> => {
    put(await unlock(way, ports()));
  };
  const slotPorts = () => ({ ...ports(), vault: vault(), approve: of.approve });
  const bindingOf = (account: Hex) => verifiedBinding(account, { bindingOf: of.keysOf });
  return {
    async enrol() {
      const { vault: fresh, ...enrolled } = await enrol(ports());
      put(fresh);
      return enrolled;
    },
    unlock: () => open(byWallet),
    unlockWithRecovery: (words) => open(byWords(words)),
    unlockWithPasskey: (passkeys = browserPasskeys()) => open(byPasskey(passkeys)),
    async askGuardians() {
      const { open: openWith, ...call } = await askGuardians(ports());
      return {
        ...call,
        async unlock(answers) {
          put(await openWith(answers));
        },
      };
    },
    guardianQuestion: (request) => guardianQuestion(request, { vault: vault() }),
    answerGuardian: (request) => answerGuardian(request, { vault: vault() }),
    keySlots: () => keySlots(slotPorts()),
    addPasskey: async (name, passkeys = browserPasskeys()) =>
      addSlot(await passkeySlot(passkeys, vault(), name), slotPorts()),
    addGuardians: async (input) => addSlot(await guardianSlot(input, { vault: vault(), bindingOf }), slotPorts()),
    async removeSlot(slotId) {
      put(await removeSlot(slotId, slotPorts()));
    },
    async rotate() {
      put(await rotate({ keep: () => true, fresh: [] }, slotPorts()));
    },
    async renewRecovery() {
      const { vault: fresh, recoveryWords } = await renewRecovery(slotPorts());
      put(fresh);
      return { recoveryWords };
    },
  };
}

/** Buying and paying: everything that asks the chain itself. */
function marketActions(of: {
  readonly network: () => Promise<NetworkInfo>;
  readonly wallet: () => Wallet;
  readonly make: (input: DraftInput) => Promise<Draft>;
}): Pick<Client, "services" | "service" | "purchase" | "allowances" | "approval" | "permit"> {
  const { network, wallet, make } = of;
  return {
    services: async (source = {}) => services(await network(), source),
    service: async (serviceId, source = {}) => service(serviceId, await network(), source),
    purchase: async (input, source = {}) =>
      make(await purchaseOf(input, wallet().address, { network: await network(), source })),
    allowances: async ({ body }, source = {}) =>
      allowances(body, wallet().address, { network: await network(), source }),
    approval: async (token, amount) => approval(token, amount, await network()),
    permit: async (token, amount, source = {}) =>
      permit(token, amount, { wallet: wallet(), network: await network(), source }),
  };
}

function raise(code: Parameters<typeof failure>[0]): never {
  throw failure(code);
}
