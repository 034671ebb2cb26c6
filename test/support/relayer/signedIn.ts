import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { enrolActor, type Actor } from "../actors.ts";
import { startHttp, type TestHttp } from "./httpNode.ts";

export const freshWallet = () => privateKeyToAccount(generatePrivateKey());

/** A relayer with two people who are enrolled, the first of whom has signed in. */
export async function startSignedIn(): Promise<{
  readonly http: TestHttp;
  readonly alice: Actor;
  readonly bob: Actor;
  readonly token: string;
}> {
  const http = await startHttp();
  const alice = await enrolActor(freshWallet(), http.node);
  const bob = await enrolActor(freshWallet(), http.node);
  return { http, alice, bob, token: await http.signIn(alice.wallet) };
}
