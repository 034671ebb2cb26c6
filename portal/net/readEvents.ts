/** Public endpoints answer for a few thousand blocks at a time; the whole range is tried first, then pieces of it. */
const PIECE = 5_000n;
const PIECES_MAX = 60;

export async function readEvents<Event>(
  range: { readonly fromBlock: bigint; readonly head: bigint },
  read: (fromBlock: bigint, toBlock: bigint) => Promise<readonly Event[]>,
): Promise<readonly Event[]> {
  const { fromBlock, head } = range;
  try {
    return await read(fromBlock, head);
  } catch (error) {
    if (head - fromBlock <= PIECE) throw error;
  }
  const pieces: (readonly Event[])[] = [];
  for (let to = head; to >= fromBlock && pieces.length < PIECES_MAX; to -= PIECE) {
    const from = to - PIECE + 1n;
    pieces.push(await read(from > fromBlock ? from : fromBlock, to));
  }
  return pieces.toReversed().flat();
}
