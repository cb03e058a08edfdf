import { sleep } from '../core/clock.js';
import type { RunnerInfo } from '../storage/claims.js';
import type { Signal } from '../storage/signal.js';
import { Deaths } from './deaths.js';
import type { Events } from './events.js';
import { Pruner } from './maintenance/pruner.js';
import { Rescuer } from './maintenance/rescuer.js';
import { inProgram } from './run-scope.js';
import type { RunningJob } from './running-job.js';
import type { RunnerSettings } from './runner-options.js';
import { Scheduler } from './scheduler/scheduler.js';
import { StorageLink } from './storage-link.js';
import { Worker } from './worker/worker.js';

/** Milliseconds for the last writes of a runner that stops. */
const FLUSH = 2_000;

/** A runner between one start and the stop that follows: its parts, and the phases of its end. */
export class RunnerSession {
  readonly #settings: RunnerSettings;
  /** The very object that every beat sends. */
  readonly #info: { -readonly [Key in keyof RunnerInfo]: RunnerInfo[Key] };
  readonly #link: StorageLink;
  readonly #deaths: Deaths;
  readonly #worker: Worker;
  readonly #scheduler: Scheduler;
  readonly #rescuer: Rescuer;
  readonly #pruner: Pruner;
  readonly #hurry = new AbortController();
  #unsubscribe: (() => void) | undefined;

  constructor(settings: RunnerSettings, info: RunnerInfo, events: Events) {
    const { clock, chance, lease, maxStalls, createId } = settings;
    this.#settings = settings;
    this.#info = { ...info };
    const link = new StorageLink(settings.storage, clock, events);
    this.#link = link;
    this.#deaths = new Deaths({ link, events, handlers: settings.handlers, codec: settings.codec });
    this.#worker = new Worker(settings, this.#info, link, events, this.#deaths);
    this.#scheduler = new Scheduler({ link, clock, chance, events, createId });
    const onReady = () => this.#worker.wake();
    this.#rescuer = new Rescuer({
      link,
      clock,
      chance,
      events,
      lease,
      maxStalls,
      onReady,
      deaths: this.#deaths,
    });
    this.#pruner = new Pruner({ link, clock, chance });
  }

  get isHealthy(): boolean {
    return this.#link.isUp && !this.running().some(({ isStray }) => isStray);
  }

  start(): void {
    inProgram(() => {
      // Listening first: a signal between the first look and the listening would be missed.
      this.#unsubscribe = this.#settings.storage.subscribe((signal) => this.#hear(signal));
      this.#worker.start();
      this.#scheduler.start();
      this.#rescuer.start();
      this.#pruner.start();
    });
  }

  /** To be called when there are handlers of more names: all of those are asked for from now on, in these queues too. */
  add(queues: Readonly<Record<string, number>>): void {
    this.#info.names = [...this.#settings.handlers.keys()];
    this.#info.queues = { ...this.#info.queues, ...queues };
    inProgram(() => this.#worker.add(queues));
  }

  /** Cuts the grace short. */
  hurry(): void {
    this.#hurry.abort();
  }

  async stop(): Promise<void> {
    const { grace, abortGrace } = this.#settings;
    this.#pruner.stop();
    this.#rescuer.stop();
    this.#scheduler.stop();
    this.#worker.stopClaiming();
    await this.#within(grace, this.#worker.whenIdle(), this.#hurry.signal);
    this.#worker.abortRunning();
    await this.#within(abortGrace, this.#worker.whenIdle());
    this.#worker.abandonRunning();
    await this.#within(FLUSH, this.#leave());
    this.#worker.stop();
    this.#unsubscribe?.();
    this.#link.close();
  }

  running(): readonly RunningJob[] {
    const now = this.#settings.clock.monotonic();
    return this.#worker
      .running()
      .map((execution) => ({
        ...execution.reference,
        runningFor: now - execution.since,
        ...(execution.abort ? { abortedBy: execution.abort.kind } : {}),
        isStray: execution.isSettled,
      }))
      .toSorted((a, b) => b.runningFor - a.runningFor);
  }

  #hear(signal: Signal): void {
    // Or all that the runner ever does would belong to the request that queued this job.
    inProgram(() => {
      if (signal.kind === 'schedule') this.#scheduler.wake();
      else this.#worker.hear(signal);
    });
  }

  async #leave(): Promise<void> {
    await this.#worker.whenRecorded();
    // A beat after this would bring the runner back.
    this.#worker.stop();
    await this.#link.call('stop', (storage) => storage.leave(this.#info.id)).catch(() => {});
    await this.#deaths.whenQuiet();
  }

  /** Waits for the end of `work`, but no longer than that and not past an abort. */
  async #within(length: number, work: Promise<void>, signal?: AbortSignal): Promise<void> {
    const over = new AbortController();
    signal?.addEventListener('abort', () => over.abort(), { once: true });
    if (signal?.aborted) return;
    void work.then(() => over.abort());
    await sleep(this.#settings.clock, length, over.signal);
  }
}
