/** One thing looked at. What is not `needed` is worth knowing, but nothing stops working for it. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly needed: boolean;
  /** What was seen; never a key, and of an address on the network only its host. */
  readonly found: string;
  readonly fix?: string;
}

export const well = (what: string, found: string): Finding => ({ what, ok: true, needed: true, found });

export const broken = (what: string, found: string, fix: string): Finding => ({
  what,
  ok: false,
  needed: true,
  found,
  fix,
});

export const noticed = (what: string, found: string, fix: string): Finding => ({
  what,
  ok: false,
  needed: false,
  found,
  fix,
});

/** The short cause of an error. */
export const causeOf = (error: unknown): string => {
  const { details, message } = error as { readonly details?: unknown; readonly message?: string };
  const text = typeof details === "string" && details !== "" ? details : (message ?? String(error));
  return (text.split("\n")[0] ?? "").slice(0, 120);
};
