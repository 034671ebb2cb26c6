/** Every fault an operator may meet: one row per cause. A refusal that a user causes is a returned value, not a fault. */
export interface FaultRow {
  /** Whether doing the same again can help. */
  readonly retry: boolean;
  readonly cause: string;
  readonly fix: string;
}

export const faults = {
  LEDGER_UNREACHABLE: {
    retry: true,
    cause: "no RPC endpoint of the chain answered",
    fix: "check MIDCHAIN_RPC_URLS and the endpoints themselves",
  },
  LEDGER_REFUSED: {
    retry: true,
    cause: "the chain refused the transaction",
    fix: "see lastError of the transaction; ./midchain tx list",
  },
  LEDGER_CONFLICT: {
    retry: false,
    cause: "the ledger holds another header at this sequence",
    fix: "stop: two relayer clusters share a network id, or the chain data was replaced",
  },
  GAS_TOO_DEAR: {
    retry: true,
    cause: "the gas price is above the configured cap",
    fix: "raise MIDCHAIN_GAS_PRICE_CAP_GWEI or wait",
  },
  SIGNER_POOR: {
    retry: true,
    cause: "the sending account is below its minimum balance",
    fix: "fund the account shown by ./midchain doctor",
  },
  COMMITTEE_SILENT: {
    retry: true,
    cause: "too few DV nodes signed the batch",
    fix: "check the DV signers; a quorum of the staked weight must answer",
  },
  BATCH_NOT_SHARED: {
    retry: true,
    cause: "fewer than a majority of the nodes hold the batch",
    fix: "check the other relayers; ./midchain cluster status shows how far each has applied the partition",
  },
  LOG_UNAVAILABLE: {
    retry: true,
    cause: "the partition log did not take the record",
    fix: "check the disk (or the NATS servers) and free space",
  },
  LOG_LOST: {
    retry: true,
    cause: "records that were applied are no longer in the partition's log",
    fix: './midchain audit; docs/CLUSTER.md, "A log has lost records"',
  },
  LOG_HOLE: {
    retry: true,
    cause: "a record is missing inside a partition's log",
    fix: './midchain audit; docs/CLUSTER.md, "A record is missing inside a log"',
  },
  LOG_TRIMMED: {
    retry: false,
    cause: "the log no longer holds the records this node needs next",
    fix: 'nothing is to be done: it fetches another node\'s snapshot; docs/CLUSTER.md, "A node is behind a trimmed log"',
  },
  SNAPSHOT_NONE: {
    retry: true,
    cause: "no other node has handed over a snapshot that reaches the log",
    fix: "start another node that is not behind; is this node's key a member (./midchain cluster members)?",
  },
  BACKUP_DAMAGED: {
    retry: false,
    cause: "the copy of the state is not what was written",
    fix: "take another backup: nothing of this one was used",
  },
  BACKUP_FOREIGN: {
    retry: false,
    cause: "the copy of the state belongs to another network, ledger or past",
    fix: "check the settings against the backup's manifest.json; the chain decides which past is right",
  },
  BACKUP_OLD: {
    retry: false,
    cause: "the chain or the logs have gone on since the backup, and what came after it cannot be had",
    fix: 'restore a newer backup; docs/CLUSTER.md, "Backup and restore"',
  },
  BACKUP_KEY_GONE: {
    retry: false,
    cause:
      "users' keys in the copy are wrapped under a vault key that was destroyed since, and no log holds newer wraps",
    fix: 'restore a backup that was taken after the vault key was changed; docs/CLUSTER.md, "Backup and restore"',
  },
  LOG_UNSAFE: {
    retry: false,
    cause: "the NATS servers are not set up so that their acknowledgements can be believed",
    fix: "change what the message says; --accept-unsafe-nats is for experiments only",
  },
  STATE_UNAVAILABLE: { retry: true, cause: "the state store did not commit", fix: "check the disk and free space" },
  STATE_DAMAGED: {
    retry: true,
    cause: "the state on this node's disk is not what was written there; it was moved aside and is made again",
    fix: 'check the disk; docs/RUNBOOK.md, "A database is damaged"',
  },
  STATE_OUTVOTED: {
    retry: true,
    cause: "this node held another past than the rest; its state was moved aside and is made again",
    fix: 'nothing is to be done; what it alone had promised is appended again; docs/CLUSTER.md, "Audit and repair"',
  },
  STATE_DIFFERS: {
    retry: true,
    cause: "this node holds another past than the rest; it serves nobody until an audit has mended it",
    fix: './midchain audit --repair, unless audits repair by themselves; docs/CLUSTER.md, "Audit and repair"',
  },
  STATE_LAYOUT: {
    retry: false,
    cause: "the state was written by an earlier version, in another layout",
    fix: 'nothing was changed; docs/RUNBOOK.md, "A state of another layout"',
  },
  STORE_DAMAGED: {
    retry: false,
    cause: "a database on this node's disk is not what was written there, and nobody else holds what it holds",
    fix: 'nothing was changed; put it back or replace it as docs/RUNBOOK.md says, "A database is damaged"',
  },
  STORE_UNREAD: {
    retry: true,
    cause: "a database that a crash left open could not be read through before the start",
    fix: "start again; what ended the reading is named, and nothing was changed",
  },
  VAULT_KEY_MISSING: {
    retry: false,
    cause: "a user's key cannot be unwrapped with this node's vault key",
    fix: "restore the keyring this data was written with",
  },
  QUEUE_FULL: {
    retry: true,
    cause: "more work is waiting than the configured maximum",
    fix: "slow down, or add nodes",
  },
  SHUTTING_DOWN: { retry: true, cause: "the node is stopping", fix: "send the request again" },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof faults;

/** The only exception that is thrown on purpose. `detail` is for logs: never payloads, keys or accounts. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  constructor(code: FaultCode, detail?: string) {
    super(detail === undefined ? faults[code].cause : `${faults[code].cause}: ${detail}`);
    this.code = code;
  }
}

/** The only place that decides whether a failed step may be tried again. What is not a known fault is tried again too:
 * every step is idempotent, and an operator sees it in `lastError`. */
export function mayRetry(error: unknown): boolean {
  return !(error instanceof Fault) || faults[error.code].retry;
}
