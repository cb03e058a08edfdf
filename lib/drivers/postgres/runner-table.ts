import type { Beat, BeatAnswer, LiveRunner, ProgressReport, RunnerInfo } from '../../storage/claims.js';
import { jobKeyOf, keyOf } from './jobs/job-key.js';
import { MOMENT } from './schema/moment.sql.js';
import { arrayOf, type Sql } from './connection/sql.js';
import { fromStored, toStored } from './connection/stored-text.js';

// A lease that somebody else took has another token: it is not extended, and no row comes back.
const BEAT = `
  with ${MOMENT},
  beating as (
    insert into jobs.runner (key, id, info, beat_at, until)
    select $1::uuid, $2::text, $3::text, now, now + $4::bigint from moment
    on conflict (key) do update set info = excluded.info, beat_at = excluded.beat_at, until = excluded.until),
  forgotten as (
    delete from jobs.runner where key = any(array(
      select key from jobs.runner where until <= (select now from moment) and key <> $1::uuid for update skip locked)))
  update jobs.job set lease_until = greatest(lease_until, moment.now + $4::bigint)
  from moment, unnest($5::uuid[], $6::integer[]) as held (key, token)
  where job.key = held.key and job.token = held.token and job.state > 2 and job.state < 4
  returning job.key || ':' || job.token as lease, job.cancel_reason`;
const PROGRESS = `
  update jobs.job set progress = told.progress
  from json_to_recordset($1::json) as told (key uuid, token integer, progress text)
  where job.key = told.key and job.token = told.token and job.state > 2 and job.state < 4`;
const LEAVE = `delete from jobs.runner where key = $1::uuid`;
const LIVE = `
  select runner.info, runner.beat_at, coalesce(busy.jobs, 0) as running
  from jobs.runner
  left join (select runner as id, count(*) as jobs from jobs.job where state = 3 group by runner) busy
    on busy.id = runner.id
  where runner.until > (select jobs.clock_1())`;

/** The runners, and what they say of themselves and their runs. */
export const runnerTable = {
  async beat(sql: Sql, { runner, lease, leases }: Beat): Promise<BeatAnswer> {
    const keys = leases.map(({ id }) => jobKeyOf(id));
    const rows = await sql.rows(BEAT, [
      keyOf(runner.id),
      toStored(runner.id),
      toStored(JSON.stringify(runner)),
      lease,
      arrayOf(keys),
      arrayOf(leases.map(({ token }) => token)),
    ]);
    const held = new Map(rows.map((row) => [row.lease as string, row.cancel_reason as string | null]));
    const lost: string[] = [];
    const cancelled: { id: string; reason: string }[] = [];
    for (const [index, { id, token }] of leases.entries()) {
      const reason = held.get(`${keys[index]}:${token}`);
      if (reason === undefined) lost.push(id);
      else if (reason !== null) cancelled.push({ id, reason: fromStored(reason) });
    }
    return { lost, cancelled };
  },

  async progress(sql: Sql, reports: readonly ProgressReport[]): Promise<void> {
    // Should one job report twice, the newest stands.
    const newest = new Map(
      reports.map(({ lease: { id, token }, progress }) => {
        const key = jobKeyOf(id);
        return [`${key}:${token}`, { key, token, progress: toStored(progress) }];
      }),
    );
    await sql.rows(PROGRESS, [JSON.stringify([...newest.values()])]);
  },

  async leave(sql: Sql, runner: string): Promise<void> {
    await sql.rows(LEAVE, [keyOf(runner)]);
  },

  async live(sql: Sql): Promise<LiveRunner[]> {
    const runners = (await sql.rows(LIVE)).map((row) => ({
      ...(JSON.parse(fromStored(row.info as string)) as RunnerInfo),
      beatAt: row.beat_at as number,
      running: row.running as number,
    }));
    return runners.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  },
};
