import { ConsoleLogger, Logger, type LoggerService, type LogLevel } from '@nestjs/common';
import { JobContext } from '../../core/job-context.js';
import { apart } from '../../runtime/run-scope.js';
import { PatchedMethods } from '../container/patched-methods.js';
import { printable } from './printable.js';
import { logEvent, type LogEvent } from './log-event.js';
import { isSilent } from './silent-level.js';

/** Hears of lines that were written inside of runs. */
export interface LineListener {
  /** Whether anybody wants to know just now. */
  hears(): boolean;
  tell(event: LogEvent): void;
}

/**
 * Has what Nest's loggers write inside of runs say whose run it is: fields where a `ConsoleLogger` writes JSON, else a tag before the
 * message. Whichever logger the application has, or will have: what is patched is `Logger`, which all go through, and
 * `ConsoleLogger`, which is also injected by itself. Nothing is patched before the first run, or after the last application closed.
 */
export class LineTags {
  readonly #listener: LineListener;
  #isHolding = false;

  constructor(listener: LineListener) {
    this.#listener = listener;
  }

  /** The lines that are written from here on, in the same async context, are those of this run. */
  begin(job: JobContext): void {
    if (!this.#isHolding) hold();
    this.#isHolding = true;
    tagged.set(job, this.#listener);
  }

  /** To be called when no run begins any more. */
  end(): void {
    if (this.#isHolding) release();
    this.#isHolding = false;
  }
}

/** A logger whose lines are about jobs, and speak for themselves: they get no tag. */
export function untaggedLogger(context: string): Logger {
  const logger = new Logger(context);
  untagged.add(logger);
  return logger;
}

const LEVELS: readonly LogLevel[] = ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'];

const tagged = new WeakMap<JobContext, LineListener>();
const untagged = new WeakSet<object>();
const patched = new PatchedMethods();
let holders = 0;
/** Whose line a `ConsoleLogger` is about to write; `undefined`: nobody said, so that it is whoever calls. */
let writing: JobContext | 'nobody' | undefined;

function hold(): void {
  holders += 1;
  if (holders > 1) return;
  for (const level of LEVELS) {
    patched.patch(
      Logger.prototype,
      level,
      (original) =>
        function (this: unknown, ...values: unknown[]): unknown {
          return writeThrough(this as Logger, level, original, values);
        },
    );
    patched.patch(Logger, level, (original) => (...values) => {
      const [message, ...others] = values;
      if (callingRun() === undefined) return original.apply(Logger, values);
      return new Logger()[level](message, ...(others as string[]));
    });
  }
  patched.patch(
    ConsoleLogger.prototype,
    'formatContext',
    (original) =>
      function (this: unknown, ...values: unknown[]): unknown {
        const text = original.apply(this, values) as string;
        const job = runOfLine();
        return job === undefined ? text : `${text}${tagOf(job)} `;
      },
  );
  patched.patch(
    ConsoleLogger.prototype,
    'getJsonLogObject',
    (original) =>
      function (this: unknown, ...values: unknown[]): unknown {
        const fields = original.apply(this, values) as object;
        const job = runOfLine();
        if (job === undefined) return fields;
        const { id, name, attempt } = job;
        return { ...fields, job: { id, name, attempt } };
      },
  );
}

function release(): void {
  holders -= 1;
  if (holders === 0) patched.restore();
}

function writeThrough(
  logger: Logger,
  level: LogLevel,
  original: (...values: unknown[]) => unknown,
  values: readonly unknown[],
): void {
  if (untagged.has(logger)) {
    write('nobody', () => original.apply(logger, [...values]));
    return;
  }
  const job = callingRun();
  if (job === undefined) {
    original.apply(logger, [...values]);
    return;
  }
  tell(job, level, values[0], logger);
  // Nest may keep the call in its buffer until it knows the application's logger, when the run is over.
  const ofJob = Object.create(logger, {
    localInstance: { get: () => lineOf(job, level, logger.localInstance) },
  }) as Logger;
  original.apply(ofJob, [...values]);
}

/** A logger that writes one line of the run. `target` is `undefined` where the application has none. */
function lineOf(job: JobContext, level: LogLevel, target: LoggerService | undefined) {
  const call = (message: unknown, others: readonly unknown[]) =>
    (target as Partial<Record<LogLevel, (...values: readonly unknown[]) => void>> | undefined)?.[level]?.(
      message,
      ...others,
    );
  return {
    [level](message: unknown, ...others: readonly unknown[]): void {
      if (target instanceof ConsoleLogger || typeof message !== 'string')
        write(job, () => call(message, others));
      else write('nobody', () => call(`${tagOf(job)} ${message}`, others));
    },
  };
}

function write(whose: JobContext | 'nobody', call: () => unknown): void {
  const before = writing;
  writing = whose;
  try {
    call();
  } finally {
    writing = before;
  }
}

function runOfLine(): JobContext | undefined {
  if (writing === 'nobody') return undefined;
  return writing ?? callingRun();
}

/** The run that calls, if its lines are to be tagged. */
function callingRun(): JobContext | undefined {
  if (holders === 0) return undefined;
  const job = JobContext.current();
  return job !== undefined && tagged.has(job) ? job : undefined;
}

// Apart from the run, or what a listener logs would be a line of the run again, and again.
function tell(job: JobContext, level: LogLevel, message: unknown, logger: Logger): void {
  const listener = tagged.get(job);
  if (listener?.hears() !== true || isSilent(level)) return;
  const { context: source } = logger as unknown as { readonly context?: string };
  apart(() => listener.tell(logEvent(job, level, message, source)));
}

function tagOf({ name, id, attempt }: JobContext): string {
  return `[${printable(name)} ${printable(id)} ${attempt}]`;
}
