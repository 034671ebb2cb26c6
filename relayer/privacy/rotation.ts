import { z } from "zod";
import { toHex, type Hex } from "../../protocol/bytes.ts";
import { offeredKey, usedKey, type KeyName } from "../midc/epochs.ts";
import type { Clock, Keyring } from "../ports.ts";
import { answerForKeys, fetchKey, holds, type HandoverPorts } from "./handover.ts";
import { isClean, rewrapAll, type RewrapPorts } from "./rewrapping.ts";

/**
 * Changing the vault key, so that what was erased is wrapped under a key that nobody has any more: not in a log, a
 * backup or a free page of a disk. Each step is read from what the log and the members say, never remembered, so whoever
 * works on it may stop anywhere and another goes on:
 *
 *   make    a key of the next epoch, on one node's disk
 *   offer   its name in the log; every member fetches it and has it on disk before it says so (handover.ts)
 *   use     once all members hold it: from here on each partition takes wraps under it only
 *   rewrap  everybody's keys, out of the old wraps
 *   destroy the old key at every member, once all have applied all of that
 *
 * A member that is silent holds it up where it is, with the old key in use, until it is back or is no member any more.
 */

export interface RotationPorts extends HandoverPorts {
  readonly keyring: Pick<Keyring, "nodePublicKey" | "sign" | "vaultKeys" | "wrap" | "unwrap">;
  readonly replica: RewrapPorts["replica"];
  readonly clock: Clock;
  readonly members: () => readonly Hex[];
  readonly isSteward: () => boolean;
  /** How old the vault key may become before it is changed; 0 for as old as it likes. */
  readonly intervalMs: number;
  readonly onFault: (error: unknown) => void;
}

export interface RotationState {
  /** Of the newest key. */
  readonly epoch: number;
  /** What it waits for; absent when the newest key is the only one that any member holds. */
  readonly waitsFor?: string;
}

export interface Rotation {
  /** Changes the vault key now, after a change that is under way; answers how far that has come when the time is up. */
  readonly rotate: () => Promise<RotationState>;
  readonly last: () => RotationState | undefined;
  readonly stop: () => Promise<void>;
}

const TICK_MS = 2_000;
const AGAIN_MS = 200;
const ROTATE_MS_MAX = 60_000;
const HEARD_MS_MAX = 3_000;

export function startRotation(ports: RotationPorts): Rotation {
  const stopping = new AbortController();
  let last: RotationState | undefined;
  let running: Promise<unknown> = Promise.resolve();
  answerForKeys(ports);
  answerForRotation(ports);
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = running.then(work);
    running = result.catch(() => undefined);
    return result;
  };
  const step = async (): Promise<RotationState> => (last = await takeStep(ports));
  const finish = async (deadline: number): Promise<RotationState> => {
    for (;;) {
      const state = await step();
      if (state.waitsFor === undefined || ports.clock.now() > deadline || stopping.signal.aborted) return state;
      await ports.clock.sleep(AGAIN_MS, stopping.signal);
    }
  };
  const tend = async (): Promise<void> => {
    await fetchKey(ports);
    if (!ports.isSteward()) return;
    const { waitsFor } = await step();
    if (waitsFor === undefined && isDue(ports)) await begin(ports);
  };
  const tending = (async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await inTurn(tend).catch(ports.onFault);
      await ports.clock.sleep(TICK_MS, stopping.signal);
    }
  })();
  return {
    rotate: () =>
      inTurn(async () => {
        const deadline = ports.clock.now() + ROTATE_MS_MAX;
        const before = await finish(deadline);
        if (before.waitsFor !== undefined) return before;
        await begin(ports);
        return finish(deadline);
      }),
    last: () => last,
    async stop() {
      stopping.abort();
      await tending;
      await running;
    },
  };
}

function isDue({ keyring, clock, intervalMs }: RotationPorts): boolean {
  const since = keyring.vaultKeys.list().at(-1)?.since ?? 0;
  return intervalMs > 0 && clock.now() - since >= intervalMs;
}

/** Makes the next key and offers it. If another node has offered one at the same time, this one counts for nothing. */
async function begin({ keyring, replica, clock }: RotationPorts): Promise<void> {
  const held = keyring.vaultKeys.list();
  const offered = offeredKey(replica.view)?.epoch ?? held[0]?.epoch ?? 0;
  // One that was made before a crash and not offered has wrapped nothing yet.
  const made = held.find(({ epoch }) => epoch > offered) ?? keyring.vaultKeys.make(offered + 1, clock.now());
  await replica.submit(0, { kind: "offerKey", epoch: made.epoch, print: made.print });
}

/** Does whatever can be done now. */
async function takeStep(ports: RotationPorts): Promise<RotationState> {
  const { replica, members } = ports;
  const offered = offeredKey(replica.view);
  if (offered === undefined) return { epoch: ports.keyring.vaultKeys.list()[0]?.epoch ?? 0 };
  const { epoch } = offered;
  const waitsFor = (why: string): RotationState => ({ epoch, waitsFor: why });
  const heard = await askMembers("vault keys", ports);
  const all = members();
  const silent = all.filter((member) => !heard.has(member));
  if (silent.length > 0) return waitsFor(`${silent.join(", ")} to answer`);
  const lacking = all.filter((member) => !isHeldBy(heard.get(member), offered));
  // Whoever made it has lost it, before anything was wrapped under it.
  if (lacking.length === all.length) {
    await begin(ports);
    return waitsFor("another key: nobody holds the one that was offered");
  }
  if (lacking.length > 0) return waitsFor(`${lacking.join(", ")} to store the key`);
  if (all.every((member) => heard.get(member)?.length === 1)) return { epoch };
  await useEverywhere(offered, replica);
  await rewrapAll(epoch, ports);
  const behind = await notYet("vault clean", offered, ports);
  if (behind.length > 0) return waitsFor(`${behind.join(", ")} to apply it`);
  const keeping = await notYet("vault destroy", offered, ports);
  return keeping.length > 0 ? waitsFor(`${keeping.join(", ")} to destroy the older key`) : { epoch };
}

async function useEverywhere(name: KeyName, { partitions, view, submit }: RotationPorts["replica"]): Promise<void> {
  const open = Array.from({ length: partitions }, (_, partition) => partition).filter(
    (partition) => (usedKey(view, partition)?.epoch ?? 0) < name.epoch,
  );
  await Promise.all(open.map((partition) => submit(partition, { kind: "useKey", ...name })));
}

const keyNames = z.array(z.object({ epoch: z.int(), print: z.string() }));
type KeyNames = z.infer<typeof keyNames>;

const isHeldBy = (keys: KeyNames | undefined, { epoch, print }: KeyName): boolean =>
  keys?.some((key) => key.epoch === epoch && key.print === toHex(print)) ?? false;

async function askMembers(what: string, { asking, members }: RotationPorts): Promise<ReadonlyMap<Hex, KeyNames>> {
  const enough = (answers: ReadonlyMap<Hex, unknown>): boolean => members().every((member) => answers.has(member));
  const answers = await asking.ask(what, {}, { waitMs: HEARD_MS_MAX, enough });
  const heard = new Map<Hex, KeyNames>();
  for (const [member, said] of answers) {
    const { data } = keyNames.safeParse(said);
    if (data !== undefined) heard.set(member, data);
  }
  return heard;
}

/** Members that have not said yes. */
async function notYet(what: string, name: KeyName, { asking, members }: RotationPorts): Promise<readonly Hex[]> {
  const enough = (answers: ReadonlyMap<Hex, unknown>): boolean => members().every((member) => answers.has(member));
  const body = { epoch: name.epoch, print: toHex(name.print) };
  const answers = await asking.ask(what, body, { waitMs: HEARD_MS_MAX, enough });
  return members().filter((member) => answers.get(member) !== true);
}

const named = z.object({ epoch: z.int().min(1), print: z.string() });

/** What a member says of itself, and the one thing it does when told to: each time it looks for itself first. */
function answerForRotation(ports: RotationPorts): void {
  const { asking, keyring } = ports;
  let cleanAt = 0;
  /** Once it needs no older key, it never does again: apply lets no older wrap in. */
  const isCleanAt = async (body: unknown): Promise<KeyName | undefined> => {
    const { data } = named.safeParse(body);
    const offered = offeredKey(ports.view);
    if (data === undefined || offered?.epoch !== data.epoch || toHex(offered.print) !== data.print) return undefined;
    if (cleanAt < data.epoch && !(await isClean(data.epoch, ports))) return undefined;
    cleanAt = Math.max(cleanAt, data.epoch);
    return holds(ports, offered) ? offered : undefined;
  };
  let fetching: Promise<unknown> | undefined;
  asking.answer("vault keys", () => {
    // Whoever asks is told at once how it is, and asks again.
    fetching ??= fetchKey(ports)
      .catch(ports.onFault)
      .finally(() => (fetching = undefined));
    return keyring.vaultKeys.list().map(({ epoch, print }) => ({ epoch, print: toHex(print) }));
  });
  asking.answer("vault clean", async (body) => (await isCleanAt(body)) !== undefined);
  asking.answer("vault destroy", async (body) => {
    const clean = await isCleanAt(body);
    if (clean === undefined) return false;
    keyring.vaultKeys.destroyBelow(clean.epoch);
    return true;
  });
}
