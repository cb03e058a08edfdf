import { fingerprintOf } from '../../core/fingerprint.js';
import { parentsOf, type ParentJob } from '../../core/parent-job.js';
import type { DeadReason, JobRecord, JobState, RecordedFailure } from '../../core/job.js';
import { maxAttempts } from '../../core/max-retries.js';
import { decodeValue, isFields, SEALED } from '../../core/payload.js';
import { VERSION } from '../../core/payload-form.js';
import { decodePolicy } from '../../core/policy.js';
import { splitMeta } from '../../core/tick-mark.js';

/**
 * A job as its storage knows it, for reading.
 * @publicApi
 */
export interface JobInfo {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: JobState;
  /** Set when `dead`. */
  readonly reason?: DeadReason;
  /** Set once somebody asked for the job's end, also while it still runs. */
  readonly cancelReason?: string;
  /** The stored fields, but for those that are sealed; `undefined` when they no longer decode. */
  readonly payload: unknown;
  readonly priority: number;
  /** Runs that ended in failure. */
  readonly attempts: number;
  /** Runs it may use; `Infinity` with `MaxRetries.infinite`. */
  readonly maxAttempts: number;
  /** Leases lost in a row. */
  readonly stalls: number;
  /** The newest ten failures, the newest last. */
  readonly errors: readonly JobFailure[];
  readonly enqueuedAt: Date;
  /** When it is due, also after a failed run; of a schedule's job, the tick it was made for. */
  readonly scheduledFor: Date;
  /** The key of the schedule that made it. */
  readonly schedule?: string;
  readonly startedAt?: Date;
  readonly endedAt?: Date;
  /** The id of the runner that has it; set while `running`. */
  readonly runner?: string;
  /** The last value that the run reported. */
  readonly progress?: unknown;
  /** What the completed run returned. */
  readonly result?: unknown;
  readonly meta?: unknown;
  readonly group?: string;
  /** When it is over unless somebody takes it before. */
  readonly expiresAt?: Date;
  /** The chain, batch or flow it is part of. */
  readonly flow?: string;
  /** What it waits for, or waited for, and what became of each. */
  readonly after?: readonly ParentJob[];
}

/** A failed run, for reading. @publicApi */
export interface JobFailure extends RecordedFailure {
  /** Twelve hexadecimal digits that failures of one cause share: to group them by, and to filter for. */
  readonly fingerprint: string;
}

function toJobFailure(failure: RecordedFailure): JobFailure {
  return { ...failure, fingerprint: fingerprintOf(failure) };
}

/** Without what stands among the stored fields and is none: their version, and what is sealed. */
function payloadOf({ payload }: JobRecord): unknown {
  const fields = decodeValue(payload);
  if (!isFields(fields)) return fields;
  const { [VERSION]: _, [SEALED]: __, ...others } = fields;
  return others;
}

export function toJobInfo(record: JobRecord): JobInfo {
  const { id, name, queue, state, reason, cancelReason, priority, attempt, stalls, failures } = record;
  const { mark, meta } = splitMeta(record.meta);
  return {
    id,
    name,
    queue,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(cancelReason === undefined ? {} : { cancelReason }),
    payload: payloadOf(record),
    priority,
    attempts: attempt,
    maxAttempts: maxAttempts(decodePolicy(record.policy).maxRetries),
    stalls,
    errors: failures.map(toJobFailure),
    enqueuedAt: new Date(record.enqueuedAt),
    scheduledFor: new Date(mark?.tick ?? record.runAt),
    ...(mark === undefined ? {} : { schedule: mark.schedule }),
    ...(record.startedAt === undefined ? {} : { startedAt: new Date(record.startedAt) }),
    ...(record.endedAt === undefined ? {} : { endedAt: new Date(record.endedAt) }),
    ...(record.runner === undefined ? {} : { runner: record.runner }),
    ...(record.progress === undefined ? {} : { progress: decodeValue(record.progress) }),
    ...(record.result === undefined ? {} : { result: decodeValue(record.result) }),
    ...(meta === undefined ? {} : { meta: decodeValue(meta) }),
    ...(record.group === undefined ? {} : { group: record.group }),
    ...(record.expiresAt === undefined ? {} : { expiresAt: new Date(record.expiresAt) }),
    ...(record.flow === undefined ? {} : { flow: record.flow }),
    ...(record.after === undefined ? {} : { after: parentsOf(record.after) }),
  };
}
