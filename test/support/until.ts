const POLL_MS = 20;

/** Waits for a condition; fails with what was last seen when it does not come. */
export async function until<Seen>(
  what: string,
  look: () => Promise<Seen> | Seen,
  holds: (seen: Seen) => boolean,
  msMax = 30_000,
): Promise<Seen> {
  const deadline = Date.now() + msMax;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > deadline)
      throw new Error(
        `${what} did not come; last seen: ${JSON.stringify(seen, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))}`,
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
