import type { SqlRow, SqlValue, Statements } from '../connection/sqlite-client.js';

// The progress is its own: whoever settles a job leaves it as it is.
const NOTE = `
  insert into jobs_note (seq, failures, stalled_at, lost_tokens, reason, cancel_reason) values (?, ?, ?, ?, ?, ?)
  on conflict (seq) do update
  set failures = excluded.failures, stalled_at = excluded.stalled_at, lost_tokens = excluded.lost_tokens,
    reason = excluded.reason, cancel_reason = excluded.cancel_reason`;

/** What happened to a job; null where that did not. */
export interface Note {
  readonly failures: SqlValue;
  readonly stalledAt: SqlValue;
  readonly lostTokens: SqlValue;
  readonly reason: SqlValue;
  readonly cancelReason: SqlValue;
}

/** Writes what is to be noted of a job that was found under the same write lock. Most have nothing, and no row. */
export function writeNote(sql: Statements, { seq, note }: SqlRow, what: Note): void {
  const values = [what.failures, what.stalledAt, what.lostTokens, what.reason, what.cancelReason];
  if (note === null && values.every((value) => value === null)) return;
  sql.run(NOTE, seq as number, ...values);
}
