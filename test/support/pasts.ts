import assert from "node:assert/strict";
import { toHex, type Hex } from "../../protocol/bytes.ts";
import { memoryLog } from "../../relayer/adapters/memory/log.ts";
import { memoryState } from "../../relayer/adapters/memory/state.ts";
import { openAsking, type Asking } from "../../relayer/cluster/asking.ts";
import { auditPartition, type AuditPorts } from "../../relayer/cluster/auditor.ts";
import { answerAudits } from "../../relayer/cluster/reports.ts";
import { freezable } from "../../relayer/log/freezable.ts";
import { createSupplies, keptFrom } from "../../relayer/log/kept.ts";
import { startReplica } from "../../relayer/log/replica.ts";
import { systemClock } from "../../relayer/ops/clock.ts";
import type { Aside, PartitionLog, StateView } from "../../relayer/ports.ts";
import { testIdentity } from "./relayer.ts";
import { members } from "./room.ts";

export const PARTITION = 0;
const REPAIR = { scrub: false, repair: true };

/** Records of no form: apply keeps them like any others and does nothing with them. */
const recordsOf = (letters: string): readonly Uint8Array[] => Array.from(letters, (letter) => Buffer.from(letter));
const lettersIn = (view: StateView): string =>
  keptFrom(view, PARTITION, 1, 100)
    .map(({ bytes }) => Buffer.from(bytes).toString())
    .join("");

type Member = ReturnType<typeof testIdentity>;

async function logOf(letters: string): Promise<PartitionLog> {
  const log = memoryLog(1);
  for (const record of recordsOf(letters)) await log.append(PARTITION, record);
  return log;
}

/** A state that has applied these records. */
async function stateOf(letters: string, identity: Member) {
  const state = memoryState();
  const ports = { log: await logOf(letters), state, keyring: identity, clock: systemClock };
  const replica = await startReplica({ genesisNodes: new Map(), onFault: assert.ifError, keepRecords: true }, ports);
  await replica.stop();
  return state;
}

interface Around {
  readonly log: PartitionLog;
  readonly ids: readonly Hex[];
}

/** A node without its doors. When it sets its state aside it starts again with none, as a process does. */
async function openNode(past: string, member: { readonly identity: Member; readonly asking: Asking }, around: Around) {
  const { identity, asking } = member;
  const before = await stateOf(past, identity);
  const restarts: string[] = [];
  let view: StateView = before;
  const open = async (state: typeof before, there: StateView | undefined, frozenAtStart: readonly number[]) => {
    view = state;
    const frozen = freezable(around.log, frozenAtStart);
    const replica = await startReplica(
      { genesisNodes: new Map(), onFault: assert.ifError, keepRecords: true },
      { log: frozen, state, keyring: identity, clock: systemClock },
    );
    let held = there;
    const aside: Pick<Aside, "count" | "left" | "forget"> = {
      count: () => (held === undefined ? 0 : 1),
      left: () =>
        recordsOf(held === undefined ? "" : lettersIn(held)).filter(
          (record) => !lettersIn(state).includes(Buffer.from(record).toString()),
        ),
      forget: () => {
        held = undefined;
        return Promise.resolve();
      },
    };
    answerAudits(asking, {
      ...{ node: toHex(identity.nodeId), view: state, frozen, supplies: createSupplies(), replica, aside },
      keeper: {} as AuditPorts["keeper"],
      journal: { put: () => Promise.resolve() },
      members: () => around.ids,
      snapshotOf: () => undefined,
      batches: () => Promise.resolve({ held: new Map(), onChain: new Map() }),
      setAside() {
        restarts.push(lettersIn(state));
        void replica.stop().then(() => open(memoryState(), state, [PARTITION]));
      },
    });
  };
  await open(before, undefined, []);
  return { restarts, letters: () => lettersIn(view), view: () => view };
}

/** Three nodes over one log; each has applied a past of its own before. */
export async function cluster(log: string, pasts: readonly string[]) {
  const { identities, words } = members(3);
  const ids = identities.map(({ nodeId }) => toHex(nodeId));
  const around: Around = { log: await logOf(log), ids };
  const askings = words.map((each, i) => openAsking(each, ids[i]!));
  const nodes = await Promise.all(
    identities.map((identity, i) => openNode(pasts[i]!, { identity, asking: askings[i]! }, around)),
  );
  const engine = {
    async partition() {
      const tail = await around.log.tail(PARTITION);
      return { partition: PARTITION, stream: "s", leader: "n1", replicas: [], first: 1, tail, bytes: 0 };
    },
  };
  const keeper = { canMend: true, generation: () => 1, ends: () => Promise.resolve(new Map()) };
  const audit = (by: number) => {
    const ports = { asking: askings[by], engine, keeper, members: () => ids, view: nodes[by]!.view() };
    return auditPartition(PARTITION, REPAIR, {
      ...ports,
      clock: systemClock,
      onFault: assert.ifError,
    } as unknown as AuditPorts);
  };
  return { nodes, askings, ids, identities, audit };
}
