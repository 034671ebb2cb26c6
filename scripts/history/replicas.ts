import { createHash } from "node:crypto";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import type { Facts, Violation } from "./gather.ts";

/** C8: nodes that applied the same sequence hold the same digest, every server holds the same records without a hole,
 * and those records make the digests that the nodes hold. */
export function* checkReplicas(facts: Facts): Generator<Violation> {
  yield* checkPresence(facts);
  const tails = new Map<number, number>();
  const digests = new Map<string, string>();
  for (const [node, { partitions, kept }] of facts.nodes) {
    const told = new Map(kept);
    for (const [partition, { applied, digest }] of partitions) {
      const tail = tails.get(partition) ?? applied;
      tails.set(partition, Math.max(tail, applied));
      if (tail !== applied) yield { rule: "C8 behind", about: `${node} ${partition}: ${applied}, others ${tail}` };
      told.set(`${partition}@${applied}`, digest);
    }
    for (const [place, digest] of told) {
      const other = digests.get(place);
      if (other === undefined) digests.set(place, digest);
      else if (other !== digest) yield { rule: "C8 digests differ", about: `${node} ${place}` };
    }
  }
  for (const [node, { partitions }] of facts.nodes)
    for (const partition of tails.keys())
      if (!partitions.has(partition)) yield { rule: "C8 partition missing", about: `${node} ${partition}` };
  yield* checkServers(facts, { tails, digests });
}

function* checkPresence({ nodes, servers, expected }: Facts): Generator<Violation> {
  if (nodes.size === 0) yield { rule: "C0 nobody asked", about: "no node's state is in the history" };
  for (const node of expected.nodes) if (!nodes.has(node)) yield { rule: "C0 nobody asked", about: `node ${node}` };
  for (const server of expected.servers)
    if (!servers.has(server)) yield { rule: "C0 nobody asked", about: `server ${server}` };
}

function* checkServers(
  { servers }: Facts,
  nodes: { readonly tails: ReadonlyMap<number, number>; readonly digests: ReadonlyMap<string, string> },
): Generator<Violation> {
  const agreed = new Map<string, string>();
  // Trimming is the same on every server; one that begins elsewhere has lost its beginning.
  const firsts = new Map<number, number>();
  for (const [server, partitions] of servers) {
    for (const [partition, tail] of nodes.tails) {
      const { records, claim } = partitions.get(partition) ?? { records: new Map<number, string>() };
      const about = `${server} ${partition}`;
      const first = claim?.first ?? Math.min(...records.keys());
      const last = claim?.last ?? Math.max(0, ...records.keys());
      if (last < tail) yield { rule: "C8 suffix lost", about: `${about}: ${last} of ${tail}` };
      if (last > tail) yield { rule: "C8 not applied", about: `${about}: ${tail} of ${last}` };
      const begins = firsts.get(partition) ?? first;
      firsts.set(partition, begins);
      if (begins !== first) yield { rule: "C8 prefix lost", about: `${about}: from ${first}, others from ${begins}` };
      const expected = Number.isFinite(first) ? last - first + 1 : 0;
      const isWithin = [...records.keys()].every((seq) => seq >= first && seq <= last);
      if (records.size !== expected || !isWithin) yield { rule: "C8 hole", about };
      for (const [seq, sha256] of records) {
        const other = agreed.get(`${partition}@${seq}`);
        if (other === undefined) agreed.set(`${partition}@${seq}`, sha256);
        else if (other !== sha256) yield { rule: "C8 records differ", about: `${about}@${seq}` };
      }
      // A log that was trimmed begins from a digest that the nodes have kept.
      const base = first === 1 ? ZERO : nodes.digests.get(`${partition}@${first - 1}`);
      if (base === undefined && records.size > 0) yield { rule: "C8 start unknown", about: `${about}: from ${first}` };
      const digest = base === undefined ? undefined : foldDigest(records, { base, first, tail });
      const held = nodes.digests.get(`${partition}@${tail}`);
      if (digest !== undefined && held !== undefined && digest !== held)
        yield { rule: "C8 log and state differ", about: `${about}@${tail}` };
    }
  }
}

const ZERO = `0x${"00".repeat(32)}`;

/** The running digest of relayer/midc/record.ts, from the records' hashes; undefined where one is missing. */
function foldDigest(
  records: ReadonlyMap<number, string>,
  { base, first, tail }: { readonly base: string; readonly first: number; readonly tail: number },
): string | undefined {
  let digest = fromHex(base) ?? new Uint8Array(32);
  for (let seq = first; seq <= tail; seq += 1) {
    const sha256 = fromHex(records.get(seq) ?? "");
    if (sha256?.length !== 32) return undefined;
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(seq));
    digest = createHash("sha256").update(Uint8Array.of(1)).update(digest).update(place).update(sha256).digest();
  }
  return toHex(digest);
}
