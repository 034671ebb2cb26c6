import { z } from "zod";
import { toHex, type Hex } from "../../protocol/bytes.ts";
import { nodeIdOf } from "../midc/record.ts";
import type { Clock, Keyring } from "../ports.ts";
import type { Words } from "./words.ts";

/** How often a node says that it lives, and after how long a silence the others go on without it. */
const BEAT_MS = 400;
const SILENT_MS_MAX = 2_000;

const wordSchema = z.object({
  url: z.string().max(256),
  applied: z.array(z.int().min(0)).max(1_024),
  leaving: z.boolean(),
});

export interface Peer {
  readonly id: Hex;
  readonly nodeId: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly url: string;
  readonly applied: readonly number[];
  readonly heardAt: number;
  readonly isSelf: boolean;
}

/** Who is there now. A guess: it decides who works, never what is true. */
export interface Peers {
  /** Self included, once enough time has passed to have heard the others. */
  readonly live: () => readonly Peer[];
  readonly all: () => readonly Peer[];
  readonly onChange: (listener: () => void) => () => void;
  readonly stop: () => void;
}

interface Self {
  readonly keyring: Pick<Keyring, "nodeId" | "nodePublicKey">;
  readonly url: () => string;
}

interface PeerPorts {
  readonly words: Words;
  readonly clock: Pick<Clock, "now">;
  readonly applied: () => readonly number[];
}

const myself = ({ keyring, url }: Self, ports: PeerPorts): Peer => ({
  id: toHex(keyring.nodeId),
  nodeId: keyring.nodeId,
  publicKey: keyring.nodePublicKey,
  url: url(),
  applied: ports.applied(),
  heardAt: ports.clock.now(),
  isSelf: true,
});

/** Takes in what another node says of itself. */
function hearPeers(words: Words, clock: Pick<Clock, "now">, take: (peer: Peer) => void): () => void {
  return words.hear("alive", (word, publicKey) => {
    const parsed = wordSchema.safeParse(word);
    if (!parsed.success) return;
    const { url, applied, leaving } = parsed.data;
    const nodeId = nodeIdOf(publicKey);
    const heardAt = leaving ? 0 : clock.now();
    take({ id: toHex(nodeId), nodeId, publicKey, url, applied, heardAt, isSelf: false });
  });
}

export function followPeers(self: Self, ports: PeerPorts): Peers {
  const { words, clock } = ports;
  const heard = new Map<Hex, Peer>();
  const listeners = new Set<() => void>();
  const startedAt = clock.now();
  let told = "";

  const me = (): Peer => myself(self, ports);
  const live = (): readonly Peer[] => {
    const now = clock.now();
    // Just started: whoever is there has not been heard yet, and taking everything over would only double the work.
    if (now - startedAt < SILENT_MS_MAX) return [];
    return [me(), ...[...heard.values()].filter(({ heardAt }) => now - heardAt < SILENT_MS_MAX)];
  };
  const look = (): void => {
    const names = live()
      .map(({ id }) => id)
      .sort()
      .join();
    if (names === told) return;
    told = names;
    for (const listener of listeners) listener();
  };
  const beat = (leaving: boolean): void => {
    words.tell("alive", { url: self.url(), applied: ports.applied(), leaving });
  };
  const unhear = hearPeers(words, clock, (peer) => {
    heard.set(peer.id, peer);
    look();
  });
  const timer = setInterval(() => {
    beat(false);
    look();
  }, BEAT_MS);
  timer.unref();
  beat(false);

  return {
    live,
    all: () => [me(), ...heard.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      clearInterval(timer);
      beat(true);
      unhear();
    },
  };
}
