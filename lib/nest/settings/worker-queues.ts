import { DEFAULT_QUEUE } from '../../client/enqueue/job-preparer.js';
import type { JobDefinition } from '../../core/job-definition.js';
import type { JobsSettings } from './jobs-settings.js';
import { DEFAULT_CONCURRENCY } from './worker-options.js';

/** Which queues this process works on. */
export interface WorkerQueues {
  /** Slots by queue. */
  readonly queues: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/** Reads `workers`, or what the jobs say when it was left out. */
export function chooseQueues(
  settings: JobsSettings,
  definitions: readonly JobDefinition<object, never>[],
): WorkerQueues {
  const named = new Set<string>();
  const warnings: string[] = [];
  for (const { name, options } of definitions) {
    const queue = options.queue ?? settings.defaults.queue ?? DEFAULT_QUEUE;
    if (typeof queue === 'string') named.add(queue);
    else if (settings.workers === 'every') warnings.push(unknowable(name));
  }
  if (typeof settings.workers === 'object') {
    if (definitions.length === 0) warnings.push(NOTHING_TO_DO);
    return { queues: settings.workers, warnings };
  }
  const slots = [...named].toSorted().map((queue) => [queue, DEFAULT_CONCURRENCY]);
  return { queues: Object.fromEntries(slots) as Record<string, number>, warnings };
}

const NOTHING_TO_DO =
  'The workers have nothing to do: no module lists a class with @Job or @JobHandler among its providers';

function unknowable(name: string): string {
  return (
    `Job '${name}' chooses its queue by a function, so that no worker is known to be needed. ` +
    'Name the queues under workers: { queue: concurrency }'
  );
}
