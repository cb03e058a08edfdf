import type { Beat, BeatAnswer, LiveRunner, ProgressReport, RunnerInfo } from '../../storage/claims.js';
import type { JobTable } from './job-table.js';
import { holds } from './settling.js';

interface Entry {
  readonly info: RunnerInfo;
  readonly beatAt: number;
  readonly until: number;
}

/** The runners and what they say of themselves and their runs. */
export class RunnerTable {
  readonly #runners = new Map<string, Entry>();
  readonly #jobs: JobTable;

  constructor(jobs: JobTable) {
    this.#jobs = jobs;
  }

  beat({ runner, lease, leases }: Beat, now: number): BeatAnswer {
    const until = now + lease;
    this.#runners.set(runner.id, { info: runner, beatAt: now, until });
    const lost: string[] = [];
    const cancelled: { id: string; reason: string }[] = [];
    for (const held of leases) {
      const job = this.#jobs.find(held.id);
      if (job === undefined || !holds(job, held)) {
        lost.push(held.id);
        continue;
      }
      this.#jobs.extend(job, until);
      const reason = job.extras?.cancelReason;
      if (reason !== undefined) cancelled.push({ id: job.id, reason });
    }
    return { lost, cancelled };
  }

  progress(reports: readonly ProgressReport[]): void {
    for (const { lease, progress } of reports) {
      const job = this.#jobs.find(lease.id);
      if (job !== undefined && holds(job, lease)) job.more().progress = progress;
    }
  }

  leave(runner: string): void {
    this.#runners.delete(runner);
  }

  live(now: number): LiveRunner[] {
    this.#forgetDead(now);
    const running = new Map<string, number>();
    for (const { runner = '' } of this.#jobs.leases.values()) {
      running.set(runner, (running.get(runner) ?? 0) + 1);
    }
    return [...this.#runners.values()].map(({ info, beatAt }) => ({
      ...info,
      beatAt,
      running: running.get(info.id) ?? 0,
    }));
  }

  #forgetDead(now: number): void {
    for (const [id, { until }] of this.#runners) if (until <= now) this.#runners.delete(id);
  }
}
