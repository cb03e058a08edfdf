// oxlint-disable no-unnecessary-type-parameters -- ExecutionContext has them so
import type { ArgumentsHost, ExecutionContext, Type } from '@nestjs/common';
import type { JobContext } from '../../core/job-context.js';
import { InvalidJobError } from '../../core/errors.js';

/**
 * What guards, interceptors and filters get when a job runs: `getType()` is `'job'`, `getClass()` and `getHandler()` are
 * the class that runs the job and its `run`, so that `Reflector` works; `getArgs()` is the job and its `JobContext`.
 * @publicApi
 */
export class JobExecutionContext<J extends object = object> implements ExecutionContext {
  readonly #class: Type<unknown>;
  readonly #handler: Function; // oxlint-disable-line no-unsafe-function-type -- as ExecutionContext has it

  constructor(
    runBy: RunBy,
    /** As it was queued: what pipes make of it reaches `run` alone. */
    readonly job: J,
    readonly context: JobContext,
  ) {
    this.#class = runBy.class as Type<unknown>;
    this.#handler = runBy.method;
  }

  /**
   * The same, typed, for code that serves HTTP and other kinds as well: ask `getType<'job'>() === 'job'` first. Throws
   * `InvalidJobError` when it is no job that runs.
   */
  static from<J extends object = object>(host: ArgumentsHost): JobExecutionContext<J> {
    if (host instanceof JobExecutionContext) return host as JobExecutionContext<J>;
    throw new InvalidJobError(
      `JobExecutionContext.from(): this is the context of '${host.getType()}', not of a job. Ask getType() first`,
    );
  }

  getType<Kind extends string = 'job'>(): Kind {
    return 'job' as Kind;
  }

  getClass<T = unknown>(): Type<T> {
    return this.#class as Type<T>;
  }

  // oxlint-disable-next-line no-unsafe-function-type -- as ExecutionContext has it
  getHandler(): Function {
    return this.#handler;
  }

  getArgs<T extends unknown[] = [job: J, context: JobContext]>(): T {
    return [this.job, this.context] as unknown[] as T;
  }

  getArgByIndex<T = unknown>(index: number): T {
    return this.getArgs<unknown[]>()[index] as T;
  }

  switchToHttp(): never {
    throw notA('HTTP request');
  }

  switchToRpc(): never {
    throw notA('message');
  }

  switchToWs(): never {
    throw notA('WebSocket message');
  }
}

/** Who runs a job: a class, and the method of it. */
export interface RunBy {
  readonly class: object;
  readonly method: Function; // oxlint-disable-line no-unsafe-function-type -- whatever is named run
}

// What HTTP guards read of a request, such as its user, no job has: to go on with `undefined` might let it pass.
function notA(kind: string): InvalidJobError {
  return new InvalidJobError(
    `A job runs here, not a ${kind}: an enhancer for both asks context.getType() === 'job' first`,
  );
}
