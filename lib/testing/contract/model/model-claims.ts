import assert from 'node:assert/strict';
import type { LeasedJob } from '../../../core/job.js';
import type { Popped, PopRequest } from '../../../storage/claims.js';
import { fieldsOf } from '../looking.js';
import type { ModelJob } from './model-job.js';
import { inOrder } from './model-order.js';
import { mayStart, startsAt, turnsAt } from './model-room.js';
import type { StorageModel } from './model.js';

/**
 * Holds a pop to its promises, one job after the other, and has the model do the same. Which group is next the port does
 * not say to the last: it says that no group passes another twice, and that is what is looked at.
 */
export function followPop(model: StorageModel, request: PopRequest, { jobs, nextIn }: Popped): void {
  for (const { queue, limit } of request.queues) {
    const taken = jobs.filter((job) => job.queue === queue);
    assert.ok(taken.length <= limit, `${taken.length} jobs of ${queue}, ${limit} were asked for`);
    for (const job of taken) take(model, request, job);
    if (taken.length < limit)
      assert.deepEqual(startable(model, queue, request.names), [], 'more could start');
  }
  const asked = request.queues.filter(({ limit }) => limit > 0).map(({ queue }) => queue);
  assert.deepEqual(jobs.filter(({ queue }) => !asked.includes(queue)).length, 0, 'of a queue not asked for');
  const latest = Math.min(...asked.map((queue) => nextAt(model, queue, request.names) - model.now));
  if (latest <= 0) assert.equal(nextIn, 0, 'more was due');
  else if (latest < Infinity)
    assert.ok(nextIn !== undefined && nextIn <= latest, `nextIn ${nextIn} > ${latest}`);
}

function take(model: StorageModel, { names, runner, lease }: PopRequest, taken: LeasedJob): void {
  const { queue, group } = taken;
  const [first] = ready(model, queue, names).filter((job) => job.record.group === group);
  assert.equal(taken.id, first?.record.id, `the first of group ${group} in ${queue}`);
  assert.ok(first && mayStart(model, first), `${taken.id} must not start now`);
  for (const id of startable(model, queue, names)) {
    const other = model.jobs.get(id);
    if (other === undefined || other.record.group === group) continue;
    assert.ok(!other.passedBy.has(group), `group ${group} came twice before group ${other.record.group}`);
    other.passedBy.add(group);
  }
  for (const { record, passedBy } of model.list())
    if (record.queue === queue && record.group === group) passedBy.clear();
  assert.deepEqual(fieldsOf(taken), first.lease(runner, lease, model.now));
  model.queues.limits.began({ queue, group, at: model.now });
}

/** Due jobs that claims may take if nothing bounds them. */
function ready(model: StorageModel, queue: string, names: readonly string[]): ModelJob[] {
  const jobs = model.list().filter(({ record }) => record.queue === queue && names.includes(record.name));
  const due = jobs.filter((job) => job.waits() && job.record.runAt <= model.now && !job.isOverdue(model.now));
  return inOrder(due);
}

/** The ids of those that could surely start now. */
function startable(model: StorageModel, queue: string, names: readonly string[]): string[] {
  const jobs = ready(model, queue, names).filter((job) => startsAt(model, job) <= model.now);
  return jobs.map(({ record }) => record.id);
}

/** When a job of the queue can surely start. */
function nextAt(model: StorageModel, queue: string, names: readonly string[]): number {
  const jobs = model.list().filter(({ record }) => record.queue === queue && names.includes(record.name));
  return Math.min(...jobs.map((job) => startsAt(model, job)), Infinity);
}

/** To be called after each step: who cannot be served meanwhile has no right to be the next. */
export function keepTurns(model: StorageModel): void {
  for (const job of model.list()) if (turnsAt(model, job) > model.now) job.passedBy.clear();
}
