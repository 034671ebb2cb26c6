import type { NatsConnection } from "@nats-io/transport-node";
import type { Gossip } from "../../ports.ts";

/**
 * Plain subjects beside the log's; nothing of them is stored. What a listener throws goes to `onFault` and no further: in
 * the client library it would end the reading of the connection, and the node would be deaf until its pings are missed.
 */
export function natsGossip(
  nc: Pick<NatsConnection, "isClosed" | "publish" | "subscribe">,
  network: string,
  onFault: (error: unknown) => void,
): Gossip {
  const subject = (topic: string): string => `midc.${network}.word.${topic}`;
  return {
    tell(topic, word) {
      // A connection that is away drops the word, as a word may be.
      if (!nc.isClosed()) nc.publish(subject(topic), word);
    },
    hear(topic, listener) {
      const subscription = nc.subscribe(subject(topic), {
        callback: (error, message) => {
          if (error !== null) return;
          try {
            listener(message.data);
          } catch (thrown) {
            onFault(thrown);
          }
        },
      });
      return () => {
        subscription.unsubscribe();
      };
    },
  };
}
