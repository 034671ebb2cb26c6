import { verify, type Verified } from "../../sdk/index.ts";

/** Loaded only when somebody brings a proof file: it takes the curves that signatures are checked with. */
export const verifyProof = (text: string, rpcUrl: string | undefined): Promise<Verified> =>
  verify(text, rpcUrl === undefined ? {} : { rpcUrl });
