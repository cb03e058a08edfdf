import type { QueueStats } from '../../storage/inspection.js';

/**
 * One queue in numbers.
 * @publicApi
 */
export interface QueueSummary extends Omit<QueueStats, 'since' | 'oldestReadyAt'> {
  /** When `completed` and `failed` began to be counted. */
  readonly since: Date;
  /** Milliseconds that the job that is ready longest has been waiting; absent when none is ready. */
  readonly oldestReadyAge?: number;
}

export function toQueueSummary(stats: QueueStats, now: number): QueueSummary {
  const { since, oldestReadyAt, ...counts } = stats;
  return {
    ...counts,
    since: new Date(since),
    ...(oldestReadyAt === undefined ? {} : { oldestReadyAge: Math.max(0, now - oldestReadyAt) }),
  };
}
