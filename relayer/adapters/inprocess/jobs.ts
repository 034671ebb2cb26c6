import type { JobName, Jobs } from "../../ports.ts";

const RETRY_MS = 1_000;

/** Background work inside this process: no persistence of its own, because the log can always say what is to be done. */
export function inProcessJobs(onFault: (error: unknown) => void): Jobs {
  const handlers = new Map<JobName, (id: string) => Promise<void>>();
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  let closed = false;

  function start(name: JobName, id: string): void {
    const job = `${name} ${id}`;
    const handler = handlers.get(name);
    if (handler === undefined || closed) return;
    if (running.has(job)) {
      // One at a time per id; a ring during the run means one more run after it.
      waiting.add(job);
      return;
    }
    const run = handler(id)
      .catch((error: unknown) => {
        onFault(error);
        setTimeout(() => {
          start(name, id);
        }, RETRY_MS).unref();
      })
      .finally(() => {
        running.delete(job);
        if (waiting.delete(job)) start(name, id);
      });
    running.set(job, run);
  }

  return {
    ring(name, id) {
      setImmediate(() => {
        start(name, id);
      });
      return Promise.resolve();
    },
    work(name, handler) {
      handlers.set(name, handler);
    },
    async close() {
      closed = true;
      await Promise.allSettled(running.values());
    },
  };
}
