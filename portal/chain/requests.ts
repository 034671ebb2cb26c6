import type { Address } from "viem";
import type { DraftInput } from "../../sdk/index.ts";

/** What the form says, turned into what the client library drafts. */

export type RequestForm = "payment" | "document" | "several";

export interface Filled {
  readonly form: RequestForm;
  readonly me: Address;
  readonly others: readonly Address[];
  readonly token: Address;
  readonly amount: bigint | undefined;
  readonly content: Uint8Array | undefined;
  readonly reference: string;
}

/** Undefined while something is missing. */
export function inputOf(filled: Filled): DraftInput | undefined {
  const { form, me, others, content, reference } = filled;
  const [first] = others;
  if (first === undefined) return undefined;
  const contents = content === undefined ? [] : [{ bytes: content, category: categoryOf(form) }];
  const sealed = content === undefined ? {} : { content: 0 };
  const common = { contents, ...(reference === "" ? {} : { reference }) };
  switch (form) {
    case "payment":
      return filled.amount === undefined
        ? undefined
        : {
            ...common,
            kind: "payment",
            parties: [
              { account: me, role: "payer", ...sealed },
              { account: first, role: "payee", ...sealed },
            ],
            legs: [{ token: filled.token, from: me, to: first, amount: filled.amount }],
          };
    case "document":
      return content === undefined
        ? undefined
        : {
            ...common,
            kind: "data",
            parties: [
              { account: me, role: "issuer", ...sealed },
              { account: first, role: "subject", ...sealed },
            ],
          };
    case "several":
      return content === undefined || others.length < 2
        ? undefined
        : {
            ...common,
            kind: "data",
            parties: [
              { account: me, role: "initiator", ...sealed },
              ...others.map((account) => ({ account, role: "counterparty" as const, ...sealed })),
            ],
          };
  }
}

const categoryOf = (form: RequestForm): "financial" | "general" | "contract" => {
  switch (form) {
    case "payment":
      return "financial";
    case "document":
      return "general";
    case "several":
      return "contract";
  }
};
