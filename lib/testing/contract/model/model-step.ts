import assert from 'node:assert/strict';
import type { Settlement } from '../../../core/settlement.js';
import type { PopRequest } from '../../../storage/claims.js';
import type { JobChange, QueueLimits, RetryOptions } from '../../../storage/inspection.js';
import type { Due, NewJob } from '../../../storage/new-job.js';
import type { NewSchedule } from '../../../storage/schedules.js';
import type { ContractContext } from '../contract-context.js';
import { beatOf, newId } from '../job-factories.js';
import { followPop } from './model-claims.js';
import type { StorageModel } from './model.js';

/** A lease as a step names it: the job's newest token, or an older one. */
export interface LeaseChoice {
  readonly id: string;
  readonly age: number;
}

/** A job as a step names it: a time is so many milliseconds from then. */
export type JobChoice = NewJob;

/** One thing to do to the storage and to the model. */
export type Step =
  | { readonly kind: 'push'; readonly jobs: readonly JobChoice[] }
  | { readonly kind: 'pop'; readonly request: PopRequest }
  | {
      readonly kind: 'complete';
      readonly ends: readonly (LeaseChoice & { readonly settlement: Settlement })[];
    }
  | {
      readonly kind: 'completeAndPop';
      readonly end: LeaseChoice & { readonly settlement: Settlement };
      readonly next: PopRequest;
    }
  | { readonly kind: 'release'; readonly leases: readonly LeaseChoice[] }
  | { readonly kind: 'heartbeat'; readonly leases: readonly LeaseChoice[]; readonly length: number }
  | { readonly kind: 'progress'; readonly lease: LeaseChoice; readonly progress: string }
  | { readonly kind: 'cancel' | 'remove'; readonly ids: readonly string[] }
  | { readonly kind: 'retry'; readonly ids: readonly string[]; readonly options: RetryOptions }
  | { readonly kind: 'change'; readonly ids: readonly string[]; readonly change: JobChange }
  | { readonly kind: 'pause' | 'resume'; readonly queue: string; readonly group: string | undefined }
  | { readonly kind: 'limit'; readonly queue: string; readonly limits: QueueLimits | undefined }
  | { readonly kind: 'rescue'; readonly maxStalls: number }
  | { readonly kind: 'prune' }
  | { readonly kind: 'advance'; readonly by: number }
  | { readonly kind: 'putSchedule'; readonly schedule: NewSchedule }
  | { readonly kind: 'removeSchedule'; readonly key: string }
  | {
      readonly kind: 'fire';
      readonly key: string;
      readonly isStale: boolean;
      /** How long before what the schedule says its newest tick was. */
      readonly late: number;
      readonly job: JobChoice;
    };

/** Does the step to both, and compares what they answer. */
export async function takeStep(step: Step, model: StorageModel, context: ContractContext): Promise<void> {
  const { storage } = context;
  switch (step.kind) {
    case 'push': {
      const jobs = step.jobs.map((job) => jobAt(model, job));
      return same(await storage.push(jobs), model.push(jobs));
    }
    case 'pop':
      return followPop(model, step.request, await storage.pop(step.request));
    case 'complete': {
      const completions = endsOf(step, model).map(({ settlement, ...choice }) => ({
        lease: leaseAt(model, choice),
        settlement,
      }));
      return same(
        (await storage.complete(completions)).results,
        completions.map((one) => model.complete(one)),
      );
    }
    case 'completeAndPop': {
      const completion = { lease: leaseAt(model, step.end), settlement: step.end.settlement };
      const { results, popped: next } = await storage.complete([completion], step.next);
      same(results, [model.complete(completion)]);
      return followPop(model, step.next, next ?? { jobs: [] });
    }
    case 'release': {
      const leases = step.leases.map((choice) => leaseAt(model, choice));
      return same(
        await storage.release(leases),
        leases.map((lease) => model.release(lease)),
      );
    }
    case 'heartbeat': {
      const leases = step.leases.map((choice) => leaseAt(model, choice));
      const { lost, cancelled } = await storage.heartbeat(beatOf(leases, step.length));
      const expected = model.heartbeat(leases, step.length);
      same(lost.toSorted(), expected.lost.toSorted());
      return same(cancelled.toSorted(byId), expected.cancelled.toSorted(byId));
    }
    case 'progress': {
      const lease = leaseAt(model, step.lease);
      await storage.progress([{ lease, progress: step.progress }]);
      return model.progress(lease, step.progress);
    }
    case 'cancel':
      return same(
        await storage.cancel(step.ids, 'asked'),
        step.ids.map((id) => model.cancel(id, 'asked')),
      );
    case 'retry':
      return same(
        await storage.retry(step.ids, step.options),
        step.ids.map((id) => model.retry(id, step.options)),
      );
    case 'remove':
      return same(
        await storage.remove(step.ids),
        step.ids.map((id) => model.remove(id)),
      );
    case 'change':
      return same(
        await storage.change(step.ids, step.change),
        step.ids.map((id) => model.change(id, step.change)),
      );
    case 'pause':
      await storage.pause(step.queue, 'held', step.group);
      return model.queues.pause(step.queue, step.group, 'held');
    case 'resume':
      await storage.resume(step.queue, step.group);
      return model.queues.resume(step.queue, step.group);
    case 'limit':
      await storage.limit(step.queue, step.limits);
      return model.queues.limit(step.queue, step.limits);
    case 'rescue':
      return rescue(step, model, context);
    case 'prune':
      return same(await storage.prune(1_000), model.prune());
    case 'advance':
      await context.advance(step.by);
      model.now += step.by;
      return;
    case 'putSchedule':
      await storage.putSchedules([step.schedule]);
      return model.schedules.put(step.schedule, model.now);
    case 'removeSchedule':
      return same(await storage.removeSchedules([step.key]), [model.schedules.remove(step.key)]);
    case 'fire':
      return fire(step, model, context);
  }
}

/**
 * Among several ends none of a job that is blocked: no lease of it is out, and whether it is lost or gone once the end of
 * another has it cancelled, nobody who had one would ask.
 */
function endsOf({ ends }: Step & { kind: 'complete' }, model: StorageModel) {
  return ends.filter(({ id }) => ends.length === 1 || model.jobs.get(id)?.record.state !== 'blocked');
}

/** What ends may have others cancelled, so that it counts in which order a sweep ended them: any will do. */
async function rescue(
  { maxStalls }: Step & { kind: 'rescue' },
  model: StorageModel,
  { storage }: ContractContext,
): Promise<void> {
  const rescued = await storage.rescue(1_000, maxStalls);
  same(
    rescued,
    rescued.map(({ id }) => model.rescue(id, maxStalls)),
  );
  same(model.overdue(), []);
}

async function fire(
  step: Step & { kind: 'fire' },
  model: StorageModel,
  { storage }: ContractContext,
): Promise<void> {
  const { nextAt: expected = 0 } = model.schedules.find(step.key) ?? {};
  const job = jobAt(model, step.job);
  const firing = {
    key: step.key,
    expected: step.isStale ? expected - 1 : expected,
    watermark: expected - step.late,
    nextAt: expected + 1_000,
    jobs: [job, { ...job, id: newId() }],
  };
  const push = () => model.push(firing.jobs).flatMap(({ id, duplicate }) => (duplicate ? [] : [id]));
  same(await storage.fire([firing]), [model.schedules.fire(firing, push)]);
}

function jobAt({ now }: StorageModel, job: JobChoice): NewJob {
  const due: Due = 'at' in job.due ? { at: now + job.due.at } : job.due;
  return { ...job, due };
}

function leaseAt(model: StorageModel, { id, age }: LeaseChoice) {
  return { id, token: (model.jobs.get(id)?.record.token ?? 1) - age };
}

function same(actual: unknown, expected: unknown): void {
  assert.deepEqual(actual, expected);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
