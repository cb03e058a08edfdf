import type { JobContext } from '../../core/job-context.js';
import { Snooze } from '../../core/snooze.js';
import type { JobClass } from '../../core/job-definition.js';
import { NonRetryableError } from '../../core/run-errors.js';
import type { Duration } from '../../core/duration.js';
import { maxAttempts } from '../../core/max-retries.js';
import { parentsOf, type ParentJob, type ParentResults } from '../../core/parent-job.js';
import { decodeValue } from '../../core/payload.js';
import { decodePolicy } from '../../core/policy.js';
import { splitMeta } from '../../core/tick-mark.js';
import type { Execution } from './execution.js';

/**
 * What a run sees of its execution. Everything is made when it is asked for, since most runs ask for little.
 * The functions are bound, so that `const { progress, log } = context` works.
 */
export class RunContext implements JobContext {
  readonly #execution: Execution;

  constructor(execution: Execution) {
    this.#execution = execution;
  }

  get id(): string {
    return this.#execution.job.id;
  }

  get name(): string {
    return this.#execution.job.name;
  }

  get queue(): string {
    return this.#execution.job.queue;
  }

  get attempt(): number {
    return this.#execution.job.attempt + 1;
  }

  get maxAttempts(): number {
    return maxAttempts(decodePolicy(this.#execution.job.policy).maxRetries);
  }

  get enqueuedAt(): Date {
    return new Date(this.#execution.job.enqueuedAt);
  }

  get scheduledFor(): Date {
    const { runAt, meta } = this.#execution.job;
    return new Date(splitMeta(meta).mark?.tick ?? runAt);
  }

  get token(): number {
    return this.#execution.job.token;
  }

  get signal(): AbortSignal {
    return this.#execution.signal;
  }

  get meta(): unknown {
    return decodeValue(splitMeta(this.#execution.job.meta).meta);
  }

  get parents(): readonly ParentJob[] {
    return parentsOf(this.#execution.job.after ?? []);
  }

  results<const Parents extends readonly JobClass[]>(...classes: Parents): ParentResults<Parents> {
    const { parents } = this;
    if (parents.length >= classes.length)
      return classes.map((_, nth) => parents[nth]?.result) as unknown as ParentResults<Parents>;
    throw new NonRetryableError(
      `results() was asked for ${classes.length} parents; the job waited for ${parents.length}`,
    );
  }

  get progress(): (value: unknown) => void {
    return (value) => this.#execution.report(value);
  }

  get log(): (message: string) => void {
    return (message) => this.#execution.log(message);
  }

  get completeIn(): (transaction: unknown, result?: unknown) => Promise<void> {
    return (transaction, result) => this.#execution.completeIn(transaction, result);
  }

  get snooze(): (delay: Duration) => Snooze {
    return (delay) => new Snooze(delay);
  }
}
