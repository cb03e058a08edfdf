import type {
  DeadReason,
  Failure,
  JobRecord,
  JobState,
  LeasedJob,
  RecordedFailure,
} from '../../../core/job.js';
import { visibleState } from '../../../core/lifecycle.js';
import type { NewJob } from '../../../storage/new-job.js';
import { tiesOf, type TiesReply } from './job-ties.js';
import { STATE } from '../layout/stored-letters.js';
import type { Lanes } from './lanes.js';

const STATES = Object.keys(STATE) as JobState[];
/** Makes every priority a number that is not negative. */
const PRIORITY_BIAS = 2 ** 31;
const BODY_HEAD = 61;
const SHARED = '#'.charCodeAt(0);
const NO_META = '-'.charCodeAt(0);

/** What `record` of the scripts returns. */
export type RecordReply = [
  id: string,
  body: string,
  state: string,
  lease: [until: string | null, runner: string | null] | null,
  uniqueKey: string | null,
  reason?: string | null,
  cancelReason?: string | null,
  progress?: string | null,
  result?: string | null,
  failures?: string[],
  /** Of a job that has more than a plain one: 13 digits first. */
  place?: string | null,
  ties?: TiesReply,
];

export function digits(value: number, length: number): string {
  return String(value).padStart(length, '0');
}

/** As states carry it. None is below 1, so that 0 does for all that never were. */
export function encodeToken(token: number): string {
  return digits(Math.max(0, token), 8);
}

export function encodePriority(priority: number): string {
  return digits(priority + PRIORITY_BIAS, 10);
}

/**
 * The part of a job's body that scripts do not look into: number or length of the policy, length of the meta, policy, meta,
 * payload. Lengths are of text as JavaScript counts it.
 */
export function encodeTexts({ policy, meta, payload }: NewJob, lanes: Lanes): string {
  const number = lanes.numberOfPolicy(policy);
  const first = number === undefined ? String(policy.length) : `#${number}`;
  const own = number === undefined ? policy : '';
  return meta === undefined
    ? `${first} - ${own}${payload}`
    : `${first} ${meta.length} ${own}${meta}${payload}`;
}

interface Texts {
  readonly policy: string;
  readonly meta?: string;
  readonly payload: string;
}

function textsOf(body: string, lanes: Lanes): Texts {
  const space = body.indexOf(' ', BODY_HEAD);
  const start = body.indexOf(' ', space + 1) + 1;
  const isShared = body.charCodeAt(BODY_HEAD) === SHARED;
  const number = Number(body.slice(isShared ? BODY_HEAD + 1 : BODY_HEAD, space));
  const metaStart = isShared ? start : start + number;
  const policy = isShared ? lanes.policyByNumber(number) : body.slice(start, metaStart);
  if (body.charCodeAt(space + 1) === NO_META) return { policy, payload: body.slice(metaStart) };
  const payloadStart = metaStart + Number(body.slice(space + 1, start - 1));
  return { policy, meta: body.slice(metaStart, payloadStart), payload: body.slice(payloadStart) };
}

export function policyOf(body: string, lanes: Lanes): string {
  return textsOf(body, lanes).policy;
}

/** `state` is empty at the first claim. */
export function leasedJobOf(id: string, body: string, state: string, lanes: Lanes): LeasedJob {
  const isFirst = state === '';
  const place = isFirst ? body.slice(0, 39) : state.slice(60, 99);
  const { queue, name } = lanes.byNumber(isFirst ? body.slice(39, 46) : state.slice(27, 34));
  const { policy, meta, payload } = textsOf(body, lanes);
  const job = {
    id,
    token: isFirst ? 1 : Number(state.slice(3, 11)),
    name,
    queue,
    payload,
    policy,
    priority: Number(place.slice(0, 10)) - PRIORITY_BIAS,
    attempt: isFirst ? 0 : Number(state.slice(11, 19)),
    stalls: isFirst ? 0 : Number(state.slice(19, 27)),
    enqueuedAt: Number(body.slice(47, 60)),
    runAt: Number(place.slice(10, 26)),
  };
  return meta === undefined ? job : { ...job, meta };
}

/** The job as a reader sees it at this moment. */
export function recordOf(reply: RecordReply, now: number, lanes: Lanes): JobRecord {
  const [id, body, state, lease, uniqueKey, reason, cancelReason, progress, result] = reply;
  const [failures = [], place, ties] = [reply[9], reply[10], reply[11]];
  const job = leasedJobOf(id, body, state, lanes);
  const stored = STATES[Number(state.slice(0, 1) || STATE.scheduled)] as JobState;
  const isRunning = stored === 'running';
  return {
    ...job,
    ...(ties === undefined ? {} : tiesOf(ties)),
    // The first claim gives the first token.
    token: state === '' ? 0 : job.token,
    state: visibleState(stored, job.runAt, now),
    failures: failures.map(decodeFailure),
    ...present('startedAt', timeIn(state, 34)),
    ...present('endedAt', timeIn(state, 47)),
    ...present('leaseUntil', isRunning ? Number(lease?.[0]) : null),
    ...present('runner', isRunning ? lease?.[1] : null),
    ...present('reason', reason as DeadReason | null | undefined),
    ...present('cancelReason', cancelReason),
    ...present('uniqueKey', uniqueKey),
    ...present('expiresAt', timeIn(place ?? '', 0)),
    ...present('progress', progress),
    ...present('result', result),
  };
}

/** Time and run are put before it by the script. */
export function encodeFailure(failure: Failure): string {
  return JSON.stringify(failure);
}

function decodeFailure(text: string): RecordedFailure {
  const failure = JSON.parse(text.slice(21)) as Failure;
  return { ...failure, attempt: Number(text.slice(13, 21)), at: Number(text.slice(0, 13)) };
}

/** Zero where there is none. */
function timeIn(state: string, start: number): number | undefined {
  return Number(state.slice(start, start + 13)) || undefined;
}

// What is absent in a record is not there at all, rather than there and undefined.
function present<Value>(field: string, value: Value | null | undefined): { readonly [field: string]: Value } {
  return value === null || value === undefined ? {} : { [field]: value };
}
