import { approvalTypedData, type Approval } from "../protocol/approval.ts";
import type { Hex } from "../protocol/bytes.ts";
import { bytesOf } from "./hex.ts";
import type { Session } from "./session.ts";
import type { NetworkInfo, Wallet } from "./types.ts";
import type { Wire } from "./wire.ts";

/** Asks the wallet for a fresh signature over a change of the own chain; a session alone does not make one. */
export type Approve = (
  change: Omit<Approval, "chainId" | "signedAt">,
) => Promise<{ readonly signedAt: number; readonly signature: Hex }>;

export const approver =
  (ports: {
    readonly wire: Wire;
    readonly session: Pick<Session, "token">;
    readonly wallet: () => Wallet;
    readonly network: () => Promise<NetworkInfo>;
  }): Approve =>
  async (change) => {
    const { chainId } = await ports.wire.get<{ readonly chainId: Hex }>("/me", await ports.session.token());
    const { chainId: chain, ledger } = await ports.network();
    const signedAt = Math.floor(Date.now() / 1000);
    const approval = { ...change, chainId: bytesOf(chainId), signedAt };
    const typed = approvalTypedData(approval, { chain, ledger: bytesOf(ledger) });
    return { signedAt, signature: await ports.wallet().signTypedData(typed) };
  };
