import type { GroupStats } from '../../../storage/inspection.js';
import type { Lanes } from '../jobs/lanes.js';
import { limitsOf, roomOf, startsOf } from '../../../storage/queue-room.js';
import type { Statements } from '../connection/sqlite-client.js';
import type { Transaction } from '../connection/transaction.js';

const FIND = `select id from jobs_group where queue = ? and name = ?`;
const HAS_OWN = `
  select 1 from jobs_job
  where state = 0 and grp is null and lane in (select id from jobs_lane where queue = ?) limit 1`;
const OWN_TURN = `update jobs_queue set turns = turns + 1, turn = turns + 1 where name = ? and turn = 0`;
// A group that comes new gets the next number.
const NEXT_TURN = `update jobs_queue set turns = turns + 1, has_groups = 1 where name = ?`;
const ADD = `
  insert into jobs_group (queue, name, turn) select name, ?, turns from jobs_queue where name = ?`;
const PAUSE = `update jobs_group set paused_at = ?, pause_reason = ? where id = ?`;
const RESUME = `
  update jobs_group set paused_at = null, pause_reason = null
  where queue = ? and name = ? and paused_at is not null`;
const STATS = `
  select id, jobs_group.starts, jobs_group.paused_at, jobs_group.pause_reason, limits
  from jobs_group join jobs_queue on jobs_queue.name = jobs_group.queue
  where queue = ? and jobs_group.name = ?`;
const COUNT = `
  select count(*) filter (where state <> 3) as waiting, count(*) filter (where state = 3) as running
  from jobs_job where grp = ?`;

/** Whether jobs of the queue that have no group are ready. */
export function hasReadyOwn(sql: Statements, queue: string): boolean {
  return sql.first(HAS_OWN, queue) !== undefined;
}

/** The groups that have jobs, or are paused. */
export class GroupTable {
  readonly #lanes: Lanes;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  /** The group of a job that is to wait or run; made if need be. */
  obtain(tx: Transaction, queue: string, name: string): number {
    const found = this.#find(tx.sql, queue, name);
    if (found !== undefined) return found;
    this.#lanes.makeKnown(tx, queue);
    // Jobs without a group are one as well, and were there first.
    if (hasReadyOwn(tx.sql, queue)) tx.sql.run(OWN_TURN, queue);
    tx.sql.run(NEXT_TURN, queue);
    return tx.sql.insert(ADD, name, queue).last;
  }

  pause(tx: Transaction, queue: string, name: string, reason: string): void {
    const group = this.obtain(tx, queue, name);
    tx.sql.run(PAUSE, tx.now, reason, group);
    tx.noteGroup(group);
  }

  resume(tx: Transaction, queue: string, name: string): void {
    if (tx.sql.run(RESUME, queue, name) === 0) return;
    const group = this.#find(tx.sql, queue, name);
    if (group !== undefined) tx.noteGroup(group);
    tx.noteReady(queue);
  }

  stats(sql: Statements, queue: string, name: string, now: number): GroupStats | undefined {
    const row = sql.first(STATS, queue, name);
    if (row === undefined) return undefined;
    const { waiting, running } = sql.first(COUNT, row.id as number) as { waiting: number; running: number };
    if (waiting + running === 0 && row.paused_at === null) return undefined;
    const { rate } = limitsOf(row.limits).groups ?? {};
    const { opensAt } = rate === undefined ? {} : roomOf({ rate }, 0, startsOf(row.starts), now);
    return {
      waiting,
      running,
      ...(row.paused_at === null
        ? {}
        : { paused: { at: row.paused_at as number, reason: row.pause_reason as string } }),
      ...(opensAt === undefined ? {} : { startsAgainAt: opensAt }),
    };
  }

  #find(sql: Statements, queue: string, name: string): number | undefined {
    return sql.first(FIND, queue, name)?.id as number | undefined;
  }
}
