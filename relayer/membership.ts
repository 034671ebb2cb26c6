import { bytesToUint, fromHex, toHex, type Hex } from "../protocol/bytes.ts";
import type { Replica } from "./log/replica.ts";
import { keys } from "./midc/keys.ts";
import { nodeIdOf } from "./midc/record.ts";

/** Who is a member is said by records, one per partition, so that every log decides by itself whose records count. */
export interface Membership {
  readonly list: () => readonly Hex[];
  /** Durable in every partition when it resolves; a call that failed half-way is made again. */
  readonly change: (publicKey: Hex, member: boolean) => Promise<"done" | "last">;
}

const SERIAL_BYTES = 8;

export function openMembership(
  replica: Pick<Replica, "submit" | "view" | "partitions">,
  members: () => readonly Hex[],
): Membership {
  return {
    list: members,
    async change(publicKey, member) {
      const key = fromHex(publicKey) ?? new Uint8Array(0);
      const nodeId = nodeIdOf(key);
      // Without a member nobody could append anything any more, not even a new one.
      if (!member && members().every((id) => id === toHex(nodeId))) return "last";
      const partitions = Array.from({ length: replica.partitions }, (_, partition) => partition);
      const serial = 1 + Math.max(0, ...partitions.map((p) => serialIn(replica.view.get(keys.node(p, nodeId)))));
      await Promise.all(partitions.map((p) => replica.submit(p, { kind: "node", publicKey: key, member, serial })));
      return "done";
    },
  };
}

const serialIn = (row: Uint8Array | undefined): number =>
  row === undefined ? 0 : Number(bytesToUint(row.subarray(0, SERIAL_BYTES)));
