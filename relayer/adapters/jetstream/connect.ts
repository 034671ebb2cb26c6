import { readFileSync } from "node:fs";
import { connect, nkeyAuthenticator, nkeys, type NatsConnection } from "@nats-io/transport-node";

/** How a node reaches its NATS servers. */
export interface NatsAccess {
  /** The nearest server first: it is tried first. */
  readonly servers: readonly string[];
  /** Shown in the servers' connection lists. */
  readonly name: string;
  /** Seed of the user's nkey; never logged. */
  readonly seed: string | undefined;
  readonly tls: { readonly caFile: string; readonly certFile: string; readonly keyFile: string } | undefined;
}

/** A paused server answers no ping: after two of them another server is taken. */
const PING_MS = 2_000;
const PINGS_OUT_MAX = 2;
const RECONNECT_MS = 250;
const CONNECT_MS_MAX = 3_000;

/** Connects, and stays connected for ever: whoever waits for an answer has a limit of its own. */
export async function connectNats(access: NatsAccess): Promise<NatsConnection> {
  return connect({
    servers: [...access.servers],
    name: access.name,
    noRandomize: true,
    // Which servers there are is the operator's to say; behind a proxy or NAT the servers' own idea of it is wrong.
    ignoreClusterUpdates: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    waitOnFirstConnect: false,
    pingInterval: PING_MS,
    maxPingOut: PINGS_OUT_MAX,
    timeout: CONNECT_MS_MAX,
    // Else every append makes two errors, with their stacks, for the case that it should fail.
    noAsyncTraces: true,
    ...(access.seed === undefined ? {} : { authenticator: nkeyAuthenticator(new TextEncoder().encode(access.seed)) }),
    ...(access.tls === undefined
      ? {}
      : {
          tls: {
            ca: readFileSync(access.tls.caFile, "utf8"),
            cert: readFileSync(access.tls.certFile, "utf8"),
            key: readFileSync(access.tls.keyFile, "utf8"),
          },
        }),
  });
}

export interface Nkey {
  readonly publicKey: string;
  readonly seed: string;
}

/** The three users of samples/nats/accounts.conf. */
export interface Nkeys {
  readonly log: Nkey;
  readonly keeper: Nkey;
  readonly sys: Nkey;
}

export function makeNkeys(): Nkeys {
  const make = (): Nkey => {
    const pair = nkeys.createUser();
    return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
  };
  return { log: make(), keeper: make(), sys: make() };
}
