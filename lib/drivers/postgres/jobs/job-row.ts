import type { End, Need, SettledDependency } from '../../../core/dependency.js';
import type { DeadReason, JobRecord, JobState, LeasedJob, RecordedFailure } from '../../../core/job.js';
import { visibleState } from '../../../core/lifecycle.js';
import { WAITS } from '../../../storage/flow-ties.js';
import type { Lane } from './lanes.js';
import { policyOf } from './policies.js';
import { LAPSED, STATE } from '../schema/schema.js';
import type { SqlRow } from '../connection/sql.js';
import { fromStored } from '../connection/stored-text.js';

const COMMON = `seq, key, id, lane, token, payload, priority, attempt, stalls, enqueued_at, run_at, meta`;

/** What a leased job is made of; its policy as it is stored. */
export const LEASED_COLUMNS = [...COMMON.split(', '), 'policy', 'extra'];

// What few jobs have, in one column, since every column costs a client for every row.
const extraIn = (table: string) => `
  case when num_nonnulls(${table}.ageing, ${table}.flow, ${table}.group_name, ${table}.edges) > 0 then json_build_object(
    'ageing', ${table}.ageing, 'flow', ${table}.flow, 'group', ${table}.group_name, 'edges', ${table}.edges,
    'after', case when ${table}.edges & ${WAITS} = ${WAITS} then (
      select json_agg(json_build_object(
        'id', coalesce(edge.id, edge.dependency::text), 'needs', needs, 'ended', ended, 'result', edge.result) order by position)
      from jobs.edge where edge.waiter = ${table}.key) end)::text end as extra`;

/** The value of one of the columns, of a row of `job`. */
export function leasedValue(table: string, column: string): string {
  return column === 'extra' ? extraIn(table) : `${table}.${column}`;
}

interface Extra {
  readonly ageing: number | null;
  readonly flow: string | null;
  readonly group: string | null;
  /** See `tiesOf`. */
  readonly edges: number | null;
  readonly after: readonly SqlRow[] | null;
}

export function extraOf({ extra }: SqlRow): Extra | undefined {
  return extra === null || extra === undefined ? undefined : (JSON.parse(extra as string) as Extra);
}

const RECORD = `${COMMON}, state, started_at, cancel_reason, unique_name, progress,
  array_to_json(failures)::text as failures`;

/** What the record of a live job is made of, and that of an ended one: the same columns in the same order. */
export const LIVE_COLUMNS = `${RECORD}, ${extraIn('job')}, ${policyOf('job')} as policy, expires_at, lease_until, runner, null::bigint as ended_at, null as reason, null as result`;
export const ENDED_COLUMNS = `${RECORD}, ${extraIn('ended_job')}, ${policyOf('ended_job')} as policy, null::bigint as expires_at, null::bigint as lease_until, null as runner, ended_at, reason, result`;

const STATES = Object.keys(STATE) as JobState[];

export function stateOf(row: SqlRow): JobState {
  // By time alone it may be ready, like one that is scheduled.
  return row.state === LAPSED ? 'scheduled' : (STATES[row.state as number] as JobState);
}

export function idOf(row: SqlRow): string {
  return row.id === null || row.id === undefined ? (row.key as string) : fromStored(row.id as string);
}

export function leasedJobOf(row: SqlRow, { queue, name }: Lane, policy: string): LeasedJob {
  const job = {
    id: idOf(row),
    token: row.token as number,
    name,
    queue,
    payload: fromStored(row.payload as string),
    policy,
    priority: row.priority as number,
    attempt: row.attempt as number,
    stalls: row.stalls as number,
    enqueuedAt: row.enqueued_at as number,
    runAt: row.run_at as number,
  };
  const whole = row.meta === null ? job : { ...job, meta: fromStored(row.meta as string) };
  const extra = extraOf(row);
  return extra === undefined ? whole : { ...whole, ...tiesIn(extra) };
}

/** What a job waits for, of a row of `edge`. */
export function dependencyOf({ id, needs, ended, result }: SqlRow): SettledDependency {
  return {
    id: fromStored(id as string),
    needs: needs as Need,
    ...(ended === null ? {} : { ended: ended as End }),
    ...(result === null ? {} : { result: fromStored(result as string) }),
  };
}

function tiesIn({ group, flow, after }: Extra): Pick<LeasedJob, 'group' | 'flow' | 'after'> {
  return {
    ...presentText('group', group),
    ...presentText('flow', flow),
    ...(after === null ? {} : { after: after.map(dependencyOf) }),
  };
}

/** The job as a reader sees it at this moment. */
export function recordOf(row: SqlRow, lane: Lane, now: number): JobRecord {
  const isRunning = row.state === STATE.running;
  return {
    ...leasedJobOf(row, lane, fromStored(row.policy as string)),
    state: visibleState(stateOf(row), row.run_at as number, now),
    failures: failuresOf(row),
    ...present<number>('startedAt', row.started_at),
    ...present<number>('endedAt', row.ended_at),
    ...present<number>('leaseUntil', isRunning ? row.lease_until : null),
    ...presentText('runner', isRunning ? row.runner : null),
    ...present<DeadReason>('reason', row.reason),
    ...presentText('cancelReason', row.cancel_reason),
    ...presentText('uniqueKey', row.unique_name),
    ...present<number>('expiresAt', row.expires_at),
    ...presentText('progress', row.progress),
    ...presentText('result', row.result),
  };
}

/** Each is stored as its time, a space and its JSON: the time is the server's, and the rest is not. */
function failuresOf({ failures }: SqlRow): readonly RecordedFailure[] {
  if (failures === null) return [];
  return (JSON.parse(failures as string) as string[]).map((stored) => {
    const space = stored.indexOf(' ');
    return {
      ...(JSON.parse(stored.slice(space + 1)) as RecordedFailure),
      at: Number(stored.slice(0, space)),
    };
  });
}

// What is absent in a record is not there at all, rather than there and undefined.
function present<Value>(field: string, value: unknown): { readonly [field: string]: Value } {
  return value === null || value === undefined ? {} : { [field]: value as Value };
}

function presentText(field: string, value: unknown): { readonly [field: string]: string } {
  return value === null || value === undefined ? {} : { [field]: fromStored(value as string) };
}
