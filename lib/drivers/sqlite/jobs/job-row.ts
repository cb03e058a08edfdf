import type { DeadReason, JobRecord, JobState, LeasedJob, RecordedFailure } from '../../../core/job.js';
import { visibleState } from '../../../core/lifecycle.js';
import type { Lane } from './lanes.js';
import { LAPSED, STATE } from '../schema/schema.js';
import type { SqlRow, SqlValue } from '../connection/sqlite-client.js';

/** What most jobs have nothing of, in the order of `ClaimedExtras`. */
const EXTRAS = `unique_while, expires_at, grp, edges, meta, group_name, flow`;

/**
 * The rows of jobs about to be claimed as one text: drivers spend more on the columns of a row than SQLite does on
 * finding it. A second text has what only some of them have.
 */
export const CLAIMED_JSON = `
  json_group_array(json_array(
    jobs_job.seq, lane, token, policy, priority, attempt, stalls, enqueued_at, jobs_job.run_at, id, payload)) as jobs,
  json_group_array(json_array(jobs_job.seq, ${EXTRAS})) filter (where coalesce(${EXTRAS}) is not null) as extras`;

/** A row of the first, as it was before the claim. */
export type ClaimedRow = readonly [
  seq: number,
  lane: number,
  token: number,
  policy: number | string,
  priority: number,
  attempt: number,
  stalls: number,
  enqueuedAt: number,
  runAt: number,
  id: string,
  payload: string,
];

/** A row of the second. */
export type ClaimedExtras = readonly [
  seq: number,
  uniqueWhile: number | null,
  expiresAt: number | null,
  grp: number | null,
  edges: number | null,
  meta: string | null,
  group: string | null,
  flow: string | null,
];

/** What a record is made of. */
export const RECORD_COLUMNS = `jobs_job.seq, id, lane, token, payload, policy, priority, attempt, stalls, enqueued_at,
  run_at, meta, state, started_at, ended_at, lease_until,
  (select jobs_runner.id from jobs_runner where number = jobs_job.runner) as runner, reason, cancel_reason, unique_name,
  progress, result, failures, expires_at, group_name, flow, edges`;

const STATES = Object.keys(STATE) as JobState[];

export function stateOf(row: SqlRow): JobState {
  return row.state === LAPSED ? 'ready' : (STATES[row.state as number] as JobState);
}

/** The job as its claim leaves it. */
export function claimedJobOf(
  row: ClaimedRow,
  { queue, name }: Lane,
  policy: string,
  extras: ClaimedExtras | undefined,
): LeasedJob {
  const [, , token, , priority, attempt, stalls, enqueuedAt, runAt, id, payload] = row;
  const job = {
    id,
    token: token + 1,
    name,
    queue,
    payload,
    policy,
    priority,
    attempt,
    stalls,
    enqueuedAt,
    runAt,
  };
  if (extras === undefined) return job;
  const [, , , , , meta, group, flow] = extras;
  return {
    ...job,
    ...present<string>('meta', meta),
    ...present<string>('group', group),
    ...present<string>('flow', flow),
  };
}

/** The job as a reader sees it at this moment. */
export function recordOf(row: SqlRow, { queue, name }: Lane, policy: string, now: number): JobRecord {
  const isRunning = row.state === STATE.running;
  return {
    id: row.id as string,
    token: row.token as number,
    name,
    queue,
    payload: row.payload as string,
    policy,
    priority: row.priority as number,
    attempt: row.attempt as number,
    stalls: row.stalls as number,
    enqueuedAt: row.enqueued_at as number,
    runAt: row.run_at as number,
    ...present<string>('meta', row.meta),
    ...present<string>('group', row.group_name),
    ...present<string>('flow', row.flow),
    state: visibleState(stateOf(row), row.run_at as number, now),
    failures: failuresOf(row),
    ...present<number>('startedAt', row.started_at),
    ...present<number>('endedAt', row.ended_at),
    ...present<number>('leaseUntil', isRunning ? row.lease_until : null),
    ...present<string>('runner', isRunning ? row.runner : null),
    ...present<DeadReason>('reason', row.reason),
    ...present<string>('cancelReason', row.cancel_reason),
    ...present<string>('uniqueKey', row.unique_name),
    ...present<number>('expiresAt', row.expires_at),
    ...present<string>('progress', row.progress),
    ...present<string>('result', row.result),
  };
}

export function failuresOf({ failures }: SqlRow): readonly RecordedFailure[] {
  return listOf(failures) as readonly RecordedFailure[];
}

/** A list stored as text; empty where the text is none of ours, so that no odd row stops a reader or a sweep. */
export function listOf(text: SqlValue | undefined): readonly unknown[] {
  if (typeof text !== 'string') return [];
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    return [];
  }
}

// What is absent in a record is not there at all, rather than there and undefined.
function present<Value>(field: string, value: SqlValue | undefined): { readonly [field: string]: Value } {
  return value === null || value === undefined ? {} : { [field]: value as Value };
}
