import type { NewJob } from '../../../storage/new-job.js';
import type { SqlValue } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

/**
 * How many rows one statement stores, most first: for each row of one alone a driver spends more than SQLite does. Few
 * sizes, since each is a statement of its own.
 */
const SIZES = [200, 100, 50, 10, 1] as const;

/** The jobs in order, each time as many as one statement takes. */
export function chunksOf(jobs: readonly NewJob[]): readonly (readonly NewJob[])[] {
  const chunks: (readonly NewJob[])[] = [];
  let start = 0;
  for (const size of SIZES) {
    for (; jobs.length - start >= size; start += size) chunks.push(jobs.slice(start, start + size));
  }
  return chunks;
}

/** Stores what of the jobs of one chunk never changes. */
export function insertContents(tx: Transaction, jobs: readonly NewJob[]): { rows: number; last: number } {
  const isBare = jobs.every(({ meta }) => meta === undefined);
  const values: SqlValue[] = [];
  for (const { id, payload, meta } of jobs) {
    values.push(id, payload);
    if (!isBare) values.push(meta ?? null);
  }
  return tx.sql.insert(statementOf(jobs.length, isBare), ...values);
}

const statements = new Map<string, string>();

// An id that is there makes the insert change nothing: the index decides, whoever else inserts.
function statementOf(rows: number, isBare: boolean): string {
  const key = `${rows} ${isBare}`;
  let sql = statements.get(key);
  if (sql !== undefined) return sql;
  const [columns, row] = isBare ? ['id, payload', '(?, ?)'] : ['id, payload, meta', '(?, ?, ?)'];
  const values = Array.from({ length: rows }, () => row).join(', ');
  sql = `insert into jobs_content (${columns}) values ${values} on conflict do nothing`;
  statements.set(key, sql);
  return sql;
}
