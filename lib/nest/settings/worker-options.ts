import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { checkName } from '../../core/name.js';
import type { BackgroundJobsOptions, WorkerOptions } from '../background-jobs-options.js';

export const DEFAULT_CONCURRENCY = 10;
const MOST_CONCURRENCY = 1000;

/** Slots by queue. Throws `InvalidOptionError`. */
export function parseWorkers(
  workers: BackgroundJobsOptions['workers'],
): false | 'every' | Readonly<Record<string, number>> {
  if (workers === undefined) return 'every';
  if (workers === false) return false;
  if (typeof workers !== 'object' || workers === null || Array.isArray(workers)) {
    throw new InvalidOptionError(
      `workers: ${JSON.stringify(workers)} is neither false nor an object such as { default: 10 }`,
    );
  }
  const queues = Object.entries(workers);
  if (queues.length === 0) {
    throw new InvalidOptionError('workers: names no queue. Use false for a process that only enqueues');
  }
  return Object.fromEntries(queues.map(([queue, worker]) => [queue, parseWorker(queue, worker)]));
}

function parseWorker(queue: string, worker: number | WorkerOptions): number {
  checkName(queue, 'workers: the name of a queue');
  if (typeof worker === 'object' && worker !== null) {
    checkKnownOptions(worker, ['concurrency', 'onStuck'], `workers.${queue}`);
    checkOnStuck(worker.onStuck, queue);
  }
  // Of text, as environments have it, nothing but an error may come: a default would look as if it were obeyed.
  const asked: unknown = typeof worker === 'object' && worker !== null ? worker.concurrency : worker;
  const count = asked === undefined ? DEFAULT_CONCURRENCY : asked;
  if (typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= MOST_CONCURRENCY) {
    return count;
  }
  throw new InvalidOptionError(
    `workers.${queue}: ${typeof count === 'number' ? count : JSON.stringify(count)} is not a whole number from 1 to ${MOST_CONCURRENCY}`,
  );
}

/** The queues of which code that is stuck loses its slot. */
export function queuesThatRelease(workers: BackgroundJobsOptions['workers']): readonly string[] {
  return Object.entries(workers || {}).flatMap(([queue, worker]) =>
    typeof worker === 'object' && worker.onStuck === 'release' ? [queue] : [],
  );
}

function checkOnStuck(onStuck: unknown, queue: string): void {
  if (onStuck === undefined || onStuck === 'hold' || onStuck === 'release') return;
  throw new InvalidOptionError(
    `workers.${queue}: onStuck ${JSON.stringify(onStuck)} is neither 'hold' nor 'release'`,
  );
}
