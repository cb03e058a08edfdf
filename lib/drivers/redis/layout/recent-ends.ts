import type { Ended, QueueStats } from '../../../storage/inspection.js';
import type { Lanes } from '../jobs/lanes.js';
import { pairsOf } from '../connection/pairs-of.js';

type Recent = NonNullable<QueueStats['recent']>;
type Counting = Record<keyof Recent, { completed: number; failed: number }>;

const NONE: Ended = { completed: 0, failed: 0 };

export const NOTHING_OF_LATE: Recent = { hour: NONE, day: NONE, month: NONE };

/** Adds up, by queue, the steps that are not over: named by unit, their fields what was counted in which lane. */
export function recentOf(
  steps: readonly (readonly [key: string, counts: readonly string[]])[],
  lanes: Lanes,
): ReadonlyMap<string, Recent> {
  const byQueue = new Map<string, Counting>();
  for (const [key, counts] of steps) {
    const unit = key.split(':')[1] as keyof Recent;
    for (const [field, number] of pairsOf(counts)) {
      const [what = '', lane = ''] = field.split(':');
      const { queue } = lanes.byNumber(lane);
      let counting = byQueue.get(queue);
      if (counting === undefined) byQueue.set(queue, (counting = newCounting()));
      counting[unit][what as keyof Ended] += Number(number);
    }
  }
  return byQueue;
}

function newCounting(): Counting {
  return { hour: { ...NONE }, day: { ...NONE }, month: { ...NONE } };
}
