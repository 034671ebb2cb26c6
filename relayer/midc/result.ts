/** What became of a command. */
export type CommandResult =
  | { readonly kind: "done" }
  /** It had been applied before. */
  | { readonly kind: "known" }
  | { readonly kind: "refused"; readonly why: string };

export const DONE: CommandResult = { kind: "done" };
export const KNOWN: CommandResult = { kind: "known" };
export const refused = (why: string): CommandResult => ({ kind: "refused", why });
