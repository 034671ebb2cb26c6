import { readFileSync } from "node:fs";
import { z } from "zod";

/** Everything the relayer can be told from outside, read once. Secrets may also be given as `<NAME>_FILE`. */

const hex = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-fA-F]{${bytes * 2}}$`), `expected 0x and ${bytes * 2} hex digits`)
    .transform((text) => text.toLowerCase() as `0x${string}`);
const count = (fallback: number, max: number) => z.coerce.number().int().min(0).max(max).default(fallback);
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== ""),
);
const contract = z
  .string()
  .regex(/^[a-z][A-Za-z]{1,30}=0x[0-9a-fA-F]{40}$/, "expected name=0x and 40 hex digits")
  .transform((text) => {
    const [name = "", address = ""] = text.split("=");
    return [name, address.toLowerCase() as `0x${string}`] as const;
  });

/** `http://host:port#0x…`: where a DV signer listens, and whose signature it gives. */
const dvUrl = z
  .string()
  .regex(/^https?:\/\/[^#]+#0x[0-9a-fA-F]{40}$/, "expected http://host:port#0x<account of the signer>")
  .transform((text) => {
    const [url = "", account = ""] = text.split("#");
    return { url, account: account.toLowerCase() as `0x${string}` };
  });
const logLevel = z.enum(["silent", "error", "warn", "info", "debug"]).default("info");
const DV_SECRET_CHARS_MIN = 32;

const schema = z.object({
  MIDCHAIN_DATA_DIR: z.string().min(1),
  MIDCHAIN_HOST: z.string().default("127.0.0.1"),
  MIDCHAIN_PORT: count(8080, 65_535),
  /** Whoever reaches it may stop transactions, change members and fetch copies of all data: never the public's. */
  MIDCHAIN_METRICS_HOST: z.string().default("127.0.0.1"),
  MIDCHAIN_METRICS_PORT: count(9464, 65_535),
  /** Where people reach this node; SIWE messages must name it. */
  MIDCHAIN_PUBLIC_URL: z.url().optional(),
  /** Other dApps' origins that may call from a browser and sign people in. */
  MIDCHAIN_ORIGINS: list.pipe(z.array(z.url())).default([]),
  /** How many reverse proxies of our own stand in front; the caller's address is read accordingly. */
  MIDCHAIN_PROXIES: count(0, 8),
  /** Rate limits; 0 switches one off. */
  MIDCHAIN_IP_REQUESTS_PER_MINUTE: count(1_200, 100_000_000),
  MIDCHAIN_ACCOUNT_REQUESTS_PER_MINUTE: count(1_200, 100_000_000),
  /** An RPC endpoint that browsers may use; the portal needs one. */
  MIDCHAIN_BROWSER_RPC_URL: z.url().optional(),
  MIDCHAIN_STREAMS_MAX: count(1_000, 100_000),
  /** Contracts that browsers are told of, `name=0x…` separated by commas: token, staking, governor, … */
  MIDCHAIN_CONTRACTS: list.pipe(z.array(contract)).default([]),
  /** A block explorer that people may be sent to, e.g. `https://sepolia.etherscan.io`. */
  MIDCHAIN_EXPLORER_URL: z.url().optional(),
  /** Folder of the built portal, served at /. */
  MIDCHAIN_PORTAL_DIR: z.string().optional(),
  MIDCHAIN_NETWORK: z
    .string()
    .regex(/^[a-z0-9-]{1,30}$/)
    .default("midchain"),
  MIDCHAIN_PARTITIONS: count(16, 1024),
  MIDCHAIN_RPC_URLS: list.pipe(z.array(z.url()).min(1)),
  MIDCHAIN_CHAIN_ID: z.coerce.number().int().positive(),
  MIDCHAIN_LEDGER: hex(20),
  MIDCHAIN_ENGINE: hex(20),
  MIDCHAIN_TOKENS: list.pipe(z.array(hex(20)).min(1)),
  /** The ServiceMarket whose services may be bought through this relayer; without it purchases are refused. */
  MIDCHAIN_MARKET: hex(20).optional(),
  MIDCHAIN_FROM_BLOCK: count(0, Number.MAX_SAFE_INTEGER),
  /** `tag` asks the chain for its final block; `depth:N` counts N blocks. */
  MIDCHAIN_FINALITY: z
    .string()
    .regex(/^(tag|depth:\d{1,5})$/)
    .default("tag"),
  MIDCHAIN_POLL_MS: count(1_000, 60_000),
  MIDCHAIN_SENDER_KEY: hex(32),
  /** DV signers in this process, by their keys, and in processes of their own, by their addresses. */
  MIDCHAIN_DV_KEYS: list.pipe(z.array(hex(32))).default([]),
  MIDCHAIN_DV_URLS: list.pipe(z.array(dvUrl)).default([]),
  /** What this relayer shares with the signers of MIDCHAIN_DV_URLS. */
  MIDCHAIN_DV_SECRET: z.string().min(DV_SECRET_CHARS_MIN).optional(),
  MIDCHAIN_DV_QUORUM: count(1, 100),
  MIDCHAIN_GAS_PRICE_CAP_GWEI: z.coerce.number().positive().default(500),
  MIDCHAIN_BALANCE_MIN_WEI: z.coerce.bigint().default(10n ** 16n),
  MIDCHAIN_RESEND_AFTER_MS: count(20_000, 3_600_000),
  MIDCHAIN_BUMP_AFTER_MS: count(60_000, 3_600_000),
  MIDCHAIN_CLOSE_AFTER_MS: count(500, 600_000),
  MIDCHAIN_BATCH_INPUTS: count(1_024, 4_096),
  MIDCHAIN_BATCH_LEGS: count(200, 256),
  MIDCHAIN_SIGNATURE_THREADS: count(1, 64),
  MIDCHAIN_LOG_LEVEL: logLevel,
  REDIS_URL: z.string().optional(),
  /** NATS servers of a cluster, the nearest first. Without them this node stands alone, on its own disk. */
  MIDCHAIN_NATS_URLS: list.pipe(z.array(z.string().min(1)).min(1)).optional(),
  /** Seeds of the three nkey users of samples/nats/accounts.conf; without the keeper's, repair waits for a person. */
  MIDCHAIN_NATS_SEED: z.string().optional(),
  MIDCHAIN_NATS_SYS_SEED: z.string().optional(),
  MIDCHAIN_NATS_KEEPER_SEED: z.string().optional(),
  MIDCHAIN_NATS_CA_FILE: z.string().optional(),
  MIDCHAIN_NATS_CERT_FILE: z.string().optional(),
  MIDCHAIN_NATS_KEY_FILE: z.string().optional(),
  MIDCHAIN_NATS_REPLICAS: count(3, 5),
  /** What one partition's log may take on each server before it refuses. */
  MIDCHAIN_NATS_LOG_BYTES: count(1024 ** 3, Number.MAX_SAFE_INTEGER),
  /** For experiments only: runs on servers that can lose what they acknowledged. */
  MIDCHAIN_ACCEPT_UNSAFE_NATS: z.enum(["yes", "no"]).default("no"),
  /** Whether audits mend what can be mended safely; needs the keeper's seed. */
  MIDCHAIN_REPAIR: z.enum(["yes", "no"]).default("yes"),
  /** How often a node of a cluster stores a snapshot; 0 for never, and then no log is ever trimmed. */
  MIDCHAIN_SNAPSHOT_MINUTES: count(1_440, 525_600),
  /** Records of each partition that stay in the log although nobody needs them. */
  MIDCHAIN_LOG_KEEP_RECORDS: count(10_000, 100_000_000),
  /** A partition's log that takes more on a server is trimmed as far as is safe. */
  MIDCHAIN_LOG_KEEP_BYTES: count(256 * 1024 ** 2, Number.MAX_SAFE_INTEGER),
  /** After so long a silence a member is not waited for any more; it comes back from a snapshot. */
  MIDCHAIN_TRIM_AWAY_MINUTES: count(60, 525_600),
  /** How old the vault key may become before it is changed, which makes what was erased unreadable for good; 0 for never. */
  MIDCHAIN_VAULT_ROTATE_MINUTES: count(1_440, 525_600),
  /** Public keys of the nodes the network began with; the same on every node. */
  MIDCHAIN_NODES: list.pipe(z.array(hex(32)).min(1)).optional(),
});

const relayerSchema = schema
  .refine(({ MIDCHAIN_DV_KEYS: keys, MIDCHAIN_DV_URLS: urls }) => keys.length + urls.length > 0, {
    path: ["MIDCHAIN_DV_KEYS"],
    message: "name at least one DV signer here or in MIDCHAIN_DV_URLS",
  })
  .refine(({ MIDCHAIN_DV_URLS: urls, MIDCHAIN_DV_SECRET: secret }) => urls.length === 0 || secret !== undefined, {
    path: ["MIDCHAIN_DV_SECRET"],
    message: "needed to speak to the signers of MIDCHAIN_DV_URLS",
  });

/** One DV signer in a process of its own. */
const dvSchema = z.object({
  MIDCHAIN_DATA_DIR: z.string().min(1),
  MIDCHAIN_CHAIN_ID: z.coerce.number().int().positive(),
  MIDCHAIN_LEDGER: hex(20),
  MIDCHAIN_DV_KEY: hex(32),
  MIDCHAIN_DV_SECRET: z.string().min(DV_SECRET_CHARS_MIN),
  MIDCHAIN_DV_HOST: z.string().default("127.0.0.1"),
  MIDCHAIN_DV_PORT: count(9_470, 65_535),
  MIDCHAIN_LOG_LEVEL: logLevel,
});

export type Config = z.infer<typeof schema>;

export type ReadConfig<Settings = Config> =
  | { readonly kind: "config"; readonly config: Settings }
  | { readonly kind: "invalid"; readonly problems: readonly string[] };

type Env = Readonly<Record<string, string | undefined>>;

const SECRETS = [
  "MIDCHAIN_SENDER_KEY",
  "MIDCHAIN_DV_KEYS",
  "MIDCHAIN_DV_KEY",
  "MIDCHAIN_DV_SECRET",
  "MIDCHAIN_NATS_SEED",
  "MIDCHAIN_NATS_SYS_SEED",
  "MIDCHAIN_NATS_KEEPER_SEED",
] as const;

export const readConfig = (env: Env): ReadConfig => read(relayerSchema, env);
export const readDvConfig = (env: Env): ReadConfig<z.infer<typeof dvSchema>> => read(dvSchema, env);

function read<Settings>(settings: z.ZodType<Settings>, env: Env): ReadConfig<Settings> {
  const given: Record<string, string | undefined> = { ...env };
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`];
    if (file === undefined) continue;
    try {
      given[name] = readFileSync(file, "utf8").trim();
    } catch {
      return { kind: "invalid", problems: [`${name}_FILE: the file cannot be read`] };
    }
  }
  const parsed = settings.safeParse(given);
  if (parsed.success) return { kind: "config", config: parsed.data };
  // The name and what is wrong with it; never the value, which may be a key.
  return { kind: "invalid", problems: parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) };
}
