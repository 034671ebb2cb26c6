import { pino, type Logger } from "pino";

export type { Logger };

/**
 * Structured logs on standard error. Messages are fixed and in the past tense, facts are fields. What could name a
 * person or open anything is cut out even if somebody logs it by mistake.
 */
export function createLogger(level: string): Logger {
  const secret = [
    "account",
    "body",
    "bytes",
    "key",
    "pepper",
    "salt",
    "signature",
    "slots",
    "ticket",
    "authorization",
    "cookie",
  ];
  return pino(
    { level, base: null, redact: { paths: secret.flatMap((name) => [name, `*.${name}`]), censor: "[cut]" } },
    pino.destination({ dest: 2, sync: true }),
  );
}
