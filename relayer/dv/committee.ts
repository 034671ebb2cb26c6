import { concat } from "../../protocol/bytes.ts";
import { Fault } from "../errors.ts";
import type { Committee } from "../ports.ts";
import type { DvSigner } from "./signer.ts";

/** How long the rest of the committee may still answer once the quorum has: more weight, but not at any price. */
const REST_MS_MAX = 250;

/** Collects signatures from every reachable signer; `quorum` is how many are enough to try the chain with. */
export function createCommittee(signers: readonly DvSigner[], quorum: number): Committee {
  const ascending = [...signers].sort((a, b) => Buffer.compare(a.account, b.account));
  return {
    async sign(batch, items) {
      const answers = await collect(
        ascending.map((signer) => signer.sign(batch, items).catch(() => undefined)),
        quorum,
      );
      const signatures = answers.filter((signature) => signature !== undefined);
      if (signatures.length < quorum) throw new Fault("COMMITTEE_SILENT", `${signatures.length} of ${quorum}`);
      return concat(...signatures);
    },
  };
}

type Answer = Uint8Array | undefined;

/** Every answer in its place; after the quorum, only those that come within the time for the rest. */
function collect(asked: readonly Promise<Answer>[], quorum: number): Promise<readonly Answer[]> {
  const answers: Answer[] = Array.from({ length: asked.length });
  let signed = 0;
  let silent = asked.length;
  return new Promise((resolve) => {
    const done = (): void => {
      resolve(answers);
    };
    if (silent === 0) done();
    for (const [i, question] of asked.entries()) {
      void question.then((answer) => {
        answers[i] = answer;
        silent -= 1;
        signed += answer === undefined ? 0 : 1;
        if (silent === 0) done();
        else if (signed === quorum && answer !== undefined) setTimeout(done, REST_MS_MAX).unref();
      });
    }
  });
}
