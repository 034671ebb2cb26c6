import { createLogger } from "../../relayer/ops/logger.ts";

/** Logs everything it should not, in a process of its own, so that the test can read what came out. */
const account = process.argv[2] ?? "";
const log = createLogger("debug");
log.info(
  {
    account,
    signature: "MARKER-Zaphod-Beeblebrox-1979",
    pepper: account,
    request: { account, body: account, salt: account },
  },
  "a line was logged",
);
