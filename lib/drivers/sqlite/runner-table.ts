import type { Beat, BeatAnswer, LiveRunner, ProgressReport, RunnerInfo } from '../../storage/claims.js';
import type { Statements } from './connection/sqlite-client.js';
import type { Transaction } from './connection/transaction.js';

const BEAT = `
  insert into jobs_runner (id, info, beat_at, until) values (?, ?, ?, ?)
  on conflict (id) do update set info = excluded.info, beat_at = excluded.beat_at, until = excluded.until`;
// A number is given again: as long as a job that runs has it, it is still this runner's.
const FORGET = `
  delete from jobs_runner
  where until <= ? and number not in (select runner from jobs_job where state = 3 and runner is not null)`;
const NUMBER = `select number from jobs_runner where id = ?`;
// It may claim before it has beaten: until then it is nobody that lives.
const ADD = `insert into jobs_runner (id, until) values (?, 0)`;
// A lease that somebody else took has another token: it is not extended, and no row comes back.
const EXTEND = `
  update jobs_job set lease_until = max(lease_until, ?)
  where seq = (select seq from jobs_content where id = ?) and token = ? and state = 3
  returning (select cancel_reason from jobs_note where jobs_note.seq = jobs_job.seq) as cancel_reason`;
const PROGRESS = `
  insert into jobs_note (seq, progress)
  select seq, ? from jobs_job
  where seq = (select seq from jobs_content where id = ?) and token = ? and state = 3
  on conflict (seq) do update set progress = excluded.progress`;
const LEAVE = `update jobs_runner set until = 0 where id = ?`;
const LIVE = `select number, id, info, beat_at from jobs_runner where until > ? order by id`;
const RUNNING = `select runner, count(*) as jobs from jobs_job where state = 3 group by runner`;

/** The runners, and what they say of themselves and their runs. */
export const runnerTable = {
  beat(tx: Transaction, { runner, lease, leases }: Beat): BeatAnswer {
    const until = tx.now + lease;
    tx.sql.run(BEAT, runner.id, JSON.stringify(runner), tx.now, until);
    tx.sql.run(FORGET, tx.now);
    const lost: string[] = [];
    const cancelled: { id: string; reason: string }[] = [];
    for (const { id, token } of leases) {
      const row = tx.sql.first(EXTEND, until, id, token);
      if (row === undefined) lost.push(id);
      else if (row.cancel_reason !== null) cancelled.push({ id, reason: row.cancel_reason as string });
    }
    return { lost, cancelled };
  },

  /** What stands for the runner in the rows of its jobs. Asked anew for each claim: others may have forgotten it. */
  numberOf({ sql }: Transaction, runner: string): number {
    const row = sql.first(NUMBER, runner);
    return row === undefined ? sql.insert(ADD, runner).last : (row.number as number);
  },

  progress(tx: Transaction, reports: readonly ProgressReport[]): void {
    for (const { lease, progress } of reports) tx.sql.run(PROGRESS, progress, lease.id, lease.token);
  },

  leave(tx: Transaction, runner: string): void {
    tx.sql.run(LEAVE, runner);
    tx.sql.run(FORGET, tx.now);
  },

  live(sql: Statements, now: number): LiveRunner[] {
    const running = new Map(sql.all(RUNNING).map(({ runner, jobs }) => [runner, jobs as number]));
    return sql.all(LIVE, now).map((row) => ({
      ...(JSON.parse(row.info as string) as RunnerInfo),
      beatAt: row.beat_at as number,
      running: running.get(row.number as number) ?? 0,
    }));
  },
};
