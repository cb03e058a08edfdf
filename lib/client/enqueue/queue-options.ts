import type { Backoff } from '../../core/backoff.js';
import type { Duration } from '../../core/duration.js';
import type { KeepOptions } from '../../core/keep.js';
import type { MaxRetries } from '../../core/max-retries.js';
import type { OrderOption } from '../../core/order-options.js';
import type { DebounceOptions, ThrottleOptions, UniqueOptions } from '../../core/unique-options.js';
import type { WaitOptions } from '../wait/job-waits.js';
import type { Storage, TransactionOf } from '../../storage/storage.js';

/**
 * Options of one enqueue. They win over the job class's, which win over the module's `defaults`.
 * @publicApi
 */
export interface QueueOptions<S extends Storage = Storage> {
  /** Queueing the same id again stores nothing and reports a duplicate. @default a new UUIDv7 */
  readonly id?: string;
  readonly queue?: string;
  /** Not before this long from now. */
  readonly delay?: Duration;
  /** Not before this time; a past one means now. */
  readonly runAt?: Date;
  /** Whole number, lower runs first. */
  readonly priority?: number;
  readonly maxRetries?: MaxRetries;
  readonly backoff?: Backoff;
  readonly timeout?: Duration;
  readonly unique?: UniqueOptions;
  /** Instead of `unique` and of `delay`: one job for a burst of them, `delay` after the last. */
  readonly debounce?: DebounceOptions;
  /** Instead of `unique`: one job per `every`. */
  readonly throttle?: ThrottleOptions;
  readonly group?: string;
  readonly order?: OrderOption;
  /** A job nobody took in this time is `dead: expired`. Must be longer than the delay. */
  readonly expiresIn?: Duration;
  readonly keep?: KeepOptions;
  /**
   * The caller's own running transaction, to be joined: rolled back means never queued. Needs the capability
   * `transactions`. What it may be follows from the storage where that is named: `QueueHandle<PostgresStorage>`. `false`: joins
   * none, also where the module's option `transactions` would find one.
   */
  readonly transaction?: TransactionOf<S> | false;
  /** A JSON value for people and tools: trace ids, who asked. The run finds it as `context.meta`. */
  readonly meta?: unknown;
}

/** Options of `queueAndWait`. @publicApi */
export interface QueueAndWaitOptions<S extends Storage = Storage> extends Omit<
  QueueOptions<S>,
  'transaction'
> {
  /** How long to wait; `timeout` beside it is that of the run. */
  readonly wait?: WaitOptions;
}

/** Options of a whole batch: an id belongs to one job. @publicApi */
export type BatchOptions<S extends Storage = Storage> = Omit<QueueOptions<S>, 'id'>;

/** Options of `schedule`, which names the time itself. @publicApi */
export type ScheduleOptions<S extends Storage = Storage> = Omit<QueueOptions<S>, 'delay' | 'runAt'>;

export const QUEUE_OPTIONS: readonly (keyof QueueOptions)[] = [
  'id',
  'queue',
  'delay',
  'runAt',
  'priority',
  'maxRetries',
  'backoff',
  'timeout',
  'unique',
  'debounce',
  'throttle',
  'group',
  'order',
  'expiresIn',
  'keep',
  'transaction',
  'meta',
];
