import type { JobContext } from '../../core/job-context.js';
import type { NewJob } from '../../storage/new-job.js';

/** Attributes of a span or of a measurement. */
export type Attributes = Readonly<Record<string, string | number>>;

// The names are those of the semantic conventions for messaging, which are still in development: `messaging.system` was renamed
// to `messaging.system.name`, and both are given. The package that lists them may break in minor versions.
const SYSTEM = 'nestjs_background_jobs';
const OURS = `messaging.${SYSTEM}`;

/** What belongs to an operation and is of few values: also for metrics. */
function operation(name: string, queue: string | undefined): Attributes {
  return {
    'messaging.system': SYSTEM,
    'messaging.system.name': SYSTEM,
    'messaging.operation.name': name,
    ...(queue === undefined ? {} : { 'messaging.destination.name': queue }),
  };
}

/** Of the write of one job or of many, which may be of several queues. */
export function enqueueOperation(jobs: readonly NewJob[]): Attributes {
  const queues = new Set(jobs.map(({ queue }) => queue));
  const [queue] = queues;
  return operation('enqueue', queues.size === 1 ? queue : undefined);
}

/** What a span of such a write tells besides. */
export function enqueueDetails(jobs: readonly NewJob[]): Attributes {
  const [first] = jobs;
  const type = { 'messaging.operation.type': 'send' };
  if (jobs.length !== 1 || first === undefined)
    return { ...type, 'messaging.batch.message_count': jobs.length };
  return { ...type, 'messaging.message.id': first.id, [`${OURS}.job.name`]: first.name };
}

/** Of a run. */
export function runOperation({ queue }: JobContext): Attributes {
  return operation('process', queue);
}

/** What the span of a run tells besides. */
export function runDetails({ id, name, attempt, maxAttempts }: JobContext): Attributes {
  return {
    'messaging.operation.type': 'process',
    'messaging.message.id': id,
    [`${OURS}.job.name`]: name,
    [`${OURS}.job.attempt`]: attempt,
    ...(Number.isFinite(maxAttempts) ? { [`${OURS}.job.max_attempts`]: maxAttempts } : {}),
  };
}

/** How a run ended, as its span tells it. */
export function outcomeDetails(outcome: string): Attributes {
  return { [`${OURS}.job.outcome`]: outcome };
}

/** `enqueue mail`, `process mail`. */
export function spanName(attributes: Attributes): string {
  const queue = attributes['messaging.destination.name'];
  const name = attributes['messaging.operation.name'];
  return queue === undefined ? String(name) : `${name} ${queue}`;
}
