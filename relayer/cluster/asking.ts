import { randomBytes } from "node:crypto";
import { z } from "zod";
import { toHex, type Hex } from "../../protocol/bytes.ts";
import { nodeIdOf } from "../midc/record.ts";
import type { Words } from "./words.ts";

const idText = z.string().regex(/^[0-9a-f]{16}$/);
const questionSchema = z.object({ id: idText, what: z.string(), body: z.unknown(), to: z.string().optional() });
const answerSchema = z.object({ id: idText, body: z.unknown() });

export type Answers = ReadonlyMap<Hex, unknown>;
export type Handler = (body: unknown) => unknown;

/** Questions between nodes, over signed words. Who does not answer in time has not been heard, nothing more. */
export interface Asking {
  /** Answers by node, this one's among them; resolves when they are enough, or when the time is over. */
  readonly ask: (
    what: string,
    body: unknown,
    options: { readonly waitMs: number; readonly enough: (answers: Answers) => boolean; readonly to?: Hex },
  ) => Promise<Answers>;
  readonly answer: (what: string, handle: Handler) => void;
}

export function openAsking(words: Words, self: Hex): Asking {
  const handlers = new Map<string, Handler>();
  const open = new Map<string, (from: Hex, body: unknown) => void>();
  const handle = async (what: string, body: unknown): Promise<unknown> => (await handlers.get(what)?.(body)) ?? null;

  // An answer goes to whoever asked and to nobody else: some are long.
  words.hear("ask", (word, publicKey) => {
    const parsed = questionSchema.safeParse(word);
    if (!parsed.success) return;
    const { id, what, body, to } = parsed.data;
    if ((to !== undefined && to !== self) || !handlers.has(what)) return;
    // A question that cannot be answered now is not answered; whoever asked knows how to go on without.
    void handle(what, body).then(
      (answer) => {
        words.tell(`answer.${toHex(nodeIdOf(publicKey))}`, { id, body: answer });
      },
      () => undefined,
    );
  });
  words.hear(`answer.${self}`, (word, publicKey) => {
    const parsed = answerSchema.safeParse(word);
    if (parsed.success) open.get(parsed.data.id)?.(toHex(nodeIdOf(publicKey)), parsed.data.body);
  });

  return {
    answer(what, answering) {
      handlers.set(what, answering);
    },
    ask: (what, body, { waitMs, enough, to }) =>
      new Promise((resolve) => {
        const id = randomBytes(8).toString("hex");
        const answers = new Map<Hex, unknown>();
        const end = (): void => {
          clearTimeout(timer);
          open.delete(id);
          resolve(answers);
        };
        const timer = setTimeout(end, waitMs);
        const take = (from: Hex, answer: unknown): void => {
          answers.set(from, answer);
          if (enough(answers)) end();
        };
        open.set(id, take);
        words.tell("ask", { id, what, body, ...(to === undefined ? {} : { to }) });
        if (to === undefined || to === self)
          void handle(what, body).then(
            (answer) => {
              take(self, answer);
            },
            () => undefined,
          );
      }),
  };
}
