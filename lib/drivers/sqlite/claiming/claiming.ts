import type { LeasedJob } from '../../../core/job.js';
import type { Popped, PopRequest } from '../../../storage/claims.js';
import { nextDueAt, promoteDue, setAsideLapsed } from './due-jobs.js';
import type { GovernedClaiming } from '../groups/governed-claiming.js';
import type { LaneClaims } from './lane-claims.js';
import type { Lanes } from '../jobs/lanes.js';
import type { SqlRow, Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

const QUEUE = `
  select paused_at is null as is_open, limits is not null or has_groups = 1 as is_governed
  from jobs_queue where name = ?`;

/** Hands due jobs out. */
export class Claiming {
  readonly #lanes: Lanes;
  readonly #claims: LaneClaims;
  readonly #governed: GovernedClaiming;

  constructor(lanes: Lanes, claims: LaneClaims, governed: GovernedClaiming) {
    this.#lanes = lanes;
    this.#claims = claims;
    this.#governed = governed;
  }

  /** What a pop would answer, if that is nothing: idle runners must not take the write lock from those who work. */
  peek(sql: Statements, request: PopRequest, now: number): Popped | undefined {
    this.#lanes.refresh(sql);
    const nextDue = nextDueAt(sql);
    if (nextDue !== undefined && nextDue <= now) return undefined;
    const times = [nextDue];
    for (const { queue, limit } of request.queues) {
      const row = limit > 0 ? sql.first(QUEUE, queue) : undefined;
      if (row?.is_open !== 1) continue;
      const nextAt = this.#nextAt(sql, queue, row, request, now);
      if (nextAt !== undefined && nextAt <= now) return undefined;
      times.push(nextAt);
    }
    return answer([], times, now);
  }

  pop(tx: Transaction, request: PopRequest): Popped {
    this.#lanes.refresh(tx.sql);
    const nextDue = promoteDue(tx);
    if (!setAsideLapsed(tx)) return { jobs: [], nextIn: 0 };
    const jobs: LeasedJob[] = [];
    const times = [nextDue];
    for (const { queue, limit } of request.queues) {
      const row = limit > 0 ? tx.sql.first(QUEUE, queue) : undefined;
      if (row?.is_open !== 1) continue;
      const taken =
        row.is_governed === 1
          ? this.#governed.take(tx, queue, limit, request)
          : this.#claims.take(tx, this.#lanes.known(queue, request), limit, request);
      jobs.push(...taken);
      // Of a queue that has limits there may be more, although less was taken than was asked for.
      const mayHaveMore = taken.length === limit || row.is_governed === 1;
      if (mayHaveMore) times.push(this.#nextAt(tx.sql, queue, row, request, tx.now));
    }
    return answer(jobs, times, tx.now);
  }

  /** When the next ready job of the queue may start, as far as a time decides that. */
  #nextAt(sql: Statements, queue: string, row: SqlRow, request: PopRequest, now: number): number | undefined {
    const lanes = this.#lanes.known(queue, request);
    if (row.is_governed === 1) return this.#governed.nextAt(sql, queue, lanes, now);
    return this.#claims.hasReady(sql, lanes) ? now : undefined;
  }
}

function answer(jobs: readonly LeasedJob[], times: readonly (number | undefined)[], now: number): Popped {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? { jobs } : { jobs, nextIn: Math.max(0, Math.min(...known) - now) };
}
