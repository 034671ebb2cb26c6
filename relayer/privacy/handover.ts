import { verify } from "node:crypto";
import { z } from "zod";
import { ascii, concat, equalBytes, fromHex, toHex, uintToBytes, type Hex } from "../../protocol/bytes.ts";
import { offeredKey, type KeyName } from "../midc/epochs.ts";
import { nodeKey } from "../midc/record.ts";
import type { Keyring, StateView } from "../ports.ts";

/**
 * How a vault key gets from the node that made it to every other, without entering a log: a member asks for the key that
 * the log names, with a key that it makes for this one question and signs with its own; whoever holds it answers with
 * the vault key sealed to that (HPKE). The question's secret is gone with the process, so what was said opens nothing.
 */

/** Questions between nodes; cluster/asking.ts fits. */
export interface Ask {
  readonly ask: (
    what: string,
    body: unknown,
    options: { readonly waitMs: number; readonly enough: (answers: ReadonlyMap<Hex, unknown>) => boolean },
  ) => Promise<ReadonlyMap<Hex, unknown>>;
  readonly answer: (what: string, handle: (body: unknown) => unknown) => void;
}

export interface HandoverPorts {
  readonly asking: Ask;
  readonly view: Pick<StateView, "get">;
  readonly keyring: Pick<Keyring, "nodePublicKey" | "sign" | "vaultKeys">;
  readonly isMember: (publicKey: Uint8Array) => boolean;
}

const HEARD_MS_MAX = 3_000;
const WHAT = "vault key";
const TAG = ascii("MIDC/v1 vault key question");

const hexBytes = (sizeMax: number) =>
  z
    .string()
    .max(2 + 2 * sizeMax)
    .transform((text) => fromHex(text) ?? new Uint8Array(0));
const question = z.object({
  epoch: z.int().min(1),
  print: hexBytes(32),
  publicKey: hexBytes(2_048),
  node: hexBytes(32).refine((bytes) => bytes.length === 32),
  signature: hexBytes(64),
});
const answer = z.object({ sealed: hexBytes(2_048), since: z.int().min(0) });

const signedText = ({ epoch, print }: KeyName, publicKey: Uint8Array): Uint8Array =>
  concat(TAG, uintToBytes(BigInt(epoch), 4), print, publicKey);

export const isSame = (one: KeyName, other: KeyName): boolean =>
  one.epoch === other.epoch && equalBytes(one.print, other.print);

export const holds = ({ keyring }: Pick<HandoverPorts, "keyring">, name: KeyName): boolean =>
  keyring.vaultKeys.list().some((held) => isSame(held, name));

/** Hands the key that the log names to members that ask for it, and no other key to anybody. */
export function answerForKeys(ports: HandoverPorts): void {
  ports.asking.answer(WHAT, async (body) => {
    const { data } = question.safeParse(body);
    const offered = offeredKey(ports.view);
    if (data === undefined || offered === undefined || !isSame(offered, data) || !ports.isMember(data.node))
      return null;
    if (!verify(null, signedText(data, data.publicKey), nodeKey(data.node), data.signature)) return null;
    const since = ports.keyring.vaultKeys.list().find((held) => isSame(held, data))?.since;
    const sealed = await ports.keyring.vaultKeys.sealFor(data.publicKey, offered);
    return sealed === undefined || since === undefined ? null : { sealed: toHex(sealed), since };
  });
}

/** Fetches the key that the log names, unless it is here. It is on disk when this says yes. */
export async function fetchKey(ports: HandoverPorts): Promise<boolean> {
  const offered = offeredKey(ports.view);
  if (offered === undefined || holds(ports, offered)) return true;
  const asked = ports.keyring.vaultKeys.question();
  const { publicKey } = asked;
  const body = {
    epoch: offered.epoch,
    print: toHex(offered.print),
    publicKey: toHex(publicKey),
    node: toHex(ports.keyring.nodePublicKey),
    signature: toHex(ports.keyring.sign(signedText(offered, publicKey))),
  };
  const usable = (said: unknown): boolean => answer.safeParse(said).success;
  const enough = (answers: ReadonlyMap<Hex, unknown>): boolean => [...answers.values()].some(usable);
  for (const said of (await ports.asking.ask(WHAT, body, { waitMs: HEARD_MS_MAX, enough })).values()) {
    const { data } = answer.safeParse(said);
    if (data !== undefined && (await asked.take(data.sealed, offered, data.since))) return true;
  }
  return false;
}
