import type { NatsConnection } from "@nats-io/transport-node";

/** What one server says of itself. */
export interface ServerFacts {
  readonly name: string;
  readonly version: string;
  readonly syncAlways: boolean;
  /** How many servers it believes the cluster has. */
  readonly clusterSize: number;
}

interface JszAnswer {
  readonly server: { readonly name: string; readonly ver: string };
  readonly data?: {
    readonly disabled?: boolean;
    readonly config?: { readonly sync_always?: boolean };
    readonly meta_cluster?: { readonly cluster_size?: number };
  };
}

/** The last answer comes this long after the one before it, or all have been heard. */
const STALL_MS = 400;
const ANSWERS_MS_MAX = 3_000;

/**
 * Every server of the cluster that takes part; needs the `sys` user. One whose disk is full or broken has turned its
 * logs off: it acknowledges nothing, so it counts as silent, and the others go on.
 */
export async function readServers(sys: NatsConnection): Promise<readonly ServerFacts[]> {
  const found = new Map<string, ServerFacts>();
  const answers = await sys.requestMany("$SYS.REQ.SERVER.PING.JSZ", JSON.stringify({ config: true }), {
    strategy: "stall",
    stall: STALL_MS,
    maxWait: ANSWERS_MS_MAX,
  });
  for await (const answer of answers) {
    const { server, data } = answer.json<JszAnswer>();
    if (data?.disabled === true) continue;
    found.set(server.name, {
      name: server.name,
      version: server.ver,
      syncAlways: data?.config?.sync_always === true,
      clusterSize: data?.meta_cluster?.cluster_size ?? 1,
    });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const VERSION_MIN = [2, 14, 4] as const;
/** Older servers can lose what they acknowledged. */
export const VERSION_MIN_TEXT = VERSION_MIN.join(".");

/** An unsafe setting: what is wrong, and what to change. */
export interface Unsafe {
  /** The server whose setting it is; none where too few answered. */
  readonly server?: string;
  readonly cause: string;
  readonly fix: string;
}

/** Why acknowledgements of these servers could not be believed; empty when they can. */
export function unsafeServers(servers: readonly ServerFacts[]): readonly Unsafe[] {
  const unsafe: Unsafe[] = [];
  const size = Math.max(0, ...servers.map(({ clusterSize }) => clusterSize));
  if (servers.length * 2 <= size || servers.length === 0)
    unsafe.push({
      cause: `${servers.length} of ${size} NATS servers answered the sys user`,
      fix: "start the servers; give the sys user's seed in MIDCHAIN_NATS_SYS_SEED",
    });
  for (const { name, version, syncAlways } of servers) {
    if (!isNewEnough(version))
      unsafe.push({
        server: name,
        cause: `server ${name} runs nats-server ${version}, which can lose acknowledged records`,
        fix: `upgrade it to ${VERSION_MIN_TEXT} or newer (2.15 is best), one server at a time`,
      });
    if (!syncAlways)
      unsafe.push({
        server: name,
        cause: `server ${name} acknowledges before its disk has the bytes`,
        fix: 'set "sync_interval: always" in its jetstream block and restart it',
      });
  }
  return unsafe;
}

/** Whether a nats-server of this version can be believed; one with a suffix counts as the release before it. */
export function isNewEnough(version: string): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)(-.+)?$/.exec(version);
  if (parts === null) return false;
  const numbers = parts.slice(1, 4).map(Number);
  const at = VERSION_MIN.findIndex((least, i) => numbers[i] !== least);
  return at === -1 ? parts[4] === undefined : (numbers[at] ?? 0) > (VERSION_MIN[at] ?? 0);
}
