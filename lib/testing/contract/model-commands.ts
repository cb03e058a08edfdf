import fc from 'fast-check';
import type { Capabilities } from '../../storage/capabilities.js';
import type { ContractContext } from './contract-context.js';
import { COMPLETED, completedFor, deadFor, requestOf, retryingIn, scheduleOf } from './job-factories.js';
import {
  batches,
  fives,
  flows,
  GROUPS,
  id,
  IDS,
  jobs,
  keep,
  NAMES,
  pausable,
  queue,
  queueLimits,
  QUEUES,
  tens,
} from './model-arbitraries.js';
import { keepTurns } from './model-claims.js';
import { compare } from './model-sight.js';
import type { StorageModel } from './model.js';
import { takeStep, type Step } from './model-step.js';

/** A step as fast-check runs, prints and shrinks it. */
class StepCommand implements fc.AsyncCommand<StorageModel, ContractContext> {
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  async run(model: StorageModel, context: ContractContext): Promise<void> {
    await takeStep(this.#step, model, context);
    keepTurns(model);
    await compare(model, context.storage, { ids: IDS, queues: QUEUES, groups: GROUPS });
  }

  toString(): string {
    return JSON.stringify(this.#step);
  }
}

const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 3 });
const age = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 2 }) },
);
const lease = fc.record({ id, age });

const settlement = fc.oneof(
  fc.constant(COMPLETED),
  keep.map(completedFor),
  keep.map((time) => ({ ...completedFor(time), result: '"done"' }) as const),
  fc.tuple(keep, fc.integer({ min: 1, max: 6 })).map(([time, attempt]) => deadFor(time, attempt)),
  fc.tuple(tens(2_000), fc.integer({ min: 1, max: 6 })).map(([delay, attempt]) => retryingIn(delay, attempt)),
  tens(2_000).map((delay) => ({ state: 'scheduled', attempt: 1, stalls: 0, delay }) as const),
  fc.constant({ state: 'ready', attempt: 1, stalls: 0 } as const),
  keep.map(
    (time) => ({ state: 'cancelled', attempt: 0, stalls: 0, cancelReason: 'own', keep: time }) as const,
  ),
);

const request = fc
  .record({
    runner: fc.constantFrom('x', 'y'),
    lease: fives(2_000),
    names: fc.constantFrom(NAMES, NAMES, ['noop'], ['other']),
    limits: fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
  })
  .map(({ limits, ...rest }) =>
    requestOf({ ...rest, queues: QUEUES.map((name, nth) => ({ queue: name, limit: limits[nth] ?? 0 })) }),
  );

const schedule = fc
  .record({ key: fc.constantFrom('s', 't'), interval: fc.constantFrom(1_000, 2_000), firstIn: tens(2_000) })
  .map(({ key, interval, firstIn }) => scheduleOf({ key, firstIn, timing: { kind: 'every', interval } }));

const change = fc.record(
  { queue, priority: fc.integer({ min: -2, max: 2 }), delay: tens(2_000) },
  { requiredKeys: [] },
);
const options = fc.record({ queue, delay: tens(1_000) }, { requiredKeys: [] });
const ends = fc.uniqueArray(fc.record({ id, age, settlement }), {
  minLength: 1,
  maxLength: 3,
  selector: (end) => end.id,
});
const leases = fc.uniqueArray(lease, { maxLength: 3, selector: (one) => one.id });

function steps(capabilities: Capabilities): fc.Arbitrary<Step> {
  const job = jobs(capabilities);
  return fc.oneof(
    { weight: 6, arbitrary: kind('push', { jobs: batches(job) }) },
    ...(capabilities.flows ? [{ weight: 4, arbitrary: kind('push', { jobs: flows(job) }) }] : []),
    { weight: 8, arbitrary: kind('pop', { request }) },
    { weight: 5, arbitrary: kind('complete', { ends }) },
    {
      weight: 3,
      arbitrary: kind('completeAndPop', { end: fc.record({ id, age, settlement }), next: request }),
    },
    { weight: 5, arbitrary: kind('advance', { by: tens(3_000) }) },
    { weight: 3, arbitrary: kind('rescue', { maxStalls: fc.integer({ min: 0, max: 2 }) }) },
    { weight: 2, arbitrary: kind('heartbeat', { leases, length: fives(2_000) }) },
    { weight: 2, arbitrary: kind('release', { leases }) },
    { weight: 2, arbitrary: kind('cancel', { ids }) },
    { weight: 2, arbitrary: kind('retry', { ids, options }) },
    { weight: 2, arbitrary: kind('change', { ids, change }) },
    kind('remove', { ids }),
    kind('progress', { lease, progress: fc.constantFrom('1', '{"a":2}') }),
    pausable(capabilities).map((what) => ({ kind: 'pause', ...what }) as const),
    pausable(capabilities).map((what) => ({ kind: 'resume', ...what }) as const),
    ...(capabilities.limits
      ? [{ weight: 2, arbitrary: kind('limit', { queue, limits: queueLimits(capabilities) }) }]
      : []),
    kind('prune', {}),
    kind('putSchedule', { schedule }),
    kind('removeSchedule', { key: fc.constantFrom('s', 't') }),
    kind('fire', { key: fc.constantFrom('s', 't'), isStale: fc.boolean(), job }),
  );
}

function kind<Kind extends Step['kind'], Fields extends object>(
  name: Kind,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
): fc.Arbitrary<{ kind: Kind } & Fields> {
  return fc.record(fields).map((values) => ({ kind: name, ...(values as Fields) }));
}

/** Sequences of up to `longest` steps, of what a storage with these capabilities can do. */
export function commands(longest: number, capabilities: Capabilities) {
  const step = steps(capabilities).map((one) => new StepCommand(one));
  return fc.commands([step], { maxCommands: longest, size: 'max' });
}
