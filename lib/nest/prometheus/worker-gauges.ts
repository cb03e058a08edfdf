import type { WorkerState } from '../lifecycle/worker-state.js';
import type { PrometheusMaker } from './prometheus-maker.js';

/** Gauges of the workers of this process. The queues are those it was started for, so few. */
export function makeWorkerGauges(make: PrometheusMaker, state: WorkerState): void {
  make.gauge('worker_slots', 'Jobs that this process runs at a time', ['queue'], (gauge) => {
    gauge.reset();
    for (const [queue, slots] of Object.entries(state.slots)) gauge.set({ queue }, slots);
  });
  make.gauge('worker_busy', 'Jobs whose code is at work in this process', ['queue'], (gauge) => {
    gauge.reset();
    const busy = state.busy();
    for (const queue of Object.keys(state.slots)) gauge.set({ queue }, busy.get(queue) ?? 0);
  });
  make.gauge('worker_draining', '1 from the moment the application closes', [], (gauge) =>
    gauge.set(state.stage === 'draining' ? 1 : 0),
  );
}
