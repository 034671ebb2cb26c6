import type { Hex } from "../protocol/bytes.ts";
import type { Approve } from "./approve.ts";
import { failure, MidchainError } from "./errors.ts";
import type { Session } from "./session.ts";
import type { Wire } from "./wire.ts";

/** What is left of an account. Keep it to read the headers of its chain again: nobody else can, and nothing else opens them. */
export interface ErasedAccount {
  readonly chainId: Hex;
  /** The tombstone on it. */
  readonly blockId: Hex;
  readonly receipt: Hex;
}

/** Erases everything of the account. Every session of it is ended with that. */
export async function eraseAccount({
  wire,
  session,
  approve,
}: {
  readonly wire: Wire;
  readonly session: Pick<Session, "token" | "forget">;
  readonly approve: Approve;
}): Promise<ErasedAccount> {
  try {
    const approval = await approve({
      action: "erase everything",
      reader: new Uint8Array(20),
      notAfter: 0,
      purpose: "other",
      contentHash: new Uint8Array(32),
    });
    const token = await session.token();
    const { chainId, blockId, receipt } = await wire.send<ErasedAccount>({
      method: "POST",
      path: "/account/erase",
      token,
      json: { approval },
    });
    session.forget();
    return { chainId, blockId, receipt };
  } catch (error) {
    // The account had no chain when the approval was to be made for it, or has lost it since.
    const isGone = error instanceof MidchainError && (error.code === "NO_SUCH_OBJECT" || error.rule === "AP-031");
    throw isGone ? failure("NO_CHAIN") : error;
  }
}
