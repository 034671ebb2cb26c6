import { openLmdbLog } from "../../../relayer/adapters/lmdb/log.ts";
import { openLmdbState } from "../../../relayer/adapters/lmdb/state.ts";

/** Writes until the disk takes no more, then says what it was told, what it finds, and that it still lives. */
const [path = ""] = process.argv.slice(2);
const state = openLmdbState(`${path}/state`);
const log = openLmdbLog({ path: `${path}/log`, partitions: 1 });
const rowOf = (n: number): Uint8Array => new Uint8Array(900).fill(n);
const key = Uint8Array.of(1);
let [kept, appended] = [0, 0];
const told: string[] = [];
const codeOf = (error: unknown): string => (error as { readonly code?: string }).code ?? String(error);

for (let n = 1; n < 200 && told.length === 0; n += 1) {
  const rows = Array.from({ length: 100 }, (_, i) => ({ key: Uint8Array.of(2, n, i), value: rowOf(n) }));
  await state.commit([{ key, value: rowOf(n) }, ...rows]).then(
    () => (kept = n),
    (error: unknown) => told.push(codeOf(error)),
  );
}
for (let n = 1; n < 200 && told.length === 1; n += 1) {
  await log.append(0, new Uint8Array(100_000)).then(
    (seq) => (appended = seq),
    (error: unknown) => told.push(codeOf(error)),
  );
}
const tail = await log.tail(0);
process.stdout.write(JSON.stringify({ told, kept, found: state.get(key)?.[0], appended, tail }));
process.exit(0);
