import { bySeqs, changeSeqs } from '../jobs/by-seqs.js';
import type { Transaction } from '../connection/transaction.js';

const REMOVE_CONTENTS = bySeqs(`delete from jobs_content`);
const REMOVE_NOTES = bySeqs(`delete from jobs_note`);
const REMOVE_JOBS = bySeqs(`delete from jobs_job`);
const REMOVE_EDGES = `delete from jobs_edge where waiter in (select value from json_each(?))`;

/** Forgets what they waited for. */
export function removeEdges(tx: Transaction, seqs: readonly number[]): void {
  if (seqs.length > 0) tx.sql.run(REMOVE_EDGES, JSON.stringify(seqs));
}

/** Deletes what is left of jobs whose own rows are gone, or about to go. */
export function removeContents(tx: Transaction, seqs: readonly number[]): void {
  changeSeqs(tx.sql, REMOVE_CONTENTS, seqs);
  changeSeqs(tx.sql, REMOVE_NOTES, seqs);
}

/** Deletes jobs that were read in the same transaction: nobody came between. Returns how many there were. */
export function removeJobs(tx: Transaction, seqs: readonly number[]): number {
  removeEdges(tx, seqs);
  removeContents(tx, seqs);
  return changeSeqs(tx.sql, REMOVE_JOBS, seqs);
}
