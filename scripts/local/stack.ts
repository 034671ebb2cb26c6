import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  http,
  parseEther,
  type Address,
  type Hex,
} from "viem";
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { platformTokenAbi } from "../../protocol/abi/PlatformToken.ts";
import { remoteTokenAbi } from "../../protocol/abi/RemoteToken.ts";
import { settlementEngineAbi } from "../../protocol/abi/SettlementEngine.ts";
import type { Addresses } from "../chain/deployHome.ts";
import { startAnvil } from "./anvil.ts";
import { ANVIL_KEYS, deployLocal } from "./deployLocal.ts";
import { fundDemoPeople } from "./demoPeople.ts";
import { bringPortal } from "./portal.ts";
import { releaseArtifact } from "../chain/releaseArtifacts.ts";
import { root } from "./run.ts";

const BLOCK_SECONDS = 0.25;
const STOP_MS_MAX = 10_000;
/** A node that lay idle for long reads its databases through, or what others did meanwhile, before it is ready. */
const READY_MS_MAX = 300_000;
const GIFT = parseEther("10000");

/** A chain of this machine with everything a relayer needs to know of it. */
export interface LocalChain {
  readonly rpcUrl: string;
  readonly token: Address;
  readonly asset: Address;
  readonly ledger: Address;
  readonly contracts: Addresses;
  readonly wallets: Readonly<Record<string, PrivateKeyAccount>>;
  readonly contractCount: number;
  /** The settings of a relayer on this chain, its own folder and ports aside. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

export interface Stack {
  readonly url: string;
  readonly metricsUrl: string;
  readonly rpcUrl: string;
  readonly token: Address;
  /** A second token on the allow-list, as if bridged from elsewhere. */
  readonly asset: Address;
  readonly ledger: Address;
  readonly contracts: Addresses;
  readonly wallets: Readonly<Record<string, PrivateKeyAccount>>;
  readonly dataDir: string;
  readonly stop: () => Promise<void>;
}

/** The usual stack: one relayer, which a test can stop and start again with the same settings. */
export interface SoloStack extends Stack {
  readonly relayer: RelayerProcess;
  readonly relayerEnv: Readonly<Record<string, string>>;
}

export interface StackOptions {
  /** Emptied first. */
  readonly dataDir: string;
  readonly names: readonly string[];
  readonly ports?: { readonly rpc: number; readonly http: number; readonly metrics: number };
  readonly env?: Readonly<Record<string, string>>;
  /** Builds and serves the portal, and funds its demo people. */
  readonly portal?: boolean;
  readonly onStep?: (what: string) => void;
}

/** Starts a chain with all contracts and funded wallets, whose keys it writes into the folder. */
export async function startChain(options: {
  readonly dataDir: string;
  readonly names: readonly string[];
  readonly rpcPort?: number;
}): Promise<LocalChain> {
  const keys = Object.fromEntries(options.names.map((name) => [name, generatePrivateKey()]));
  const wallets = Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, privateKeyToAccount(key)]));
  const anvil = await startAnvil({
    blockSeconds: BLOCK_SECONDS,
    ...(options.rpcPort === undefined ? {} : { port: options.rpcPort }),
  });
  try {
    const contracts = await deployLocal({
      rpcUrl: anvil.rpcUrl,
      accounts: Object.values(wallets).map(({ address }) => address),
      gift: GIFT,
    });
    const asset = await readyWallets(anvil.rpcUrl, Object.values(wallets), contracts);
    writeFileSync(join(options.dataDir, "wallets.json"), `${JSON.stringify(keys, undefined, 2)}\n`, { mode: 0o600 });
    return {
      rpcUrl: anvil.rpcUrl,
      token: contracts.platformToken,
      asset,
      ledger: contracts.notaryLedger,
      contracts,
      wallets,
      contractCount: Object.keys(contracts).length,
      env: relayerEnv(anvil.rpcUrl, [contracts.platformToken, asset], contracts),
      stop: anvil.stop,
    };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

/** A whole system on this machine: a chain with all contracts, funded wallets, and a relayer process. */
export async function startStack(options: StackOptions): Promise<SoloStack> {
  const step = options.onStep ?? (() => undefined);
  rmSync(options.dataDir, { recursive: true, force: true });
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const { ports } = options;
  const chain = await startChain({ ...options, ...(ports === undefined ? {} : { rpcPort: ports.rpc }) });
  tellChain(chain, step);
  try {
    const portal = options.portal === true ? await readyPortal(chain) : {};
    const env = { ...chain.env, ...portsEnv(ports), ...portal, ...options.env };
    const relayerSettings = { MIDCHAIN_DATA_DIR: join(options.dataDir, "relayer"), ...env };
    const relayer = await startRelayer(relayerSettings);
    step(`Relayer       LMDB, ${env["MIDCHAIN_PARTITIONS"] ?? "16"} partitions, 4 DV signers`);
    return {
      ...chain,
      url: relayer.url,
      metricsUrl: relayer.metricsUrl,
      relayer,
      relayerEnv: relayerSettings,
      dataDir: options.dataDir,
      async stop() {
        await relayer.stop();
        await chain.stop();
      },
    };
  } catch (error) {
    await chain.stop();
    throw error;
  }
}

export function tellChain(chain: LocalChain, step: (what: string) => void): void {
  step(`Local chain   anvil, chain ${foundry.id}, a block every ${BLOCK_SECONDS} s`);
  step(`Contracts     ${chain.contractCount} deployed, roles handed to the timelock`);
}

/** Builds the portal, gives its demo people tokens, and says where a relayer finds it. */
export async function readyPortal(chain: LocalChain): Promise<Record<string, string>> {
  const options = { chain: foundry, transport: http(chain.rpcUrl), pollingInterval: 20, cacheTime: 0 } as const;
  const [dir] = await Promise.all([
    bringPortal(),
    fundDemoPeople(chain.rpcUrl, chain.token, createPublicClient(options)),
  ]);
  return { MIDCHAIN_PORTAL_DIR: dir };
}

/** Gas money, approvals, and the second token: what a faucet and governance would do on a test network. */
async function readyWallets(
  rpcUrl: string,
  accounts: readonly PrivateKeyAccount[],
  contracts: { readonly settlementEngine: Address; readonly platformToken: Address; readonly timelock: Address },
): Promise<Address> {
  const options = { chain: foundry, transport: http(rpcUrl), pollingInterval: 20, cacheTime: 0 } as const;
  const open = createPublicClient(options);
  const test = createTestClient({ ...options, mode: "anvil" });
  const mined = async (hash: Hex) => open.waitForTransactionReceipt({ hash });
  const deployer = createWalletClient({ ...options, account: privateKeyToAccount(ANVIL_KEYS[0]) });
  const { abi, bytecode } = await releaseArtifact("RemoteToken");
  const { contractAddress } = await mined(
    await deployer.deployContract({ abi, bytecode: bytecode as Hex, args: [deployer.account.address] }),
  );
  const asset = contractAddress ?? "0x";
  await test.setBalance({ address: contracts.timelock, value: parseEther("1") });
  await test.impersonateAccount({ address: contracts.timelock });
  const timelock = createWalletClient({ ...options, account: contracts.timelock });
  const allow = {
    address: contracts.settlementEngine,
    abi: settlementEngineAbi,
    functionName: "setToken",
    args: [asset, true],
  } as const;
  await mined(await timelock.writeContract(allow));
  await test.stopImpersonatingAccount({ address: contracts.timelock });
  for (const account of accounts) {
    await test.setBalance({ address: account.address, value: parseEther("10") });
    await mined(
      await deployer.writeContract({
        address: asset,
        abi: remoteTokenAbi,
        functionName: "crosschainMint",
        args: [account.address, GIFT],
      }),
    );
  }
  await Promise.all(
    accounts.map(async (account) => {
      const wallet = createWalletClient({ ...options, account });
      const approve = {
        abi: platformTokenAbi,
        functionName: "approve",
        args: [contracts.settlementEngine, 2n ** 255n],
      } as const;
      await mined(await wallet.writeContract({ ...approve, address: contracts.platformToken }));
      await mined(await wallet.writeContract({ ...approve, address: asset }));
    }),
  );
  return asset;
}

function relayerEnv(rpcUrl: string, tokens: readonly Address[], contracts: Addresses): Record<string, string> {
  const [sender, ...dvKeys] = ANVIL_KEYS;
  return {
    MIDCHAIN_RPC_URLS: rpcUrl,
    MIDCHAIN_BROWSER_RPC_URL: rpcUrl,
    MIDCHAIN_CHAIN_ID: String(foundry.id),
    MIDCHAIN_LEDGER: contracts.notaryLedger,
    MIDCHAIN_ENGINE: contracts.settlementEngine,
    MIDCHAIN_TOKENS: tokens.join(","),
    MIDCHAIN_MARKET: contracts.serviceMarket,
    MIDCHAIN_CONTRACTS: contractsEnv(contracts),
    MIDCHAIN_SENDER_KEY: sender,
    MIDCHAIN_DV_KEYS: dvKeys.join(","),
    MIDCHAIN_DV_QUORUM: "3",
    MIDCHAIN_POLL_MS: "100",
    MIDCHAIN_CLOSE_AFTER_MS: "250",
    MIDCHAIN_RESEND_AFTER_MS: "2000",
    MIDCHAIN_BUMP_AFTER_MS: "10000",
    MIDCHAIN_LOG_LEVEL: "warn",
    MIDCHAIN_PORT: "0",
    MIDCHAIN_METRICS_PORT: "0",
  };
}

/** What browsers are told: the contracts that people stake, vote and buy with. */
const contractsEnv = (contracts: Addresses): string =>
  Object.entries({
    token: contracts.platformToken,
    staking: contracts.dvStaking,
    committee: contracts.dvCommittee,
    governor: contracts.governor,
    timelock: contracts.timelock,
    certificates: contracts.certificateRegistry,
    market: contracts.serviceMarket,
  })
    .map(([name, address]) => `${name}=${address}`)
    .join(",");

const portsEnv = (ports: StackOptions["ports"]): Record<string, string> =>
  ports === undefined ? {} : { MIDCHAIN_PORT: String(ports.http), MIDCHAIN_METRICS_PORT: String(ports.metrics) };

export interface RelayerProcess {
  readonly url: string;
  readonly metricsUrl: string;
  readonly process: ChildProcess;
  /** Resolves with the exit code; null when it had to be killed. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/**
 * The engine collects its garbage on four threads, however many processors there are: on one or two it takes them from
 * the relayer for up to a tenth of a second at a time.
 */
export const NODE_FLAGS = [
  "--disable-warning=ExperimentalWarning",
  ...(availableParallelism() > 2 ? [] : ["--v8-pool-size=1"]),
];

/**
 * `relayer/main.ts` in a process of its own; resolves when it says that it is ready, and ends one that never does. Its log is
 * added to the file, where one is named.
 */
export async function startRelayer(
  env: Readonly<Record<string, string>>,
  options: {
    readonly logFile?: string;
    readonly readyMsMax?: number;
    /** Told of the process at once, however long it takes to be ready. */
    readonly onSpawned?: (process: ChildProcess) => void;
  } = {},
): Promise<RelayerProcess> {
  const { logFile, readyMsMax = READY_MS_MAX, onSpawned } = options;
  const child = spawn(process.execPath, [...NODE_FLAGS, join(root, "relayer/main.ts")], {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onSpawned?.(child);
  const end = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", end);
  child.once("exit", () => {
    process.off("exit", end);
  });
  // The relayer says on standard output that it is ready, and everything else on standard error.
  if (logFile !== undefined) child.stderr.pipe(createWriteStream(logFile, { flags: "a", mode: 0o600 }));
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> =>
    new Promise((resolve) => {
      process.off("exit", end);
      if (child.exitCode !== null || child.signalCode !== null) {
        resolve(child.exitCode);
        return;
      }
      const limit = setTimeout(end, STOP_MS_MAX);
      child.once("exit", (code) => {
        clearTimeout(limit);
        resolve(code);
      });
      child.kill(signal);
    });
  return { ...(await readyOf(child, readyMsMax)), process: child, stop };
}

/** Where the relayer says that it can be reached; one that says something else, or nothing in time, is ended. */
function readyOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  msMax: number,
): Promise<Pick<RelayerProcess, "url" | "metricsUrl">> {
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-2_000);
  });
  return new Promise((resolve, reject) => {
    const giveUp = (why: string): void => {
      child.kill("SIGKILL");
      reject(new Error(why));
    };
    const limit = setTimeout(giveUp, msMax, `the relayer was not ready within ${msMax / 1_000} s`);
    let text = "";
    const hear = (chunk: Buffer): void => {
      text += chunk.toString();
      if (!text.includes("\n")) return;
      clearTimeout(limit);
      child.stdout.off("data", hear).resume();
      try {
        const ready = JSON.parse(text.slice(0, text.indexOf("\n"))) as {
          readonly url: string;
          readonly metrics: string;
        };
        resolve({ url: ready.url, metricsUrl: ready.metrics });
      } catch {
        giveUp(`the relayer says something else than that it is ready: ${text}`);
      }
    };
    child.stdout.on("data", hear);
    child.once("exit", (code, signal) => {
      clearTimeout(limit);
      reject(new Error(`the relayer ended with ${code ?? signal ?? "no code"}: ${complaint.split("\n")[0] ?? ""}`));
    });
  });
}
