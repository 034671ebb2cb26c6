import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isFree } from "../local/ports.ts";
import { broken, causeOf, noticed, well, type Finding } from "./finding.ts";

const ANSWER_MS_MAX = 1_000;
const FSYNCS = 15;
const FSYNC_MS_SLOW = 15;
const LOCAL_CHAIN_PORT = 8545;
const WRITTEN_AT = Date.UTC(2026, 0, 1);

type Env = Readonly<Record<string, string | undefined>>;

/** What any verb needs of this machine. */
export async function lookAtMachine(env: Env): Promise<readonly Finding[]> {
  const ports = [
    { what: "port for HTTP", setting: "MIDCHAIN_PORT", fallback: 8080, isOurs: answersLikeRelayer },
    { what: "port for metrics", setting: "MIDCHAIN_METRICS_PORT", fallback: 9464, isOurs: answersLikeMetrics },
    { what: "port for the local chain", fallback: LOCAL_CHAIN_PORT, isOurs: answersLikeChain },
  ];
  return [
    lookAtNode(),
    lookAtClock(),
    lookAtDisk(env),
    ...(await Promise.all(ports.map((port) => lookAtPort(port, env)))),
  ];
}

function lookAtNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major === 24 && minor >= 9
    ? well("Node", process.versions.node)
    : broken("Node", process.versions.node, "run through ./midchain, which brings the right Node");
}

function lookAtClock(): Finding {
  const now = new Date().toISOString();
  return Date.now() > WRITTEN_AT
    ? well("clock", now)
    : broken("clock", now, "set the clock; an NTP service keeps it right");
}

/** How long this disk takes to make one small write durable: every accepted request waits for that. */
function lookAtDisk(env: Env): Finding {
  const dir = resolve(env["MIDCHAIN_DATA_DIR"] ?? ".data");
  let there = dir;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    const ms = medianFsyncMs(there);
    const found = `${ms.toFixed(2)} ms to make one write durable in ${there}`;
    return ms <= FSYNC_MS_SLOW
      ? well("data folder", found)
      : noticed("data folder", found, "put MIDCHAIN_DATA_DIR on a local SSD; each answer waits for this");
  } catch (error) {
    return broken(
      "data folder",
      `cannot write to ${there}: ${causeOf(error)}`,
      "set MIDCHAIN_DATA_DIR to a folder this user may write to",
    );
  }
}

function medianFsyncMs(folder: string): number {
  const own = mkdtempSync(join(folder, ".doctor-"));
  try {
    const file = openSync(join(own, "probe"), "w");
    const page = Buffer.alloc(4096, 1);
    const times = Array.from({ length: FSYNCS }, () => {
      const startedAt = performance.now();
      writeSync(file, page);
      fsyncSync(file);
      return performance.now() - startedAt;
    });
    closeSync(file);
    return times.sort((a, b) => a - b)[Math.floor(FSYNCS / 2)] ?? 0;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

interface Port {
  readonly what: string;
  readonly setting?: string;
  readonly fallback: number;
  readonly isOurs: (url: string) => Promise<boolean>;
}

async function lookAtPort({ what, setting, fallback, isOurs }: Port, env: Env): Promise<Finding> {
  const given = setting === undefined ? undefined : env[setting];
  const port = given === undefined ? fallback : Number(given);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return broken(what, "not a port", `set ${setting ?? "it"} to a number up to 65535`);
  }
  if (port === 0) return well(what, "any free one");
  if (await isFree(port)) return well(what, `${port} is free`);
  if (await isOurs(`http://127.0.0.1:${port}`)) return well(what, `${port} is used by us`);
  const found = `${port} is used by another program`;
  if (setting === undefined) return noticed(what, found, "./midchain up and demo take another one by themselves");
  // A port that was asked for must be had; the usual one is only the usual one.
  const judge = given === undefined ? noticed : broken;
  return judge(what, found, `set ${setting} to a free port, or stop that program`);
}

async function textOf(url: string, body?: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url, body === undefined ? { signal } : { signal, method: "POST", headers, body });
    return await answer.text();
  } catch {
    return "";
  }
}

const answersLikeRelayer = async (url: string): Promise<boolean> =>
  (await textOf(`${url}/v1/network`)).includes('"nodePublicKey"');
const answersLikeMetrics = async (url: string): Promise<boolean> =>
  (await textOf(`${url}/metrics`)).includes("midchain_");
const answersLikeChain = async (url: string): Promise<boolean> =>
  (await textOf(url, '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}')).includes('"0x7a69"');
