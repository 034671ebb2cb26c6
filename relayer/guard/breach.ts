/** A rule that was broken: stable id, cause and fix, none of which quotes the input. */
export interface RuleBreach {
  readonly rule: string;
  readonly reason: string;
  readonly fix: string;
}

/** What the rules on the request itself need to know of the network. */
export interface NetworkRules {
  /** Unix seconds. */
  readonly nowS: number;
  readonly chain: number;
  /** The NotaryLedger, 20 bytes. */
  readonly ledger: Uint8Array;
  /** Allow-listed tokens, lower-case hex. */
  readonly tokens: ReadonlySet<string>;
}
