import type { ModelJob } from './model-job.js';
import type { StorageModel } from './model.js';

/** Whether the job may start now. Where a rate leaves it to the storage, it may. */
export function mayStart(model: StorageModel, { record }: ModelJob): boolean {
  const { queue, group } = record;
  const { limits } = model.queues;
  if (isHeld(model, queue) || (group !== undefined && isHeld(model, queue, group))) return false;
  return !limits.forbidsQueue(queue, model.now) && !limits.forbidsGroup(queue, group, model.now);
}

/** When the job can surely start, as far as a time decides that: `Infinity` where something else must happen first. */
export function startsAt(model: StorageModel, job: ModelJob): number {
  const { queue } = job.record;
  if (isHeld(model, queue)) return Infinity;
  return Math.max(turnsAt(model, job), model.queues.limits.queueFreeAt(queue));
}

/** The same, but for what bounds the whole queue: when the job can surely be the next of its group to have a turn. */
export function turnsAt(model: StorageModel, job: ModelJob): number {
  const { queue, group, runAt, expiresAt = Infinity } = job.record;
  if (!job.waits() || expiresAt <= Math.max(runAt, model.now)) return Infinity;
  if (group === undefined) return runAt;
  if (isHeld(model, queue, group)) return Infinity;
  return Math.max(runAt, model.queues.limits.groupFreeAt(queue, group));
}

/** Whether the queue, or the group of it, is paused or has no place for another job. */
function isHeld(model: StorageModel, queue: string, group?: string): boolean {
  const { queues } = model;
  if (queues.pauseOf(queue, group) !== undefined) return true;
  const limits = queues.limits.of(queue);
  const { concurrency = Infinity } = (group === undefined ? limits : limits?.groups) ?? {};
  const running = model.list().filter(({ record }) => record.state === 'running' && record.queue === queue);
  const own = running.filter(({ record }) => group === undefined || record.group === group);
  return own.length >= concurrency;
}
