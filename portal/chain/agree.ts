import type { Config } from "wagmi";
import type { Client, Draft } from "../../sdk/index.ts";
import { tokens } from "../ui/format.ts";
import { signing, type Action, type Step } from "../wallet/action.ts";
import { sendEncoded } from "../wallet/send.ts";

/** Signing a request: what must be allowed on chain before it, then the signature, then where it goes. */
export async function agreement(
  of: { readonly config: Config; readonly client: Client; readonly draft: Draft },
  end: { readonly title: string; readonly done: string; readonly sign: () => Promise<unknown> },
): Promise<Action> {
  const { config, client, draft } = of;
  const needs = draft.body.deal === undefined ? [] : await client.allowances(draft);
  const approvals = needs
    .filter(({ allowed, needed }) => allowed < needed)
    .map(({ token, needed, allowed }): Step => ({
      label: `Let the settlement engine move ${tokens(needed)} tokens`,
      kind: "send",
      run: async () => sendEncoded(config, await client.approval(token, allowed + needed)),
    }));
  return { title: end.title, done: end.done, steps: [...approvals, signing("Sign the request", end.sign)] };
}
