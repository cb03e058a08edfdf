import type { GroupStats, QueueLimits } from '../../../storage/inspection.js';
import { GROUP, LIMIT, PAUSE_GROUP, RESUME_GROUP } from './governing.lua.js';
import { encodeLimits } from './queue-limits.js';
import { scriptOf } from '../connection/redis-connection.js';
import type { ScriptRunner } from '../connection/script-runner.js';

const scripts = {
  pause: scriptOf(PAUSE_GROUP),
  resume: scriptOf(RESUME_GROUP),
  limit: scriptOf(LIMIT),
  group: scriptOf(GROUP),
};

type GroupReply = [] | [waiting: number, running: number, again: number, paused: string | null];

/** What holds queues and their groups back. */
export class Governing {
  readonly #runner: ScriptRunner;

  constructor(runner: ScriptRunner) {
    this.#runner = runner;
  }

  async pause(queue: string, group: string, reason: string): Promise<void> {
    await this.#runner.run(scripts.pause, () => [queue, group, reason]);
  }

  async resume(queue: string, group: string): Promise<void> {
    await this.#runner.run(scripts.resume, () => [queue, group]);
  }

  async limit(queue: string, limits: QueueLimits | undefined): Promise<void> {
    await this.#runner.run(scripts.limit, () => [queue, limits === undefined ? '' : encodeLimits(limits)]);
  }

  async group(queue: string, group: string): Promise<GroupStats | undefined> {
    const reply = await this.#runner.run<GroupReply>(scripts.group, () => [queue, group]);
    if (reply.length === 0) return undefined;
    const [waiting, running, startsAgainAt, paused] = reply;
    return { waiting, running, ...pauseOf(paused), ...(startsAgainAt > 0 && { startsAgainAt }) };
  }
}

/** Thirteen digits of time, then the reason. */
export function pauseOf(text: string | null | undefined): Pick<GroupStats, 'paused'> {
  if (text === null || text === undefined) return {};
  return { paused: { at: Number(text.slice(0, 13)), reason: text.slice(13) } };
}
