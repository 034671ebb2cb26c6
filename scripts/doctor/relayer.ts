import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { createPublicClient, formatEther, http, type Address, type PublicClient } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { readConfig, type Config } from "../../relayer/config.ts";
import { broken, causeOf, noticed, well, type Finding } from "./finding.ts";

const ANSWER_MS_MAX = 5_000;
const SKEW_S_MAX = 60;

type Env = Readonly<Record<string, string | undefined>>;

/** Whether somebody set up a relayer here at all. */
export const isRelayerHere = (env: Env): boolean =>
  ["MIDCHAIN_RPC_URLS", "MIDCHAIN_LEDGER", "MIDCHAIN_SENDER_KEY", "MIDCHAIN_SENDER_KEY_FILE"].some(
    (name) => name in env,
  );

/** What a relayer with these settings needs: its settings, its chain, its account, its keys, its Redis. */
export async function lookAtRelayer(env: Env): Promise<readonly Finding[]> {
  const read = readConfig(env);
  if (read.kind === "invalid") {
    return read.problems.map((problem) => {
      const [name = "", ...what] = problem.split(": ");
      return broken(name, what.join(": "), `set ${name} to a valid value; docs/RUNBOOK.md lists the settings`);
    });
  }
  const { config } = read;
  const endpoints = await Promise.all(config.MIDCHAIN_RPC_URLS.map((url) => lookAtEndpoint(url, config)));
  const client = endpoints.find((endpoint) => endpoint.client !== undefined)?.client;
  return [
    ...endpoints.map(({ finding }) => finding),
    ...(client === undefined ? [] : await lookAtChain(client, config)),
    lookAtQuorum(config),
    lookAtKeys(config),
    ...(config.REDIS_URL === undefined ? [] : [await lookAtRedis(config.REDIS_URL)]),
  ];
}

async function lookAtEndpoint(
  url: string,
  { MIDCHAIN_CHAIN_ID: expected }: Config,
): Promise<{ readonly finding: Finding; readonly client?: PublicClient }> {
  // The rest of an endpoint's address often is its password.
  const what = `endpoint ${new URL(url).host}`;
  const client = createPublicClient({ transport: http(url, { timeout: ANSWER_MS_MAX, retryCount: 0 }) });
  try {
    const found = await client.getChainId();
    return found === expected
      ? { finding: well(what, `answers, chain ${found}`), client }
      : {
          finding: broken(
            what,
            `is of chain ${found}, not ${expected}`,
            "correct MIDCHAIN_RPC_URLS or MIDCHAIN_CHAIN_ID",
          ),
        };
  } catch (error) {
    return {
      finding: broken(what, `does not answer: ${causeOf(error)}`, "correct MIDCHAIN_RPC_URLS, or start that endpoint"),
    };
  }
}

async function lookAtChain(client: PublicClient, config: Config): Promise<readonly Finding[]> {
  const contracts: readonly (readonly [string, string, Address | undefined])[] = [
    ["ledger", "MIDCHAIN_LEDGER", config.MIDCHAIN_LEDGER],
    ["engine", "MIDCHAIN_ENGINE", config.MIDCHAIN_ENGINE],
    ["market", "MIDCHAIN_MARKET", config.MIDCHAIN_MARKET],
    ...config.MIDCHAIN_TOKENS.map((token) => ["token", "MIDCHAIN_TOKENS", token] as const),
  ];
  const looks = [
    ...contracts.flatMap(([what, setting, address]) =>
      address === undefined ? [] : [{ what, look: () => lookAtCode(client, { what, setting, address }) }],
    ),
    { what: "sender's balance", look: () => lookAtBalance(client, config) },
    { what: "sender's nonce", look: () => lookAtNonce(client, config) },
    { what: "clock against the chain", look: () => lookAtSkew(client) },
  ];
  return Promise.all(
    looks.map(({ what, look }) =>
      look().catch((error: unknown) => broken(what, causeOf(error), "check the endpoints in MIDCHAIN_RPC_URLS")),
    ),
  );
}

async function lookAtCode(
  client: PublicClient,
  { what, setting, address }: { readonly what: string; readonly setting: string; readonly address: Address },
): Promise<Finding> {
  const code = await client.getCode({ address });
  return code === undefined || code === "0x"
    ? broken(what, `no contract at ${address}`, `correct ${setting}; deployments/<chain id>.json has the addresses`)
    : well(what, `${(code.length - 2) / 2} bytes of code at ${address}`);
}

const senderOf = (config: Config): Address => privateKeyToAccount(config.MIDCHAIN_SENDER_KEY).address;

async function lookAtBalance(client: PublicClient, config: Config): Promise<Finding> {
  const address = senderOf(config);
  const balance = await client.getBalance({ address });
  const found = `${formatEther(balance)} at ${address}`;
  const least = config.MIDCHAIN_BALANCE_MIN_WEI;
  return balance >= least
    ? well("sender's balance", found)
    : broken(
        "sender's balance",
        `${found}, below ${formatEther(least)}`,
        `fund ${address}, or lower MIDCHAIN_BALANCE_MIN_WEI`,
      );
}

async function lookAtNonce(client: PublicClient, config: Config): Promise<Finding> {
  const address = senderOf(config);
  const [mined, pending] = await Promise.all([
    client.getTransactionCount({ address, blockTag: "latest" }),
    client.getTransactionCount({ address, blockTag: "pending" }),
  ]);
  return pending <= mined
    ? well("sender's nonce", `${mined}, nothing waits`)
    : noticed(
        "sender's nonce",
        `${mined}, and ${pending - mined} wait to be mined`,
        "look again in a minute; ./midchain tx list shows them",
      );
}

async function lookAtSkew(client: PublicClient): Promise<Finding> {
  const { timestamp } = await client.getBlock({ blockTag: "latest" });
  const aheadS = Number(timestamp) - Math.floor(Date.now() / 1000);
  // A block may be old, where nothing happens; it is never from the future.
  return aheadS <= SKEW_S_MAX
    ? well("clock against the chain", "no block is from the future")
    : broken(
        "clock against the chain",
        `${aheadS} s behind the newest block`,
        "set the clock; an NTP service keeps it right",
      );
}

function lookAtQuorum({ MIDCHAIN_DV_KEYS: keys, MIDCHAIN_DV_URLS: urls, MIDCHAIN_DV_QUORUM: quorum }: Config): Finding {
  const signers = keys.length + urls.length;
  return signers >= quorum
    ? well("DV signers", `${signers}, and ${quorum} must sign`)
    : broken(
        "DV signers",
        `${signers}, but ${quorum} must sign`,
        "add keys to MIDCHAIN_DV_KEYS or signers to MIDCHAIN_DV_URLS, or correct MIDCHAIN_DV_QUORUM",
      );
}

function lookAtKeys({ MIDCHAIN_DATA_DIR: dir }: Config): Finding {
  const path = join(dir, "keys.json");
  if (!existsSync(path)) return well("keys.json", "not there yet; the first start makes it");
  const mode = statSync(path).mode & 0o777;
  return (mode & 0o077) === 0
    ? well("keys.json", "only its owner can read it")
    : broken("keys.json", `others may use it (mode ${mode.toString(8)})`, `chmod 600 ${path}`);
}

async function lookAtRedis(url: string): Promise<Finding> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: ANSWER_MS_MAX, retryStrategy: () => null });
  // The reason comes with the rejected call; without a listener it would also end the process.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    await redis.ping();
    return well("Redis", "answers");
  } catch (error) {
    return broken(
      "Redis",
      `does not answer: ${causeOf(error)}`,
      "start Redis, or correct REDIS_URL; without it work runs in process",
    );
  } finally {
    redis.disconnect();
  }
}
