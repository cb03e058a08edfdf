import { MOMENT } from '../schema/moment.sql.js';
import { STEP } from '../schema/recent-ends.sql.js';
import { LASTING_COLUMNS } from '../schema/schema.js';

const LASTING = LASTING_COLUMNS.join(', ');
const FAILURES = `case when asked.failure is null then job.failures else
  (coalesce(job.failures, '{}') || (moment.now || ' ' || asked.failure))[greatest(1, coalesce(cardinality(job.failures), 0) - 8):]
  end`;
const STALLED_AT = `case when asked.stalled then moment.now else job.stalled_at end`;
const LOST_TOKENS = `case when asked.stalled then
  (coalesce(job.lost_tokens, '{}') || job.token)[greatest(1, coalesce(cardinality(job.lost_tokens), 0) - 8):]
  else job.lost_tokens end`;

// Completions are added up by lane, by shard, since one row for all would make every commit wait for the one before, and
// by steps of time: see RecentEnds.
const tally = (from: string, completed: string, failed: string, shard: string) => `
  tallied as (
    insert into jobs.tally (lane, shard, step, completed, failed)
    select lane, ${shard}::integer, (select ${STEP} from moment), count(*) filter (where ${completed}), count(*) filter (where ${failed})
    from ${from} group by lane having count(*) filter (where ${completed} or ${failed}) > 0 order by lane
    on conflict (lane, shard, step) do update
    set completed = tally.completed + excluded.completed, failed = tally.failed + excluded.failed)`;

const lastingOf = (table: string, changed: Readonly<Record<string, string>>) =>
  LASTING_COLUMNS.map((column) => `${changed[column] ?? `${table}.${column}`} as ${column}`).join(', ');

/**
 * Ends jobs that completed all alike and left no result: $1 keys, $2 shard, $3 token, $4 attempt, $5 keep. The token
 * and the state are the whole guard: a job that moved on has another token, or does not run. One token for all, since a list
 * of keys is found in half the time that pairs are. Jobs that have to do with
 * others are left alone, for Flows. A range of states, though only one is in it, so that no plan is led to the index of
 * leases rather than that of keys.
 */
export const COMPLETE_ALIKE = `
  ended as (
    delete from jobs.job
    where key = any($1::uuid[]) and token = $3::integer and state > 2 and state < 4 and edges is null
    returning ${lastingOf('job', { attempt: '$4::integer', stalls: '0' })}),
  kept as (
    insert into jobs.ended_job (${LASTING}, state, ended_at, prune_at)
    select ${LASTING}, 4, (select now from moment), (select now + $5::bigint from moment) from ended),
  ${tally('ended', 'true', 'false', '$2')}`;

/** The same for jobs whose record does not stay: $1 keys, $2 shard, $3 token. */
export const COMPLETE_AWAY = `
  ended as (
    delete from jobs.job
    where key = any($1::uuid[]) and token = $3::integer and state > 2 and state < 4 and edges is null
    returning job.key, job.token, job.lane),
  ${tally('ended', 'true', 'false', '$2')}`;

/**
 * Ends jobs in whatever way: $1 what is asked as JSON, $2 shard. `was` is the state that it was decided
 * for; while it and the token are the same, nobody came between.
 */
const endOf = (condition: string) => `
  asked as materialized (
    select * from json_to_recordset($1::text::json) as x(key uuid, token integer, was smallint, state smallint,
      attempt integer, stalls integer, keep bigint, result text, reason text, cancel_reason text, failure text,
      stalled boolean)),
  ended as (
    delete from jobs.job using moment, asked
    where job.key = asked.key and job.token = asked.token and job.state = asked.was${condition}
    returning moment.now, ${lastingOf('job', {
      attempt: 'asked.attempt',
      stalls: 'asked.stalls',
      stalled_at: STALLED_AT,
      lost_tokens: LOST_TOKENS,
      failures: FAILURES,
      cancel_reason: 'coalesce(asked.cancel_reason, job.cancel_reason)',
    })}, asked.state, asked.keep, asked.reason, asked.result, asked.failure is not null as has_failed),
  kept as (
    insert into jobs.ended_job (${LASTING}, state, ended_at, prune_at, reason, result)
    select ${LASTING}, state, now, now + keep, reason, result from ended where keep is not null),
  ${tally('ended', 'state = 4', 'has_failed', '$2')}`;

/** Those that have nothing to do with other jobs. */
export const END = endOf(' and job.edges is null');

/** Whatever they have to do with others: who waits for them is to be told next, in the same transaction. See Flows. */
export const END_TIED = `
  with ${MOMENT}, ${endOf('')},
  cut as (
    delete from jobs.edge using ended where edge.waiter = ended.key and ended.keep is null and ended.edges is not null)
  select key || ':' || token as lease, key, edges, state, result from ended`;

/**
 * Has running jobs wait again: $1 what is asked as JSON, $2 shard. One that somebody asked to end is left alone, for
 * the core to decide.
 */
export const WAIT = `
  with ${MOMENT},
  asked as materialized (
    select * from json_to_recordset($1::text::json) as x(key uuid, token integer, state smallint, attempt integer,
      stalls integer, delay bigint, failure text, stalled boolean)),
  waiting as (
    update jobs.job
    set state = case when coalesce(moment.now + asked.delay, job.run_at) <= moment.now then 0 else asked.state end,
      run_at = coalesce(moment.now + asked.delay, job.run_at),
      attempt = coalesce(asked.attempt, job.attempt), stalls = coalesce(asked.stalls, job.stalls),
      failures = ${FAILURES}, stalled_at = ${STALLED_AT}, lost_tokens = ${LOST_TOKENS},
      lease_until = null, runner = null
    from moment, asked
    where job.key = asked.key and job.token = asked.token and job.state > 2 and job.state < 4 and job.cancel_reason is null
    returning job.key, job.token, job.lane, asked.failure is not null as has_failed),
  ${tally('waiting', 'false', 'has_failed', '$2')}
  select key || ':' || token as lease, lane from waiting`;

/** The leases that were ended, where those are not all that were asked for. */
export const ENDED = (asked: string) =>
  `case when (select count(*) from ended) < ${asked}::integer then array(select key || ':' || token from ended)::text end`;
