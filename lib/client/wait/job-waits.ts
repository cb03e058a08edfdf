import type { Clock } from '../../core/clock.js';
import { DeadlineTimer } from '../../core/deadline-timer.js';
import { parseDuration, type Duration } from '../../core/duration.js';
import { InvalidOptionError, StorageClosedError, StorageUnavailableError } from '../../core/errors.js';
import type { JobRecord } from '../../core/job.js';
import { decodeResult } from '../../core/job-result.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { JobCancelledError } from '../../core/run-errors.js';
import { JobDeadError, JobUnknownError, ResultLostError, WaitTimeoutError } from '../../core/wait-errors.js';
import type { Storage } from '../../storage/storage.js';
import type { EndNews } from './end-news.js';

/** How long to wait for a job. @publicApi */
export interface WaitOptions {
  /** Rejects with `WaitTimeoutError` after that, which must be longer than 0. @default without end */
  readonly timeout?: Duration;
  /** Rejects with its reason when it aborts. The job goes on. */
  readonly signal?: AbortSignal;
}

/** Milliseconds between two looks at a job: short at first, since most that somebody waits for are short. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 1_000;
const GROWTH = 1.5;
/** What would be looked at soon is looked at along with the others: so much of its pause early. */
const EARLY = 1 / 4;
const IDS_AT_ONCE = 1_000;

/** One caller that waits for one job. */
interface Wait {
  readonly id: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** Monotonic. */
  readonly deadline: number;
  nextAt: number;
  pause: number;
  /** Its job was there at the last look. */
  wasThere: boolean;
  /** Ends the wait, once. */
  readonly settle: (settled: Settled) => void;
}

type Settled = { readonly value: unknown } | { readonly error: unknown };

/**
 * Everybody of one handle who waits for a job to end. One call asks the storage for all jobs whose turn it is, one call at a
 * time; news of this process saves the wait until the next. Without anybody who waits there is no timer.
 */
export class JobWaits {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #news: EndNews | undefined;
  readonly #waits = new Set<Wait>();
  readonly #timer: DeadlineTimer;
  #isLooking = false;
  #isTurnDue = false;
  #stopListening: (() => void) | undefined;

  constructor(storage: Storage, clock: Clock, news: EndNews | undefined) {
    this.#storage = storage;
    this.#clock = clock;
    this.#news = news;
    this.#timer = new DeadlineTimer(clock, (now) => this.#pass(now));
  }

  /** Resolves with the job's result. */
  async wait(id: string, options: WaitOptions = {}): Promise<unknown> {
    const timeout = parseWait(options, 'wait()');
    const { signal } = options;
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const onAbort = () => wait.settle({ error: signal?.reason });
      const now = this.#clock.monotonic();
      const wait: Wait = {
        id,
        timeout,
        deadline: now + timeout,
        nextAt: now,
        pause: FIRST_PAUSE,
        wasThere: false,
        settle: (settled) => {
          if (!this.#waits.delete(wait)) return;
          signal?.removeEventListener('abort', onAbort);
          if (this.#waits.size === 0) this.#rest();
          if ('value' in settled) resolve(settled.value);
          // oxlint-disable-next-line prefer-promise-reject-errors -- a signal's reason is whatever its owner says
          else reject(settled.error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#begin(wait);
    });
  }

  /** The job has ended, as far as this process knows. */
  ended(id: string): void {
    const now = this.#clock.monotonic();
    for (const wait of this.#waits) {
      if (wait.id !== id) continue;
      wait.nextAt = now;
      this.#soon();
    }
  }

  #begin(wait: Wait): void {
    this.#waits.add(wait);
    this.#soon();
    this.#stopListening ??= this.#news?.subscribe({
      ended: (id) => this.ended(id),
      closed: () => this.#close(),
    });
    // It may have said at once that there will be no news any more.
    if (this.#waits.size === 0) this.#rest();
  }

  /** All that is begun or heard in one turn shares one look. */
  #soon(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#clock.soon(() => {
      this.#isTurnDue = false;
      this.#timer.cover(this.#pass(this.#clock.monotonic()));
    });
  }

  #close(): void {
    for (const wait of this.#waits) {
      wait.settle({
        error: new StorageClosedError(`The application closed while somebody waited for job ${wait.id}`),
      });
    }
  }

  #rest(): void {
    this.#timer.stop();
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #pass(now: number): number {
    if (!this.#isLooking) {
      const due = [...this.#waits].filter((wait) => wait.nextAt - wait.pause * EARLY <= now);
      const ids = new Set(due.map(({ id }) => id).slice(0, IDS_AT_ONCE));
      if (ids.size > 0) void this.#look(ids, now);
    }
    for (const wait of this.#waits) {
      if (wait.deadline <= now) wait.settle({ error: new WaitTimeoutError(wait.id, wait.timeout) });
    }
    return this.#next();
  }

  /** When there is something to do: `Infinity` when nobody waits. */
  #next(): number {
    let next = Infinity;
    for (const { nextAt, deadline } of this.#waits) {
      if (!this.#isLooking && nextAt < next) next = nextAt;
      if (deadline < next) next = deadline;
    }
    return next;
  }

  async #look(ids: ReadonlySet<string>, now: number): Promise<void> {
    this.#isLooking = true;
    const looked = [...this.#waits].filter(({ id }) => ids.has(id));
    for (const wait of looked) {
      // Before the call: news that comes while it is under way brings the next look forward again.
      wait.nextAt = now + wait.pause;
      wait.pause = Math.min(LONGEST_PAUSE, wait.pause * GROWTH);
    }
    const asked = [...ids];
    try {
      const records = await this.#storage.info(asked);
      const byId = new Map(asked.map((id, index) => [id, records[index]]));
      for (const wait of looked) this.#answer(wait, byId.get(wait.id));
    } catch (error) {
      for (const wait of looked) this.#noAnswer(wait, error);
    }
    this.#isLooking = false;
    this.#timer.cover(this.#next());
  }

  #answer(wait: Wait, record: JobRecord | undefined): void {
    const settled =
      record === undefined ? { error: new JobUnknownError(wait.id, wait.wasThere) } : endOf(record);
    wait.wasThere = true;
    if (settled !== undefined) wait.settle(settled);
  }

  /** An outage tells nothing of the job. What is no outage would be no better next time. */
  #noAnswer(wait: Wait, error: unknown): void {
    if (!(error instanceof StorageUnavailableError)) wait.settle({ error });
  }
}

/** Milliseconds; `Infinity` without a timeout. Throws `InvalidOptionError`. */
export function parseWait(options: WaitOptions, where: string): number {
  checkKnownOptions(options, ['timeout', 'signal'], where);
  if (options.timeout === undefined) return Infinity;
  const timeout = parseDuration(options.timeout, `${where}: timeout`);
  if (timeout > 0) return timeout;
  throw new InvalidOptionError(
    `${where}: timeout must be longer than 0; info(id) tells how the job stands now`,
  );
}

/** What waiting for the job comes to; `undefined` while it has not ended. */
function endOf({ id, state, result, reason, failures, cancelReason }: JobRecord): Settled | undefined {
  switch (state) {
    case 'completed': {
      const decoded = decodeResult(result);
      return 'problem' in decoded ? { error: new ResultLostError(id, decoded.problem) } : decoded;
    }
    case 'dead':
      return { error: new JobDeadError(id, reason ?? 'retries-exhausted', failures.at(-1)) };
    case 'cancelled':
      return { error: new JobCancelledError(cancelReason ?? `Job ${id} was cancelled`) };
    case 'blocked':
    case 'scheduled':
    case 'ready':
    case 'running':
    case 'retrying':
      return undefined;
  }
}
