import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that systems lend to outgoing connections (from 32,768 on Linux, from 49,152 elsewhere): one of those may be
 * gone between our choice and the start of the process that is to listen there, and again at each of its restarts.
 */
const LOWEST = 20_000;
const HIGHEST = 32_767;
const TRIES_MAX = 100;

/** What this process has handed out: nothing may listen there yet. */
const taken = new Set<number>();

/** Whether this machine would let us listen on the port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "127.0.0.1", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** A port that was free a moment ago, and that this process is given once only. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (taken.has(port)) continue;
    taken.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${LOWEST} and ${HIGHEST} in ${TRIES_MAX} tries`);
}
