import type { StateView } from "../ports.ts";
import type { GrantChange } from "./command.ts";
import { keys } from "./keys.ts";

interface Rows extends StateView {
  put(key: Uint8Array, value: Uint8Array | undefined): void;
}

const GRANT_ROWS_MAX = 100_000;

/** A reader's access, and the envelopes that came with it; notAfter 0 takes all of it away. */
export function changeGrant(chainId: Uint8Array, grant: GrantChange, state: Rows): void {
  const grantKey = keys.grant(chainId, grant.readerTag);
  if (grant.notAfter === 0) {
    state.put(grantKey, undefined);
    const rows = state.range({ ...keys.envelopesOf(chainId, grant.readerTag), limit: GRANT_ROWS_MAX });
    for (const row of rows) state.put(row.key, undefined);
    return;
  }
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigUint64(0, BigInt(grant.notAfter));
  state.put(grantKey, value);
  for (const envelope of grant.envelopes) {
    state.put(keys.envelope(chainId, grant.readerTag, envelope.txId), envelope.sealed);
  }
}
