import type { PublicClient } from "viem";

/** Public endpoints answer for a few thousand blocks at a time; the whole range is tried first, then pieces of it. */
const PIECE = 5_000n;
const PIECES_MAX = 60;

type Read<Event> = (fromBlock: bigint, toBlock: bigint) => Promise<readonly Event[]>;

interface Kept<Event> {
  readonly events: readonly Event[];
  /** All of them up to this block, which is final. */
  readonly upTo: bigint;
}

/**
 * Reads events from a block on, oldest first, as often as it is called. Those of final blocks are asked for once: pages
 * look every few seconds, and a chain grows long.
 */
export function createEventReader<Event extends { readonly blockNumber: bigint }>() {
  let kept: Kept<Event> | undefined;
  return async (
    client: Pick<PublicClient, "getBlock">,
    fromBlock: bigint,
    read: Read<Event>,
  ): Promise<readonly Event[]> => {
    const [{ number: head }, { number: final }] = await Promise.all([
      client.getBlock(),
      client.getBlock({ blockTag: "finalized" }),
    ]);
    // A final block is never taken back; where the last one is lower, it is another chain, e.g. a local one begun anew.
    const { events: known, upTo } =
      kept !== undefined && kept.upTo <= final ? kept : { events: [], upTo: fromBlock - 1n };
    const events = [...known, ...(head > upTo ? await readRange({ fromBlock: upTo + 1n, head }, read) : [])];
    // Behind one address two endpoints may answer: what is final for one may not be there yet for the other.
    const settled = final < head ? final : head;
    kept = {
      events: events.filter(({ blockNumber }) => blockNumber <= settled),
      upTo: settled > upTo ? settled : upTo,
    };
    return events;
  };
}

async function readRange<Event>(
  range: { readonly fromBlock: bigint; readonly head: bigint },
  read: Read<Event>,
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
