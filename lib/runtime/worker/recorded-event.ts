import type { Settlement } from '../../core/settlement.js';
import type { JobEvent } from '../runner-event.js';
import type { Execution } from './execution.js';

/** The kind of event that tells of a settlement. */
export const RECORDED_AS = {
  completed: 'completed',
  retrying: 'retrying',
  dead: 'dead',
  scheduled: 'snoozed',
  cancelled: 'cancelled',
  ready: 'released',
} as const satisfies Readonly<Record<Settlement['state'], JobEvent['kind']>>;

/** What to tell about an end that the storage has recorded. */
export function recordedEvent(execution: Execution, settlement: Settlement): JobEvent {
  const { reference: job, duration } = execution;
  switch (settlement.state) {
    case 'completed':
      return { kind: 'completed', job, duration };
    case 'retrying':
      return { kind: 'retrying', job, duration, failure: settlement.failure, delay: settlement.delay };
    case 'dead': {
      const { reason, failure } = settlement;
      return { kind: 'dead', job, duration, reason, ...(failure === undefined ? {} : { failure }) };
    }
    case 'scheduled':
      return { kind: 'snoozed', job, duration, delay: settlement.delay };
    case 'cancelled':
      return { kind: 'cancelled', job, duration, reason: settlement.cancelReason };
    case 'ready':
      return { kind: 'released', job };
  }
}
