import type { DeadReason, JobRecord, JobState, LeasedJob, RecordedFailure } from '../../core/job.js';
import { visibleState } from '../../core/lifecycle.js';
import type { Lane } from './lanes.js';
import { STATE } from './schema.js';
import type { SqlRow, SqlValue } from './sqlite-client.js';

/** What a leased job is made of. */
export const LEASED_COLUMNS =
  'id, lane, token, payload, policy, priority, attempt, stalls, enqueued_at, run_at, meta';

/**
 * The same of a job about to be claimed, in one text for all rows: drivers spend more on the columns of a row than
 * SQLite does on finding it.
 */
export const LEASED_OBJECT = `json_object(${['seq', 'unique_while', ...LEASED_COLUMNS.split(', ')]
  .map((column) => `'${column}', jobs_job.${column}${column === 'token' ? ' + 1' : ''}`)
  .join(', ')})`;

/** What a record is made of. */
export const RECORD_COLUMNS = `${LEASED_COLUMNS}, seq, state, started_at, ended_at, lease_until, runner, reason,
  cancel_reason, unique_name, progress, result, failures`;

const STATES = Object.keys(STATE) as JobState[];

export function stateOf(row: SqlRow): JobState {
  return STATES[row.state as number] as JobState;
}

export function leasedJobOf(row: SqlRow, { queue, name }: Lane): LeasedJob {
  const job = {
    id: row.id as string,
    token: row.token as number,
    name,
    queue,
    payload: row.payload as string,
    policy: row.policy as string,
    priority: row.priority as number,
    attempt: row.attempt as number,
    stalls: row.stalls as number,
    enqueuedAt: row.enqueued_at as number,
    runAt: row.run_at as number,
  };
  return row.meta === null ? job : { ...job, meta: row.meta as string };
}

/** The job as a reader sees it at this moment. */
export function recordOf(row: SqlRow, lane: Lane, now: number): JobRecord {
  const isRunning = row.state === STATE.running;
  return {
    ...leasedJobOf(row, lane),
    state: visibleState(stateOf(row), row.run_at as number, now),
    failures: failuresOf(row),
    ...present<number>('startedAt', row.started_at),
    ...present<number>('endedAt', row.ended_at),
    ...present<number>('leaseUntil', isRunning ? row.lease_until : null),
    ...present<string>('runner', isRunning ? row.runner : null),
    ...present<DeadReason>('reason', row.reason),
    ...present<string>('cancelReason', row.cancel_reason),
    ...present<string>('uniqueKey', row.unique_name),
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
