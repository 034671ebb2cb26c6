import { equalBytes } from "../../protocol/bytes.ts";
import { openWords } from "../../relayer/cluster/words.ts";
import type { Gossip } from "../../relayer/ports.ts";
import { testIdentity } from "./relayer.ts";

/** One room in which everybody hears everybody, and what was said in it. */
function room(): Gossip & { readonly said: { readonly topic: string; readonly word: Uint8Array }[] } {
  const listeners = new Map<string, Set<(word: Uint8Array) => void>>();
  const said: { readonly topic: string; readonly word: Uint8Array }[] = [];
  return {
    said,
    tell(topic, word) {
      said.push({ topic, word });
      for (const listener of listeners.get(topic) ?? []) listener(word);
    },
    hear(topic, listener) {
      const hearing = listeners.get(topic) ?? new Set();
      listeners.set(topic, hearing.add(listener));
      return () => hearing.delete(listener);
    },
  };
}

/** Nodes that hear one another there. */
export function members(count: number) {
  const gossip = room();
  const identities = Array.from({ length: count }, testIdentity);
  const isMember = (publicKey: Uint8Array): boolean =>
    identities.some(({ nodePublicKey }) => equalBytes(nodePublicKey, publicKey));
  const words = identities.map((identity) => openWords(gossip, identity, isMember));
  return { gossip, identities, words, isMember };
}
