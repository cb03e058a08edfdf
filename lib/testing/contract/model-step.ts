import assert from 'node:assert/strict';
import type { Settlement } from '../../core/settlement.js';
import type { PopRequest } from '../../storage/claims.js';
import type { JobChange } from '../../storage/inspection.js';
import type { NewJob } from '../../storage/new-job.js';
import type { NewSchedule } from '../../storage/schedules.js';
import type { ContractContext } from './contract-context.js';
import { beatOf, newId } from './job-factories.js';
import { fieldsOf } from './looking.js';
import type { StorageModel } from './model.js';

/** A lease as a step names it: the job's newest token, or an older one. */
export interface LeaseChoice {
  readonly id: string;
  readonly age: number;
}

/** One thing to do to the storage and to the model. */
export type Step =
  | { readonly kind: 'push'; readonly jobs: readonly NewJob[] }
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
  | { readonly kind: 'cancel' | 'retry' | 'remove'; readonly ids: readonly string[] }
  | { readonly kind: 'change'; readonly ids: readonly string[]; readonly change: JobChange }
  | { readonly kind: 'pause' | 'resume'; readonly queue: string }
  | { readonly kind: 'rescue'; readonly maxStalls: number }
  | { readonly kind: 'prune' }
  | { readonly kind: 'advance'; readonly by: number }
  | { readonly kind: 'putSchedule'; readonly schedule: NewSchedule }
  | { readonly kind: 'removeSchedule'; readonly key: string }
  | { readonly kind: 'fire'; readonly key: string; readonly isStale: boolean; readonly job: NewJob };

/** Does the step to both, and compares what they answer. */
export async function takeStep(step: Step, model: StorageModel, context: ContractContext): Promise<void> {
  const { storage } = context;
  switch (step.kind) {
    case 'push':
      return same(
        await storage.push(step.jobs),
        step.jobs.map((job) => model.push(job)),
      );
    case 'pop':
      return popped(await storage.pop(step.request), model, step.request);
    case 'complete': {
      const completions = step.ends.map(({ settlement, ...choice }) => ({
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
      return popped(next ?? { jobs: [] }, model, step.next);
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
        await storage.retry(step.ids),
        step.ids.map((id) => model.retry(id)),
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
      await storage.pause(step.queue, 'held');
      return model.pause(step.queue, 'held');
    case 'resume':
      await storage.resume(step.queue);
      return model.resume(step.queue);
    case 'rescue': {
      const rescued = await storage.rescue(1_000, step.maxStalls);
      return same(rescued.toSorted(byId), model.rescue(step.maxStalls).toSorted(byId));
    }
    case 'prune':
      return same(await storage.prune(1_000), model.prune());
    case 'advance':
      await context.advance(step.by);
      model.now += step.by;
      return;
    case 'putSchedule':
      await storage.putSchedules([step.schedule]);
      return model.putSchedule(step.schedule);
    case 'removeSchedule':
      return same(await storage.removeSchedules([step.key]), [model.schedules.delete(step.key)]);
    case 'fire':
      return fire(step, model, context);
  }
}

async function fire(
  step: Step & { kind: 'fire' },
  model: StorageModel,
  { storage }: ContractContext,
): Promise<void> {
  const { nextAt: expected = 0 } = model.schedules.get(step.key) ?? {};
  const firing = {
    key: step.key,
    expected: step.isStale ? expected - 1 : expected,
    watermark: expected,
    nextAt: expected + 1_000,
    jobs: [step.job, { ...step.job, id: newId() }],
  };
  same(await storage.fire([firing]), [model.fire(firing)]);
}

function popped(
  { jobs, nextIn }: Awaited<ReturnType<ContractContext['storage']['pop']>>,
  model: StorageModel,
  request: PopRequest,
): void {
  const expected = model.pop(request);
  for (const { queue } of request.queues) {
    const inQueue = (job: { queue: string }) => job.queue === queue;
    same(jobs.filter(inQueue).map(fieldsOf), expected.filter(inQueue));
  }
  assert.equal(jobs.length, expected.length);
  const latest = model.nextIn(request);
  if (latest === 0) assert.equal(nextIn, 0, 'more was due');
  else if (latest !== undefined)
    assert.ok(nextIn !== undefined && nextIn <= latest, `nextIn ${nextIn} > ${latest}`);
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
