import type { Beat, BeatAnswer, LiveRunner, ProgressReport, RunnerInfo } from '../../storage/claims.js';
import { encodeToken } from './jobs/job-record.js';
import { scriptOf } from './connection/redis-connection.js';
import { BEAT, LEAVE, LIVE, PROGRESS } from './runner-table.lua.js';
import type { ScriptRunner } from './connection/script-runner.js';

const scripts = {
  beat: scriptOf(BEAT),
  progress: scriptOf(PROGRESS),
  leave: scriptOf(LEAVE),
  live: scriptOf(LIVE),
};

/** The runners, and what they say of themselves and their runs. */
export class RunnerTable {
  readonly #runner: ScriptRunner;
  #beats = 0;

  constructor(runner: ScriptRunner) {
    this.#runner = runner;
  }

  async beat({ runner, lease, leases }: Beat): Promise<BeatAnswer> {
    const [lost, flat] = await this.#runner.run<[lost: string[], cancelled: string[]]>(scripts.beat, () => [
      ...[runner.id, JSON.stringify(runner), String(lease), `b${(this.#beats++).toString(36)}`],
      ...leases.flatMap(({ id, token }) => [id, encodeToken(token)]),
    ]);
    const cancelled: { id: string; reason: string }[] = [];
    for (let nth = 0; nth < flat.length; nth += 2) {
      cancelled.push({ id: flat[nth] ?? '', reason: flat[nth + 1] ?? '' });
    }
    return { lost, cancelled };
  }

  async progress(reports: readonly ProgressReport[]): Promise<void> {
    if (reports.length === 0) return;
    await this.#runner.run(scripts.progress, () =>
      reports.flatMap(({ lease, progress }) => [lease.id, String(lease.token), progress]),
    );
  }

  async leave(runner: string): Promise<void> {
    await this.#runner.run(scripts.leave, () => [runner]);
  }

  async live(): Promise<LiveRunner[]> {
    const [flat, holders] = await this.#runner.run<[runners: string[], holders: (string | number)[]]>(
      scripts.live,
      () => [],
    );
    const running = new Map<string, number>();
    for (let nth = 0; nth < holders.length; nth += 2) {
      const holder = String(holders[nth]);
      running.set(holder, (running.get(holder) ?? 0) + Number(holders[nth + 1]));
    }
    const runners: LiveRunner[] = [];
    for (let nth = 0; nth < flat.length; nth += 2) {
      const [id = '', text = ''] = [flat[nth], flat[nth + 1]];
      const info = JSON.parse(text.slice(13)) as RunnerInfo;
      runners.push({ ...info, beatAt: Number(text.slice(0, 13)), running: running.get(id) ?? 0 });
    }
    return runners.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }
}
