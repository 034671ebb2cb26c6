import type { Hex } from "viem";
import type { Trouble } from "./words.ts";

/** One thing that the wallet is asked for: a signature, or a transaction whose hash it gives back. */
export interface Step {
  readonly label: string;
  readonly kind: "sign" | "send";
  readonly run: () => Promise<Hex | undefined>;
}

/** A step that is over once it is signed: what is made of the signature needs no transaction of this wallet. */
export const signing = (label: string, sign: () => Promise<unknown>): Step => ({
  label,
  kind: "sign",
  async run() {
    await sign();
    return undefined;
  },
});

export interface Action {
  readonly title: string;
  readonly steps: readonly Step[];
  /** What has been achieved, once the last step is mined. */
  readonly done: string;
}

/** A change that one approval makes. */
export const signedAction = (title: string, done: string, sign: () => Promise<unknown>): Action => ({
  title,
  done,
  steps: [signing("Sign the approval", sign)],
});

/** Where an action is; `wallet` waits for a person, everything later is told by the chain. */
export type Stage = "wallet" | "sent" | "mined" | "final" | "failed";

export interface Progress {
  readonly title: string;
  readonly done: string;
  readonly steps: readonly Pick<Step, "label" | "kind">[];
  readonly at: number;
  readonly stage: Stage;
  readonly hash?: Hex;
  readonly blockNumber?: bigint;
  readonly trouble?: Trouble;
  /** Taken up after the page was loaded again: later steps are no longer known. */
  readonly resumed: boolean;
}

const KEY = "midchain.action";

export interface Remembered {
  readonly title: string;
  readonly done: string;
  readonly steps: readonly Pick<Step, "label" | "kind">[];
  readonly at: number;
  readonly hash: Hex;
  readonly chainId: number;
}

/** Kept until it is final, so that closing the page loses nothing. */
export function remember(action: Remembered | undefined): void {
  if (action === undefined) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, JSON.stringify(action));
}

export function remembered(chainId: number): Remembered | undefined {
  try {
    const action = JSON.parse(localStorage.getItem(KEY) ?? "null") as Remembered | null;
    return action?.chainId === chainId ? action : undefined;
  } catch {
    return undefined;
  }
}
