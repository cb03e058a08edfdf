import type { RunnerInfo } from '../storage/claims.js';
import { Events } from './events.js';
import type { RunningJob } from './running-job.js';
import {
  extendSettings,
  resolveRunnerOptions,
  type MoreWork,
  type RunnerOptions,
  type RunnerSettings,
} from './runner-options.js';
import { RunnerSession } from './runner-session.js';

export type { MoreWork, RunnerOptions } from './runner-options.js';

/**
 * Runs the jobs of one process: claims them, runs them, keeps their leases, records their ends; finds those of
 * runners that died; makes the jobs of schedules. Several runners on one storage share the work.
 * @publicApi
 */
export class Runner {
  /** Random, so that a restarted process is never taken for its predecessor. */
  readonly id: string;
  #settings: RunnerSettings;
  readonly #events: Events;
  #session: RunnerSession | undefined;
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  /** Throws `InvalidOptionError` or `DuplicateJobError`. */
  constructor(options: RunnerOptions) {
    this.#settings = resolveRunnerOptions(options);
    this.#events = new Events(options.onEvent, options.hears);
    this.id = this.#settings.createId();
  }

  /** Resolves once jobs are being fetched. Repeating it changes nothing; while stopping, it starts again afterwards. */
  start(): Promise<void> {
    this.#started ??= this.#begin(this.#stopped);
    this.#stopped = undefined;
    return this.#started;
  }

  /**
   * Claims nothing more, lets what runs end for `grace`, then aborts it, and after `abortGrace` gives the rest
   * back uncharged. Resolves at the latest 2 s after that, even when the storage does not answer. Repeating it
   * returns the same promise, and with `now` cuts the grace short. Never rejects.
   */
  stop({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    this.#stopped ??= this.#end(this.#started);
    this.#started = undefined;
    if (now) this.#session?.hurry();
    return this.#stopped;
  }

  /**
   * Takes jobs of further names too, at once where it runs already, and works on further queues; of a queue that it works on the slots
   * stay as they are. Throws `InvalidOptionError`, or `DuplicateJobError` for a name that has a handler, and then changes nothing.
   */
  add(work: MoreWork): void {
    const [settings, newQueues] = extendSettings(this.#settings, work);
    this.#settings = settings;
    this.#session?.add(newQueues);
  }

  /** Jobs are being fetched. */
  get isRunning(): boolean {
    return this.#session !== undefined && this.#stopped === undefined;
  }

  /** Running, the storage answers, and no code is stuck after its signal aborted. */
  get isHealthy(): boolean {
    return this.isRunning && this.#session?.isHealthy === true;
  }

  /** All code at work now, the longest running first. */
  running(): readonly RunningJob[] {
    return this.#session?.running() ?? [];
  }

  async #begin(stopped: Promise<void> | undefined): Promise<void> {
    await stopped;
    const session = new RunnerSession(this.#settings, this.#info(), this.#events);
    try {
      session.start();
      this.#session = session;
    } catch (error) {
      // A failed start leaves nothing behind, and may be tried again.
      this.#started = undefined;
      throw error;
    }
  }

  async #end(started: Promise<void> | undefined): Promise<void> {
    await started?.catch(() => {});
    if (started === undefined || this.#session === undefined) return;
    await this.#session.stop();
    this.#session = undefined;
  }

  #info(): RunnerInfo {
    const { clock, queues, handlers, info } = this.#settings;
    return { id: this.id, ...info, startedAt: clock.now(), queues, names: [...handlers.keys()] };
  }
}
