import {
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { Fault } from "../../errors.ts";

/**
 * One replicated stream per partition and generation. A generation ends when its stream is beyond repair; the next one
 * goes on with the sequence after the last record that was applied anywhere.
 */
export interface StreamPlace {
  readonly network: string;
  readonly partition: number;
  readonly generation: number;
}

const three = (n: number): string => String(n).padStart(3, "0");
export const streamName = ({ network, partition, generation }: StreamPlace): string =>
  `midc-${network}-${three(partition)}-g${generation}`;
export const streamSubject = ({ network, partition, generation }: StreamPlace): string =>
  `midc.${network}.log.${three(partition)}.g${generation}`;

/** The place a stream's name says; undefined for a stream of somebody else. */
export function placeOf(network: string, name: string): StreamPlace | undefined {
  const match = /^midc-(.+)-(\d{3,4})-g(\d+)$/.exec(name);
  if (match?.[1] !== network) return undefined;
  return { network, partition: Number(match[2]), generation: Number(match[3]) };
}

export interface StreamLimits {
  readonly replicas: number;
  readonly bytesMax: number;
}

const RECORD_BYTES_MAX = 768 * 1024;
const MS = 1_000_000;

/** The only configuration in which an acknowledgement is a promise; what differs from it is refused. */
export function safeConfig(place: StreamPlace, limits: StreamLimits, firstSeq = 1): Partial<StreamConfig> {
  return {
    name: streamName(place),
    subjects: [streamSubject(place)],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: limits.replicas,
    // A full log refuses; it never drops its oldest records.
    discard: DiscardPolicy.New,
    max_bytes: limits.bytesMax,
    max_msgs: -1,
    max_age: 0,
    max_msg_size: RECORD_BYTES_MAX,
    // Duplicates are apply's to judge: the engine's window forgets at a change of leader.
    duplicate_window: 1_000 * MS,
    allow_direct: false,
    deny_delete: true,
    deny_purge: false,
    allow_rollup_hdrs: false,
    ...(firstSeq === 1 ? {} : { first_seq: firstSeq }),
  };
}

/** What must be as we made it; sizes may be changed by an operator, and replicas while a repair runs. */
const EXACT = [
  "retention",
  "storage",
  "discard",
  "max_age",
  "max_msgs",
  "max_msg_size",
  "allow_direct",
  "deny_delete",
  "allow_rollup_hdrs",
] as const satisfies readonly (keyof StreamConfig)[];
/** Features that change what an append means; none may be on. */
const ABSENT = [
  "mirror",
  "sources",
  "republish",
  "subject_transform",
  "allow_msg_ttl",
  "persist_mode",
  "sealed",
] as const;

/** What is unsafe about a stream, in words; empty when nothing is. */
export function unsafeIn(info: StreamInfo, place: StreamPlace, limits: StreamLimits): readonly string[] {
  const wanted = safeConfig(place, limits);
  const found = info.config as unknown as Readonly<Record<string, unknown>>;
  const wrong = EXACT.filter((name) => (found[name] ?? false) !== (wanted[name] ?? false)).map(
    (name) => `${name} is ${String(found[name])}, not ${String(wanted[name])}`,
  );
  const extra = ABSENT.filter((name) => isOn(found[name])).map((name) => `${name} is on`);
  const few = info.config.num_replicas < limits.replicas ? [`${info.config.num_replicas} replicas`] : [];
  return [...wrong, ...extra, ...few].map((what) => `stream ${info.config.name}: ${what}`);
}

const isOn = (value: unknown): boolean =>
  value !== undefined && value !== false && value !== "" && value !== "default" && value !== null;

/** How many entries a replica is behind: the servers leave the number out where it is none, whatever the client's types say. */
export const lagOf = ({ lag }: { readonly lag?: number }): number => lag ?? 0;

/** The newest generation of every partition that has a stream. */
export async function currentGenerations(jsm: JetStreamManager, network: string): Promise<ReadonlyMap<number, number>> {
  const newest = new Map<number, number>();
  for await (const name of jsm.streams.names(`midc.${network}.log.>`)) {
    const place = placeOf(network, name);
    if (place !== undefined && place.generation > (newest.get(place.partition) ?? 0))
      newest.set(place.partition, place.generation);
  }
  return newest;
}

const NAME_IN_USE = 10_058;

/** Makes the stream, or finds that another node has just made the same one. */
export async function createStream(jsm: JetStreamManager, config: Partial<StreamConfig>): Promise<StreamInfo> {
  try {
    return await jsm.streams.add(config as StreamConfig);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== NAME_IN_USE) throw error;
    // The first one made counts: its first sequence may be another.
    return jsm.streams.info(config.name ?? "");
  }
}

/** What went wrong between us and the servers, as a fault that may be tried again. */
export function logFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("LOG_UNAVAILABLE", error instanceof Error ? error.message : String(error));
}
