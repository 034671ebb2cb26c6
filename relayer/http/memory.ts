import { z } from "zod";
import type { Words } from "../cluster/words.ts";
import type { Clock } from "../ports.ts";
import { remembering, type Remembered } from "./session.ts";

const wordSchema = z.object({
  of: z.string().max(16),
  name: z.string().max(64),
  endsAt: z.int().min(0),
});

/**
 * What the doors must remember for a while (nonces and refresh tokens spent, sessions ended), told to the other nodes
 * of a cluster as it happens. A word that is lost leaves an ended session alive on one node until its token expires, or
 * a spent nonce good for whoever has the signed message, within its five minutes.
 */
export function openMemory(clock: Pick<Clock, "now">, words: Words | undefined): (of: string) => Remembered {
  const sets = new Map<string, Remembered>();
  words?.hear("memory", (word) => {
    const parsed = wordSchema.safeParse(word);
    if (!parsed.success) return;
    const { of, name, endsAt } = parsed.data;
    if (endsAt === 0) sets.get(of)?.take(name);
    else sets.get(of)?.add(name, endsAt);
  });
  return (of) => {
    const own = remembering(clock);
    sets.set(of, own);
    return {
      has: (name) => own.has(name),
      until: (name) => own.until(name),
      add(name, endsAt) {
        own.add(name, endsAt);
        words?.tell("memory", { of, name, endsAt });
      },
      take(name) {
        const wasThere = own.take(name);
        if (wasThere) words?.tell("memory", { of, name, endsAt: 0 });
        return wasThere;
      },
    };
  };
}
