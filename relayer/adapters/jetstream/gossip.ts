import type { NatsConnection } from "@nats-io/transport-node";
import type { Gossip } from "../../ports.ts";

/** Plain subjects beside the log's; nothing of them is stored. */
export function natsGossip(nc: NatsConnection, network: string): Gossip {
  const subject = (topic: string): string => `midc.${network}.word.${topic}`;
  return {
    tell(topic, word) {
      // A connection that is away drops the word, as a word may be.
      if (!nc.isClosed()) nc.publish(subject(topic), word);
    },
    hear(topic, listener) {
      const subscription = nc.subscribe(subject(topic), {
        callback: (error, message) => {
          if (error === null) listener(message.data);
        },
      });
      return () => {
        subscription.unsubscribe();
      };
    },
  };
}
