import type { Failure } from '../../../core/job.js';
import type { Settlement } from '../../../core/settlement.js';
import { STATE } from '../schema/schema.js';
import { toStored } from '../connection/stored-text.js';

/** A settlement that ends its job. */
export type Ending = Settlement & { readonly keep: number | false };

/** A settlement after which the job waits again. */
export type Waiting = Exclude<Settlement, Ending>;

export function isEnding(settlement: Settlement): settlement is Ending {
  return 'keep' in settlement;
}

/** What a statement that ends jobs reads of one. */
export type EndingRequest = ReturnType<typeof endingRequest>;

/** An ending as the statement reads it. `was`: the state of the job that it was decided for. */
export function endingRequest(key: string, token: number, settlement: Ending, was: number, stalled = false) {
  const { state, attempt, stalls, keep } = settlement;
  return {
    ...{ key, token, was, state: STATE[state], attempt, stalls, stalled },
    ...(keep === false ? {} : { keep }),
    ...(settlement.state === 'completed' && settlement.result !== undefined
      ? { result: toStored(settlement.result) }
      : {}),
    ...(settlement.state === 'dead' ? { reason: settlement.reason } : {}),
    ...(settlement.state === 'cancelled' ? { cancel_reason: toStored(settlement.cancelReason) } : {}),
    ...failureOf(settlement, attempt),
  };
}

/** The same for a job that waits again. A job that is given back without a settlement keeps its counters. */
export function waitingRequest(key: string, token: number, settlement?: Waiting, stalled = false) {
  if (settlement === undefined) return { key, token, state: STATE.ready, stalled };
  const { attempt, stalls } = settlement;
  return {
    ...{ key, token, state: STATE[settlement.state], attempt, stalls, stalled },
    ...('delay' in settlement ? { delay: Math.ceil(settlement.delay) } : {}),
    ...failureOf(settlement, attempt),
  };
}

// JSON has no raw NUL and no lone surrogate: no need to make it storable.
function failureOf(settlement: Settlement, attempt: number): { readonly failure?: string } {
  const failure: Failure | undefined = 'failure' in settlement ? settlement.failure : undefined;
  return failure === undefined ? {} : { failure: JSON.stringify({ ...failure, attempt }) };
}
