import { concat } from "../../protocol/bytes.ts";
import { Fault } from "../errors.ts";
import type { Committee } from "../ports.ts";
import type { DvSigner } from "./signer.ts";

/** Collects signatures from every reachable signer; `quorum` is how many are enough to try the chain with. */
export function createCommittee(signers: readonly DvSigner[], quorum: number): Committee {
  const ascending = [...signers].sort((a, b) => Buffer.compare(a.account, b.account));
  return {
    async sign(batch, items) {
      const answers = await Promise.all(ascending.map((signer) => signer.sign(batch, items).catch(() => undefined)));
      const signatures = answers.filter((signature) => signature !== undefined);
      if (signatures.length < quorum) throw new Fault("COMMITTEE_SILENT", `${signatures.length} of ${quorum}`);
      return concat(...signatures);
    },
  };
}
