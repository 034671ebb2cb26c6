import { Queue, Worker } from "bullmq";
import type { JobName, Jobs } from "../../ports.ts";

const KEPT_JOBS_MAX = 100;
const ATTEMPTS_MAX = 1_000;
const RETRY_MS = 1_000;

interface Bell {
  readonly queue: Queue;
  worker?: Worker;
}

/**
 * Background work over BullMQ on Redis, so that several processes can share it. Redis holds doorbells only: flushing it
 * loses nothing, because every node rings for what its log says is open when it starts and now and then.
 */
export function bullmqJobs(options: {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly onFault: (error: unknown) => void;
}): Jobs {
  const bells = new Map<JobName, Bell>();
  const connection = { url: options.redisUrl, maxRetriesPerRequest: null };
  const bellOf = (name: JobName): Bell => {
    const known = bells.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, { connection, prefix: options.prefix });
    queue.on("error", options.onFault);
    const bell: Bell = { queue };
    bells.set(name, bell);
    return bell;
  };
  return {
    async ring(name, id) {
      // Rings of one id that nobody has answered yet are one ring; `simple` lets go of the id when the work starts.
      await bellOf(name).queue.add(
        name,
        { id },
        {
          deduplication: { id: `${name}-${id}`, keepLastIfActive: true },
          attempts: ATTEMPTS_MAX,
          backoff: { type: "fixed", delay: RETRY_MS },
          removeOnComplete: KEPT_JOBS_MAX,
          removeOnFail: KEPT_JOBS_MAX,
        },
      );
    },
    work(name, handler) {
      const bell = bellOf(name);
      bell.worker = new Worker(name, (job) => handler((job.data as { id: string }).id), {
        connection,
        prefix: options.prefix,
        concurrency: 16,
      });
      bell.worker.on("error", options.onFault);
      bell.worker.on("failed", (_job, error) => {
        options.onFault(error);
      });
    },
    async close() {
      for (const { queue, worker } of bells.values()) {
        await worker?.close();
        await queue.close();
      }
    },
  };
}
