import type { NewJob, UniqueClaim } from '../../../storage/new-job.js';
import type { Lanes } from './lanes.js';
import type { Policies } from './policies.js';
import { FIND, positionValues } from './found-job.js';
import { dueOf } from '../pushing/pushed-row.js';
import { STATE } from '../schema/schema.js';
import { LIMIT, type SqlRow, type Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

/** How long a unique key is held, as it is stored. A timed one is held by a row of its own, not by the job's. */
const UNTIL = { claimed: 1, ended: 2, timeIsOver: 3 } as const;
export const UNTIL_CLAIMED = UNTIL.claimed;

/** How long a job holds its key, as it is stored. */
export function storedUntil({ while: until }: UniqueClaim): number {
  if (until === 'waiting') return UNTIL.claimed;
  return until === 'live' ? UNTIL.ended : UNTIL.timeIsOver;
}

const HOLDER = `select id from jobs_content where seq = (select seq from jobs_job where unique_key = ?)`;
const HOLD = `select id, until from jobs_hold where key = ?`;
const ADD_HOLD = `insert into jobs_hold (key, id, until) values (?, ?, ?)`;
const LET_GO = `delete from jobs_hold where key = ?`;
const HAS_OVER = `select 1 from jobs_hold where until <= ? limit 1`;
const LET_GO_OVER = `
  delete from jobs_hold where key in (select key from jobs_hold where until <= ? order by until ${LIMIT})`;
const TAKE_PAYLOAD = `update jobs_content set payload = ?, meta = ? where seq = ?`;
const TAKE_POLICY = `update jobs_job set policy = ? where seq = ?`;
const TAKE_DUE = `update jobs_job set state = ?, run_at = ?, rank = ?, place = ? where seq = ?`;

const WAITING: readonly unknown[] = [STATE.ready, STATE.scheduled, STATE.retrying];

/** Who has which key. All is asked and written under the write lock: nobody comes between. */
export class UniqueKeys {
  readonly #lanes: Lanes;
  readonly #policies: Policies;

  constructor(lanes: Lanes, policies: Policies) {
    this.#lanes = lanes;
    this.#policies = policies;
  }

  /** The id of the job that the key is held for, which may be gone. */
  holderOf(tx: Transaction, key: string): string | undefined {
    const hold = tx.sql.first(HOLD, key);
    if (hold !== undefined && (hold.until as number) > tx.now) return hold.id as string;
    if (hold !== undefined) tx.sql.run(LET_GO, key);
    return tx.sql.first(HOLDER, key)?.id as string | undefined;
  }

  /** Holds a free key for a new job. Returns what of it stands in the row of the job. */
  hold(tx: Transaction, id: string, { key, while: until }: UniqueClaim): string | null {
    if (typeof until === 'string') return key;
    tx.sql.run(ADD_HOLD, key, id, Math.ceil(tx.now + until.for));
    return null;
  }

  /** Gives the holder what it is to take over from a job that came later. False where it does not wait. */
  replace(tx: Transaction, holder: string, job: NewJob, what: readonly ('payload' | 'due')[]): boolean {
    const row = tx.sql.first(FIND, holder);
    if (row === undefined || !WAITING.includes(row.state) || isTooLate(row, tx.now)) return false;
    // A key that is held for a time may outlive its job, and somebody else have that id.
    if (row.unique_name !== job.unique?.key) return false;
    const seq = row.seq as number;
    if (what.includes('payload')) {
      tx.sql.run(TAKE_PAYLOAD, job.payload, job.meta ?? null, seq);
      tx.sql.run(TAKE_POLICY, this.#policies.obtain(tx, job.policy), seq);
    }
    if (what.includes('due')) {
      const runAt = dueOf(tx, job);
      const state = runAt > tx.now ? STATE.scheduled : STATE.ready;
      tx.sql.run(TAKE_DUE, state, runAt, ...positionValues(row, runAt), seq);
    }
    tx.noteGroup(row.grp as number | null);
    tx.noteReady(this.#lanes.byId(tx.sql, row.lane as number).queue);
    return true;
  }

  hasOver(sql: Statements, now: number): boolean {
    return sql.first(HAS_OVER, now) !== undefined;
  }

  /** Lets go of keys whose time is over, since nobody else may ever ask for them again. */
  letGoOver(tx: Transaction, limit: number): void {
    tx.sql.run(LET_GO_OVER, tx.now, limit);
  }
}

/** What it took over would never run. */
function isTooLate({ expires_at: expiresAt }: SqlRow, now: number): boolean {
  return expiresAt !== null && (expiresAt as number) <= now;
}
