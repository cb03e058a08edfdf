import type { QueueStats } from '../../storage/inspection.js';
import { BoundedLabels } from './bounded-labels.js';
import type { PrometheusMaker } from './prometheus-maker.js';

/** What a scrape shows of the storage: of all processes, so that each of them shows the same. */
export interface QueuePicture {
  /** By the storage's clock. */
  readonly now: number;
  readonly stats: readonly QueueStats[];
}

const STATES = ['blocked', 'scheduled', 'ready', 'running', 'retrying', 'dead'] as const;

/**
 * Gauges of all queues. `look` asks the storage, once per scrape though each gauge wants to know; where it does not answer,
 * `storage_up` is 0 and there are no queues, so that nobody takes old numbers for new ones.
 */
export function makeQueueGauges(make: PrometheusMaker, look: () => Promise<QueuePicture | undefined>): void {
  const labels = new BoundedLabels(['queue']);
  const picture = shared(look);
  make.gauge('queue_depth', 'Jobs in each state, of all processes', ['queue', 'state'], async (gauge) => {
    const seen = await picture();
    gauge.reset();
    for (const stats of seen?.stats ?? []) {
      for (const state of STATES) gauge.inc({ ...labels.of(stats.queue), state }, stats[state]);
    }
  });

  const perQueue = (name: string, help: string, valueOf: (stats: QueueStats, now: number) => number) =>
    make.gauge(name, help, ['queue'], async (gauge) => {
      const seen = await picture();
      gauge.reset();
      const values = new Map<string, number>();
      for (const stats of seen?.stats ?? []) {
        const { queue } = labels.of(stats.queue);
        // Queues beyond the bound share a label: the worst of them shows.
        values.set(queue, Math.max(values.get(queue) ?? 0, valueOf(stats, seen?.now ?? 0)));
      }
      for (const [queue, value] of values) gauge.set({ queue }, value);
    });
  perQueue(
    'queue_latency_seconds',
    'Age of the job that has been ready longest; 0 when none is',
    ({ oldestReadyAt }, now) => (oldestReadyAt === undefined ? 0 : Math.max(0, now - oldestReadyAt) / 1000),
  );
  perQueue('queue_paused', '1 while the queue is paused', ({ paused }) => (paused === undefined ? 0 : 1));

  make.gauge('storage_up', '1 when the storage answered this scrape', [], async (gauge) => {
    gauge.set((await picture()) === undefined ? 0 : 1);
  });
}

/** Whoever asks while an answer is under way gets the same. */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  return () => (current ??= look().finally(() => (current = undefined)));
}
