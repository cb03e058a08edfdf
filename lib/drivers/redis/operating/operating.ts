import { honourCancel } from '../../../core/settlement.js';
import type { CancelResult, JobChange, RemoveResult, RetryOptions } from '../../../storage/inspection.js';
import type { Decision } from '../settling/decisions.js';
import { encodePriority, policyOf } from '../jobs/job-record.js';
import type { Lane, Lanes } from '../jobs/lanes.js';
import { ASK, CHANGE, LANES_OF, PAUSE, PRUNE, REMOVE, RESUME, RETRY } from './operating.lua.js';
import type { Script } from '../connection/redis-client.js';
import { scriptOf } from '../connection/redis-connection.js';
import type { ScriptRunner } from '../connection/script-runner.js';
import type { Settling } from '../settling/settling.js';

const scripts = {
  ask: scriptOf(ASK),
  retry: scriptOf(RETRY),
  remove: scriptOf(REMOVE),
  lanesOf: scriptOf(LANES_OF),
  change: scriptOf(CHANGE),
  prune: scriptOf(PRUNE),
  pause: scriptOf(PAUSE),
  resume: scriptOf(RESUME),
};
const MOST_AT_ONCE = 1000;

/** What people do to single jobs and queues. */
export class Operating {
  readonly #runner: ScriptRunner;
  readonly #lanes: Lanes;
  readonly #settling: Settling;

  constructor(runner: ScriptRunner, lanes: Lanes, settling: Settling) {
    this.#runner = runner;
    this.#lanes = lanes;
    this.#settling = settling;
  }

  /** A job that a runner takes between the look and the write is asked to end where it runs. */
  async cancel(ids: readonly string[], reason: string): Promise<CancelResult[]> {
    const results: CancelResult[] = ids.map(() => 'unknown');
    let left = ids.map((id, nth) => ({ id, nth }));
    while (left.length > 0) {
      const some = left.slice(0, MOST_AT_ONCE);
      const answers = await this.#runner.run<(CancelResult | [body: string])[]>(scripts.ask, () => [
        reason,
        ...some.map(({ id }) => id),
      ]);
      const waiting = some.filter((_, nth) => Array.isArray(answers[nth]));
      const ended = await this.#settling.endWaiting(
        some.flatMap(({ id }, nth) => {
          const answer = answers[nth];
          return Array.isArray(answer) ? [endOf(id, policyOf(answer[0], this.#lanes), reason)] : [];
        }),
      );
      for (const [nth, one] of some.entries()) {
        const answer = answers[nth];
        if (answer !== undefined && !Array.isArray(answer)) results[one.nth] = answer;
      }
      for (const [nth, one] of waiting.entries()) if (ended[nth]) results[one.nth] = 'cancelled';
      left = [...waiting.filter((_, nth) => !ended[nth]), ...left.slice(MOST_AT_ONCE)];
    }
    return results;
  }

  async retry(ids: readonly string[], { queue, delay = 0 }: RetryOptions): Promise<boolean[]> {
    const own = [String(delay)];
    return this.#moveAll(ids, async (some) => this.#move(scripts.retry, own, queue, 'ended', some));
  }

  remove(ids: readonly string[]): Promise<RemoveResult[]> {
    return this.#inChunks(ids, (some) => this.#runner.run<RemoveResult[]>(scripts.remove, () => some));
  }

  async change(ids: readonly string[], { queue, priority, delay }: JobChange): Promise<boolean[]> {
    const own = [
      priority === undefined ? '' : encodePriority(priority),
      delay === undefined ? '' : String(delay),
    ];
    return this.#moveAll(ids, async (some) => this.#move(scripts.change, own, queue, 'waiting', some));
  }

  async prune(limit: number): Promise<number> {
    let pruned = 0;
    while (pruned < limit) {
      const some = Math.min(MOST_AT_ONCE, limit - pruned);
      const [count, isMore] = await this.#runner.run<[number, number]>(scripts.prune, () => [String(some)]);
      pruned += count;
      if (isMore === 0) break;
    }
    return pruned;
  }

  async pause(queue: string, reason: string): Promise<void> {
    await this.#runner.run(scripts.pause, () => [queue, reason]);
  }

  async resume(queue: string): Promise<void> {
    await this.#runner.run(scripts.resume, () => [queue]);
  }

  /** What a rival moved meanwhile is looked at again. */
  async #moveAll(
    ids: readonly string[],
    move: (some: readonly string[]) => Promise<number[]>,
  ): Promise<boolean[]> {
    const moved = ids.map(() => false);
    let left = ids.map((id, nth) => ({ id, nth }));
    while (left.length > 0) {
      const some = left.slice(0, MOST_AT_ONCE);
      const answers = await move(some.map(({ id }) => id));
      for (const [index, { nth }] of some.entries()) moved[nth] = answers[index] === 1;
      left = [...some.filter((_, index) => answers[index] === 2), ...left.slice(MOST_AT_ONCE)];
    }
    return moved;
  }

  /** Lanes are made for what is there to be moved. */
  async #move(
    script: Script,
    own: readonly string[],
    queue: string | undefined,
    which: 'waiting' | 'ended',
    ids: readonly string[],
  ): Promise<number[]> {
    const lanes = queue === undefined ? [] : await this.#lanesOf(which, ids);
    const moves = lanes.map((from) => ({ from, to: { queue: queue ?? '', name: from.name } }));
    const encode = () => [
      ...own,
      queue === undefined ? '' : `+${queue}`,
      String(moves.length),
      ...moves.flatMap(({ from, to }) => [this.#lanes.numberOf(from), this.#lanes.numberOf(to)]),
      ...ids,
    ];
    return this.#runner.run<number[]>(
      script,
      encode,
      moves.map(({ to }) => to),
    );
  }

  async #lanesOf(which: 'waiting' | 'ended', ids: readonly string[]): Promise<Lane[]> {
    const numbers = await this.#runner.run<string[]>(scripts.lanesOf, () => [which, ...ids]);
    return [...new Set(numbers)].flatMap((number) => (number === '' ? [] : this.#lanes.byNumber(number)));
  }

  async #inChunks<Answer>(
    ids: readonly string[],
    call: (some: readonly string[]) => Promise<Answer[]>,
  ): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
      answers.push(...(await call(ids.slice(start, start + MOST_AT_ONCE))));
    }
    return answers;
  }
}

function endOf(id: string, policy: string, cancelReason: string): Decision {
  const waiting = { state: 'ready', attempt: 0, stalls: 0 } as const;
  const settlement = honourCancel(waiting, { policy, cancelReason });
  return { guard: 'waiting', lease: { id, token: 0 }, settlement, keepsCounts: true };
}
