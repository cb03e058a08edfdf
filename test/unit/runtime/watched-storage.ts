import type { Beat, Completion, PopRequest, ProgressReport } from '../../../lib/storage/claims.js';
import type { Lease } from '../../../lib/core/job.js';
import type { SignalListener } from '../../../lib/storage/signal.js';
import { MemoryStorage } from '../../../lib/drivers/memory/memory-storage.js';

export interface Call {
  readonly method: string;
  /** How many jobs or leases it was about. */
  readonly size: number;
}

/** What happens to a call: `before` its work and between the work and its answer. Throwing is an outage, waiting a hang. */
export interface Trouble {
  before?: (method: string, subject: unknown) => unknown;
  after?: (method: string) => unknown;
}

/** A memory storage that writes down how it is called and has troubles on demand. */
export class WatchedStorage extends MemoryStorage {
  readonly calls: Call[] = [];
  trouble: Trouble = {};

  /** Who listens now. */
  listeners = 0;

  override subscribe(listener: SignalListener) {
    const unsubscribe = super.subscribe(listener);
    this.listeners += 1;
    return () => {
      this.listeners -= 1;
      unsubscribe();
    };
  }

  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  override pop(request: PopRequest) {
    return this.#call('pop', request, 0, () => super.pop(request));
  }

  override complete(completions: readonly Completion[], next?: PopRequest, transaction?: undefined) {
    const complete = () => super.complete(completions, next, transaction);
    return this.#call('complete', completions, completions.length, complete);
  }

  override release(leases: readonly Lease[]) {
    return this.#call('release', leases, leases.length, () => super.release(leases));
  }

  override heartbeat(beat: Beat) {
    return this.#call('heartbeat', beat, beat.leases.length, () => super.heartbeat(beat));
  }

  override progress(reports: readonly ProgressReport[]) {
    return this.#call('progress', reports, reports.length, () => super.progress(reports));
  }

  override rescue(limit: number, maxStalls: number) {
    return this.#call('rescue', limit, limit, () => super.rescue(limit, maxStalls));
  }

  override prune(limit: number) {
    return this.#call('prune', limit, limit, () => super.prune(limit));
  }

  override leave(runner: string) {
    return this.#call('leave', runner, 0, () => super.leave(runner));
  }

  override dueSchedules(limit: number) {
    return this.#call('dueSchedules', limit, limit, () => super.dueSchedules(limit));
  }

  async #call<T>(method: string, subject: unknown, size: number, work: () => Promise<T>): Promise<T> {
    this.calls.push({ method, size });
    await this.trouble.before?.(method, subject);
    const answer = await work();
    await this.trouble.after?.(method);
    return answer;
  }
}

/** Never answers. */
export const silence = (): Promise<never> => new Promise(() => {});
