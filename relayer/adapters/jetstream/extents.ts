import { jetstreamManager } from "@nats-io/jetstream";
import { connectNats, type NatsAccess } from "./connect.ts";
import { currentGenerations, logFault, streamName } from "./streams.ts";

/** First and last record of each partition's log as the servers hold it now; nothing is made where there is none. */
export async function readExtents(
  access: NatsAccess,
  network: string,
): Promise<ReadonlyMap<number, { readonly first: number; readonly tail: number }>> {
  const extents = new Map<number, { readonly first: number; readonly tail: number }>();
  try {
    const nc = await connectNats(access);
    try {
      const jsm = await jetstreamManager(nc, { checkAPI: false });
      for (const [partition, generation] of await currentGenerations(jsm, network)) {
        const { state } = await jsm.streams.info(streamName({ network, partition, generation }));
        extents.set(partition, { first: Math.max(1, state.first_seq), tail: state.last_seq });
      }
    } finally {
      await nc.close();
    }
  } catch (error) {
    throw logFault(error);
  }
  return extents;
}
