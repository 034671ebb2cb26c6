/**
 * Everything this library throws on purpose. `code` is stable; `rule` names the guard's rule where one was broken;
 * `fix` says what to do. `status` is the HTTP status, 0 when the relayer was not asked.
 *
 * @example
 * ```ts
 * try {
 *   await client.submit(draft, signatures);
 * } catch (error) {
 *   if (error instanceof MidchainError && error.rule === "AP-021") showHint(error.fix);
 *   else throw error;
 * }
 * ```
 */
export class MidchainError extends Error {
  override readonly name = "MidchainError";
  readonly code: string;
  readonly rule: string | undefined;
  override readonly cause: string;
  readonly fix: string;
  readonly status: number;
  constructor(facts: {
    readonly code: string;
    readonly rule?: string | undefined;
    readonly cause: string;
    readonly fix: string;
    readonly status?: number;
  }) {
    super(`${facts.code}: ${facts.cause}`);
    this.code = facts.code;
    this.rule = facts.rule;
    this.cause = facts.cause;
    this.fix = facts.fix;
    this.status = facts.status ?? 0;
  }
}

const rows = {
  NO_WALLET: ["this client has no wallet", "pass `wallet` to createClient"],
  LOCKED: ["the vault is not open", "call enrol() or one of the unlock calls first"],
  HAS_CHAIN: ["the account has a chain already", "call unlock() instead"],
  NO_CHAIN: ["the account has no chain", "call enrol() first"],
  SLOTS_ONLY: [
    "this wallet never signs alike twice, so its signature cannot open the vault",
    "call unlockWithRecovery() with the recovery words",
  ],
  WRONG_KEY: [
    "the derived keys are not the ones of this chain",
    "use the account, wallet and site that the vault was made with, or the recovery words",
  ],
  WRONG_WORDS: ["the recovery words do not open this vault", "check the words and their order"],
  WRONG_PASSKEY: ["the passkey does not open this vault", "use the passkey that the slot was made with"],
  NO_PASSKEY: ["no passkey has answered", "try again, or use another way in"],
  NO_PRF: ["the passkey does not give secrets (WebAuthn PRF)", "use another passkey, or recovery words"],
  SLOTS_ALTERED: [
    "the key slots that were served are not what the owner's keys have left",
    "change nothing and tell the operator",
  ],
  SLOTS_FULL: ["a vault has at most 8 key slots", "remove one first"],
  LAST_SLOT: ["a vault needs one key slot besides the wallet", "add another slot before you remove this one"],
  NO_SUCH_SLOT: ["the vault has no such key slot", "see keySlots() for those it has"],
  KEYS_ROTATED: ["the keys were rotated since this vault was opened", "open the vault again"],
  WRONG_GUARDIANS: [
    "guardians are 2 to 16 other people, each named once, with a threshold between 2 and their number",
    "name other guardians or another threshold",
  ],
  MORE_GUARDIANS: ["these answers do not open the vault", "collect answers to this request from more guardians"],
  WRONG_REQUEST: ["the owner's wallet has not signed this request lately", "answer nothing; ask its owner yourself"],
  KEYS_NOT_SIGNED: ["a party's keys are not signed by its account", "do not send anything to it; tell the operator"],
  NOT_A_PARTY: ["this account is not a party of the draft", "sign with the wallet of a party"],
  WRONG_RECEIPT: ["the relayer's receipt does not fit the request", "do not rely on it; tell the operator"],
  WRONG_DRAFT: ["the draft's parts do not fit each other", "make the draft with this library"],
  CHAIN_BROKEN: ["the chain that was served does not verify", "keep it and tell the operator"],
  NOT_ERASED: ["the chain is not erased, or not all of it", "call eraseAccount() as its owner, then read it again"],
  NOT_MINE: ["there is no content for this reader here", "open it with the account that it was sealed for"],
  UNREACHABLE: ["the relayer did not answer", "check the address and the connection"],
  NO_RPC: [
    "there is no endpoint of the chain to ask",
    "pass `rpcUrl`, or ask the operator to set MIDCHAIN_BROWSER_RPC_URL",
  ],
  CHAIN_UNREACHABLE: ["the chain's endpoint did not answer", "check the endpoint, or pass another as `rpcUrl`"],
  WRONG_CHAIN: ["the endpoint speaks for another chain", "pass an `rpcUrl` of the chain that network() names"],
  NO_MARKET: ["this relayer takes no purchases", "ask its operator to set MIDCHAIN_MARKET"],
  NOT_OFFERED: ["the service is not on offer", "choose a service that is open"],
  PRICE_ABOVE_MAX: ["the service costs more than priceMax", "let the buyer agree to the price first"],
  TOO_LARGE: ["a content is too large", "send at most 1 MiB - 1 in one content"],
} as const satisfies Record<string, readonly [string, string]>;

/** One of this library's own errors. */
export function failure(code: keyof typeof rows, cause?: string): MidchainError {
  const [usual, fix] = rows[code];
  return new MidchainError({ code, cause: cause ?? usual, fix });
}
