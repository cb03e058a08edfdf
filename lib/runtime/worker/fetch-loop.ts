import type { Chance, Clock } from '../../core/clock.js';
import type { Completed, Popped, PopRequest, QueueDemand, RunnerInfo } from '../../storage/claims.js';
import { DeadlineTimer } from '../../core/deadline-timer.js';
import { RetryDelay } from '../retry-delay.js';
import type { Service } from '../service.js';
import type { StorageLink } from '../storage-link.js';
import type { Floor } from './floor.js';
import type { Leases } from './leases.js';
import type { Outbox, RunEnd } from './outbox.js';
import type { PrefetchWatch } from './prefetch-watch.js';
import type { Slots } from './slots.js';

const SETTLED = Promise.resolve();

export interface FetchLoopOptions {
  readonly link: StorageLink;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly floor: Floor;
  readonly leases: Leases;
  readonly outbox: Outbox;
  /** By queue; more may come. */
  readonly slots: ReadonlyMap<string, Slots>;
  readonly waits: PrefetchWatch;
  /** Who asks, and for what names. */
  readonly runner: RunnerInfo;
  /** Milliseconds. */
  readonly lease: number;
  /** Milliseconds. */
  readonly pollInterval: number;
}

/**
 * Carries ends of runs to the storage and claimed jobs back, for all queues of the process, one call at a time.
 * While a call is under way the next batch gathers; when none is, the ends of one turn go together at once.
 */
export class FetchLoop implements Service {
  readonly #options: FetchLoopOptions;
  readonly #timer: DeadlineTimer;
  readonly #retry: RetryDelay;
  readonly #turnSoon = () => this.#turn();
  readonly #beginSoon = () => this.#options.floor.begin();
  #isRunning = false;
  #isClaiming = false;
  #isBusy = false;
  #isTurnDue = false;
  /** A signal came: the answer under way may not know of it. */
  #isNews = false;
  /** Monotonic: a pop before this would find nothing, as far as is known. */
  #popAt = 0;
  #retryAt = 0;
  #vain = 0;
  #onQuiet: (() => void) | undefined;

  constructor(options: FetchLoopOptions) {
    this.#options = options;
    this.#retry = new RetryDelay(options.chance);
    this.#timer = new DeadlineTimer(options.clock, () => {
      this.#turn();
      return Infinity;
    });
  }

  start(): void {
    this.#isRunning = true;
    this.#isClaiming = true;
    this.#turn();
  }

  /** Claims nothing more; ends of runs are still recorded. */
  stopClaiming(): void {
    this.#isClaiming = false;
  }

  stop(): void {
    this.#isRunning = false;
    this.#timer.stop();
  }

  /** Jobs may be ready. */
  wake(): void {
    this.#isNews = true;
    this.#popAt = 0;
    if (this.#isTurnDue || this.#isBusy || !this.#isRunning) return;
    this.#isTurnDue = true;
    // Not within the caller's own call, but before the event loop turns: somebody waits for this job. Not queueMicrotask:
    // the fake timers of a test may have taken it.
    void SETTLED.then(this.#turnSoon);
  }

  /** A run has ended. Others that end in the same turn share the call. */
  soon(): void {
    if (this.#isTurnDue || this.#isBusy || !this.#isRunning) return;
    this.#isTurnDue = true;
    this.#options.clock.soon(this.#turnSoon);
  }

  /** Resolves when every end is recorded and no call is under way. */
  whenQuiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
      this.#retryAt = 0;
      this.soon();
    });
  }

  #turn(): void {
    this.#isTurnDue = false;
    if (!this.#isRunning || this.#isBusy) return;
    const { clock, leases, outbox } = this.#options;
    leases.check();
    const now = clock.monotonic();
    if (now < this.#retryAt) return this.#timer.cover(this.#retryAt);
    const request = this.#request('demand');
    if (outbox.size > 0) return void this.#exchange(outbox.take(), request, now);
    if (request === undefined) {
      if (leases.size === 0) this.#onQuiet?.();
      return;
    }
    if (now < this.#popAt) return this.#timer.cover(this.#popAt);
    void this.#exchange(undefined, request, now);
  }

  #request(wanted: 'demand' | 'demandAhead'): PopRequest | undefined {
    if (!this.#isClaiming) return undefined;
    const { runner, lease, slots } = this.#options;
    const queues: QueueDemand[] = [];
    for (const place of slots.values()) {
      const limit = place[wanted];
      if (limit > 0) queues.push({ queue: place.queue, limit });
    }
    return queues.length === 0 ? undefined : { runner: runner.id, lease, names: runner.names, queues };
  }

  async #exchange(
    batch: readonly RunEnd[] | undefined,
    request: PopRequest | undefined,
    sentAt: number,
  ): Promise<void> {
    const { floor, outbox, clock } = this.#options;
    this.#isBusy = true;
    this.#isNews = false;
    const answer = await this.#call(batch, request);
    this.#isBusy = false;
    if (answer === undefined) {
      if (batch) outbox.failed(batch);
      this.#retryAt = clock.monotonic() + this.#retry.next();
    } else {
      this.#retry.reset();
      if (batch) outbox.succeeded();
      if (batch) floor.recorded(batch, answer.results);
      if (answer.popped) this.#claimed(answer.popped, sentAt);
      // A driver may hand a call over to the socket only when this turn ends, and short runs would keep it from ending.
      if (answer.popped?.nextIn === 0 && this.#askAhead()) return clock.soon(this.#beginSoon);
    }
    floor.begin();
    this.soon();
  }

  /** More are due than came: the next are on their way while these run, along with the ends of those before. */
  #askAhead(): boolean {
    if (!this.#isRunning) return false;
    const request = this.#request('demandAhead');
    if (request === undefined) return false;
    const { outbox, clock } = this.#options;
    void this.#exchange(outbox.size > 0 ? outbox.take() : undefined, request, clock.monotonic());
    return true;
  }

  async #call(
    batch: readonly RunEnd[] | undefined,
    request: PopRequest | undefined,
  ): Promise<Completed | undefined> {
    const { link } = this.#options;
    const late = ({ popped }: Completed) => this.#returnLate(popped);
    try {
      if (batch) return await link.call('fetch', (s) => s.complete(batch, request), { late });
      if (!request) return undefined;
      const pop = async (s: StorageLink['storage']) => ({ results: [], popped: await s.pop(request) });
      return await link.call('fetch', pop, { late });
    } catch {
      return undefined;
    }
  }

  #claimed({ jobs, nextIn }: Popped, sentAt: number): void {
    const { floor, waits, clock } = this.#options;
    if (!this.#isNews) this.#popAt = clock.monotonic() + this.#pause(jobs.length, nextIn);
    if (jobs.length === 0) return;
    floor.claim(jobs, sentAt);
    waits.look();
  }

  /** Milliseconds until it is worth to look again. */
  #pause(found: number, nextIn = Infinity): number {
    const { pollInterval, chance } = this.#options;
    const pause = Math.min(nextIn, pollInterval * (0.75 + chance.random() / 2));
    if (found > 0) {
      this.#vain = 0;
      return pause;
    }
    // Something is said to be due and yet nothing comes: asking faster and faster would not help.
    this.#vain = nextIn < 1 ? this.#vain + 1 : 0;
    return this.#vain === 0 ? pause : Math.max(pause, Math.min(2 ** this.#vain, pollInterval));
  }

  /** Nobody here counted on these jobs any more. Should this fail, their leases run out. */
  #returnLate(popped: Popped | undefined): void {
    if (popped === undefined || popped.jobs.length === 0) return;
    this.#options.link.storage.release(popped.jobs).catch(() => {});
  }
}
