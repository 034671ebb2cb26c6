import { createInbox, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { Fault } from "../../errors.ts";
import { logFault } from "./streams.ts";

/** What a stream answers to an append; anything else it says is an error with a code of its own. */
export interface Ack {
  readonly stream: string;
  readonly seq: number;
  readonly duplicate: boolean;
}

/** The engine said no, and why; the codes are JetStream's. */
export class AppendRefused extends Error {
  override readonly name = "AppendRefused";
  readonly code: number;
  constructor(code: number, description: string) {
    super(description);
    this.code = code;
  }
}

interface Waiting {
  readonly until: number;
  readonly resolve: (ack: Ack) => void;
  readonly reject: (error: unknown) => void;
}

/** How often it is looked for answers that have not come in time. */
const LOOK_MS = 250;
const NO_RESPONDERS = 503;

/**
 * Appends to streams and hears their acknowledgements on one inbox. The client library's own request makes an error with
 * a stack for every answer, also for the good ones, which costs a twentieth of a node's time under load.
 */
export interface Acks {
  readonly append: (subject: string, record: Uint8Array) => Promise<Ack>;
  readonly close: () => void;
}

export function openAcks(nc: NatsConnection, msMax: number): Acks {
  const inbox = createInbox();
  const waiting = new Map<string, Waiting>();
  let count = 0;
  const take = (name: string): Waiting | undefined => {
    const one = waiting.get(name);
    waiting.delete(name);
    return one;
  };
  const subscription = nc.subscribe(`${inbox}.*`, {
    callback(error, message) {
      if (error !== null) return;
      const one = take(message.subject.slice(inbox.length + 1));
      if (one !== undefined) settle(one, message);
    },
  });
  const look = setInterval(() => {
    const now = performance.now();
    for (const [name, { until }] of waiting) {
      // In the order they were sent, so the first that may still be answered ends the search.
      if (until > now) break;
      take(name)?.reject(new Fault("LOG_UNAVAILABLE", "an append was not answered"));
    }
  }, LOOK_MS);
  look.unref();
  return {
    append(subject, record) {
      const name = (count += 1).toString(36);
      return new Promise((resolve, reject) => {
        waiting.set(name, { until: performance.now() + msMax, resolve, reject });
        try {
          nc.publish(subject, record, { reply: `${inbox}.${name}` });
        } catch (error) {
          waiting.delete(name);
          reject(logFault(error));
        }
      });
    },
    close() {
      clearInterval(look);
      subscription.unsubscribe();
      for (const name of waiting.keys()) take(name)?.reject(new Fault("SHUTTING_DOWN"));
    },
  };
}

function settle({ resolve, reject }: Waiting, message: Msg): void {
  if (message.headers?.code === NO_RESPONDERS) {
    reject(new Fault("LOG_UNAVAILABLE", "no server takes appends"));
    return;
  }
  const answer = parsed(message);
  if (answer.error !== undefined) reject(new AppendRefused(answer.error.err_code ?? 0, answer.error.description ?? ""));
  else resolve({ stream: answer.stream ?? "", seq: answer.seq ?? 0, duplicate: answer.duplicate ?? false });
}

interface Answer {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

function parsed(message: Msg): Answer {
  try {
    const answer: unknown = JSON.parse(Buffer.from(message.data).toString());
    if (typeof answer === "object" && answer !== null) return answer;
  } catch {
    // No JSON, as below.
  }
  return { error: { description: "an answer of no known form" } };
}
