import { bySeqs, changeSeqs } from '../jobs/by-seqs.js';
import { LIMIT, type Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

const AT_ONCE = 1000;
const ROUNDS = 10;

const NEXT_DUE = `select run_at from jobs_job where state in (1, 2) order by run_at limit 1`;
const DUE = `
  select json_group_array(json_array(seq, grp)) as json from (
    select seq, grp from jobs_job where state in (1, 2) and run_at <= ? order by run_at ${LIMIT})`;
// Whoever promotes holds the write lock; a row is promoted once, and by anyone.
const PROMOTE = bySeqs(`update jobs_job set state = 0`);
const NEXT_LAPSE = `
  select expires_at from jobs_job where state = 0 and expires_at is not null order by expires_at limit 1`;
// Out of the line, so that however many there are, no claim walks past them twice.
const SET_ASIDE = `
  update jobs_job set state = 8 where seq in (
    select seq from jobs_job
    where state = 0 and expires_at is not null and expires_at <= ? order by expires_at ${LIMIT})`;

/** When the next job is due that is not known to be ready. */
export function nextDueAt(sql: Statements): number | undefined {
  return sql.first(NEXT_DUE)?.run_at as number | undefined;
}

/** Makes ready what is due by now. Returns when the next job is due. */
export function promoteDue(tx: Transaction): number | undefined {
  for (let round = 0; round < ROUNDS; round += 1) {
    const nextDue = nextDueAt(tx.sql);
    if (nextDue === undefined || nextDue > tx.now) return nextDue;
    const due = tx.sql.json<readonly [seq: number, group: number | null]>(DUE, tx.now, AT_ONCE);
    for (const [, group] of due) tx.noteGroup(group);
    changeSeqs(
      tx.sql,
      PROMOTE,
      due.map(([seq]) => seq),
    );
  }
  return tx.now;
}

/** Takes what is ready too late out of the line. False when there is more: then nothing may be claimed yet. */
export function setAsideLapsed({ sql, now }: Transaction): boolean {
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = sql.first(NEXT_LAPSE)?.expires_at as number | undefined;
    if (next === undefined || next > now) return true;
    sql.run(SET_ASIDE, now, AT_ONCE);
  }
  return false;
}
