/**
 * How long a transaction that came `at` waits for its batch to be closed, at the longest `closeAfterMs`. Each partition
 * closes at moments of its own, spread evenly over the interval: if all of them closed at once, all would be completed
 * at once, and new requests would wait for it. One that comes from the future, from a clock that is ahead of this one,
 * is due: no clock can hold anybody up.
 */
export function msUntilClosing(
  at: number,
  now: number,
  place: { readonly partition: number; readonly partitions: number; readonly closeAfterMs: number },
): number {
  if (at > now) return 0;
  const { partition, partitions, closeAfterMs } = place;
  const phase = (partition * closeAfterMs) / partitions;
  const closing = (Math.floor((at - phase) / closeAfterMs) + 1) * closeAfterMs + phase;
  return Math.max(0, closing - now);
}
