import type { JobContext } from '../../core/job-context.js';
import { Snooze } from '../../core/snooze.js';
import { JobCancelledError, JobTimeoutError, LeaseLostError, ShutdownError } from '../../core/run-errors.js';

/** How a run ended, as far as its code can tell: the storage may yet say that its lease was lost. */
export interface RunEnd {
  readonly outcome: 'completed' | 'snoozed' | 'failed' | 'cancelled' | 'released';
  /** What it failed with. */
  readonly error?: unknown;
}

/** Of a run that returned. One that overran its time has failed even so. */
export function endOfReturn(value: unknown, { signal }: JobContext): RunEnd {
  const reason: unknown = signal.reason;
  if (reason instanceof JobTimeoutError) return { outcome: 'failed', error: reason };
  return { outcome: value instanceof Snooze ? 'snoozed' : 'completed' };
}

/** Of a run that threw. After an abort, what is thrown is the answer to it. */
export function endOfThrow(thrown: unknown, { signal }: JobContext): RunEnd {
  const reason: unknown = signal.reason;
  if (reason instanceof JobCancelledError) return { outcome: 'cancelled' };
  if (reason instanceof ShutdownError || reason instanceof LeaseLostError) return { outcome: 'released' };
  return { outcome: 'failed', error: reason instanceof JobTimeoutError ? reason : thrown };
}

/** The class of an error, since messages would make time series without end. */
export function errorType(error: unknown): string {
  try {
    const name = (error as { constructor?: { name?: unknown } } | null | undefined)?.constructor?.name;
    return error instanceof Error && typeof name === 'string' && name !== '' ? name : '_OTHER';
  } catch {
    return '_OTHER';
  }
}
