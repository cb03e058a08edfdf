import { Snooze } from '../../core/snooze.js';
import { describeFailure } from '../../core/failure.js';
import type { Outcome } from '../../core/outcome.js';
import { NonRetryableError, RetryAfterError } from '../../core/run-errors.js';
import type { AbortKind } from '../runner-event.js';

/** Why and with what a run's signal aborted. */
export interface Abort {
  readonly kind: AbortKind;
  /** The signal's reason. */
  readonly error: Error;
}

const COMPLETED: Outcome = { kind: 'completed' };

/** What a run that returned `value` comes to; the result itself is encoded elsewhere. */
export function outcomeOfReturn(value: unknown, abort: Abort | undefined): Outcome {
  // A run that overran its time has failed, even if it got there in the end: its successor may be promised already.
  if (abort?.kind === 'timeout') return timedOut(abort);
  if (value === undefined) return COMPLETED;
  return isInstance(value, Snooze) ? { kind: 'snoozed', delay: value.delay } : COMPLETED;
}

/**
 * What a run that threw comes to. After an abort the throw is the answer to it, whatever was thrown.
 *
 * @param chooseDelay asks the job's custom backoff, if it has one
 */
export function outcomeOfThrow(
  thrown: unknown,
  abort: Abort | undefined,
  chooseDelay: () => number | undefined,
): Outcome {
  switch (abort?.kind) {
    case 'cancelled':
      return { kind: 'cancelled', reason: abort.error.message };
    case 'shutdown':
    case 'lost':
      return { kind: 'released' };
    case 'timeout':
      return timedOut(abort);
    case undefined:
      return failed(thrown, chooseDelay);
  }
}

/** What a run that ignored the end of its time comes to. */
export function timedOut(abort: Abort): Outcome {
  return { kind: 'failed', failure: describeFailure(abort.error) };
}

function failed(thrown: unknown, chooseDelay: () => number | undefined): Outcome {
  const failure = describeFailure(thrown);
  if (isInstance(thrown, NonRetryableError)) return { kind: 'failed', failure, final: 'non-retryable' };
  const delay = isInstance(thrown, RetryAfterError) ? thrown.delay : chooseDelay();
  return delay === undefined ? { kind: 'failed', failure } : { kind: 'failed', failure, delay };
}

/** `instanceof` asks the value, and a proxy may answer by throwing. */
function isInstance<T>(value: unknown, of: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof of;
  } catch {
    return false;
  }
}
