import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasEnded } from '../../core/lifecycle.js';
import type { ContractContext } from './contract-context.js';
import {
  COMPLETED,
  completedFor,
  deadFor,
  jobOf,
  keeping,
  requestOf,
  retryingIn,
  scheduleOf,
} from './job-factories.js';
import { fieldsOf } from './looking.js';
import type { StorageModel } from './model.js';
import { takeStep, type Step } from './model-step.js';

/** A step as fast-check runs, prints and shrinks it. */
class StepCommand implements fc.AsyncCommand<StorageModel, ContractContext> {
  readonly #step: Step;

  constructor(step: Step) {
    this.#step = step;
  }

  // Two live jobs of one key may come about by a retry; which of them a push then reports, nobody promises.
  check(model: Readonly<StorageModel>): boolean {
    const step = this.#step;
    if (step.kind !== 'retry') return true;
    return step.ids.every((id) => {
      const job = model.jobs.get(id);
      return !job?.unique || !hasEnded(job.record.state) || !model.holderOf(job.unique.key);
    });
  }

  async run(model: StorageModel, context: ContractContext): Promise<void> {
    await takeStep(this.#step, model, context);
    await compare(model, context);
  }

  toString(): string {
    return JSON.stringify(this.#step);
  }
}

/** All that can be seen of the storage is what the model says. */
async function compare(model: StorageModel, { storage }: ContractContext): Promise<void> {
  const ids = [...model.jobs.keys(), ...IDS];
  const records = await storage.info(ids);
  assert.deepEqual(
    records.map(visible),
    ids.map((id) => visible(model.info(id))),
  );
  const stats = (await storage.stats()).map(({ paused, ...numbers }) =>
    fieldsOf({ ...numbers, recent: undefined, since: undefined, paused: paused?.reason }),
  );
  const expected = model.stats().map(fieldsOf);
  const known = stats.filter(({ queue }) => expected.some((one) => one['queue'] === queue));
  assert.deepEqual(
    known,
    expected.toSorted((a, b) => (String(a['queue']) < String(b['queue']) ? -1 : 1)),
  );
  const schedules = (await storage.schedules()).toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const keys = [...model.schedules.keys()].toSorted();
  assert.deepEqual(
    schedules.map(fieldsOf),
    keys.map((key) => fieldsOf(model.schedules.get(key) ?? {})),
  );
}

function visible(record: object | undefined) {
  return record && fieldsOf(record);
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'];
const QUEUES = ['default', 'mail'];
const NAMES = ['noop', 'other'];

// Delays are whole tens, leases and keeps end in 5, time moves by tens: nothing falls due in the very instant that
// somebody looks, where a storage may decide either way.
const tens = (most: number) => fc.integer({ min: 0, max: most / 10 }).map((count) => count * 10);
const fives = (most: number) => tens(most).map((time) => time + 5);

const id = fc.constantFrom(...IDS);
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 3 });
const queue = fc.constantFrom(...QUEUES);
const keep = fc.oneof(
  { weight: 4, arbitrary: fives(4_000) },
  { weight: 1, arbitrary: fc.constant(false as const) },
);
const age = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 2 }) },
);
const lease = fc.record({ id, age });

const job = fc
  .record({
    id,
    name: fc.constantFrom(...NAMES),
    queue,
    priority: fc.integer({ min: -1, max: 1 }),
    due: fc.record({ in: fc.oneof(fc.constant(0), tens(3_000)) }),
    key: fc.option(fc.constantFrom('k', 'l'), { nil: undefined, freq: 3 }),
    policy: fc.record({ dead: keep, cancelled: keep }).map(keeping),
    meta: fc.constantFrom(undefined, '"m"'),
  })
  .map(({ key, meta, ...given }) =>
    jobOf({ ...given, ...(meta && { meta }), ...(key && { unique: { key, while: 'live' } }) }),
  );

const settlement = fc.oneof(
  fc.constant(COMPLETED),
  keep.map(completedFor),
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
const ends = fc.uniqueArray(fc.record({ id, age, settlement }), {
  minLength: 1,
  maxLength: 3,
  selector: (end) => end.id,
});
const leases = fc.uniqueArray(lease, { maxLength: 3, selector: (one) => one.id });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: kind('push', { jobs: fc.array(job, { minLength: 1, maxLength: 3 }) }) },
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
  { weight: 2, arbitrary: kind('retry', { ids }) },
  { weight: 2, arbitrary: kind('change', { ids, change }) },
  kind('remove', { ids }),
  kind('progress', { lease, progress: fc.constantFrom('1', '{"a":2}') }),
  kind('pause', { queue }),
  kind('resume', { queue }),
  kind('prune', {}),
  kind('putSchedule', { schedule }),
  kind('removeSchedule', { key: fc.constantFrom('s', 't') }),
  kind('fire', { key: fc.constantFrom('s', 't'), isStale: fc.boolean(), job }),
);

function kind<Kind extends Step['kind'], Fields extends object>(
  name: Kind,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
): fc.Arbitrary<{ kind: Kind } & Fields> {
  return fc.record(fields).map((values) => ({ kind: name, ...(values as Fields) }));
}

/** Sequences of up to `longest` steps. */
export function commands(longest: number) {
  return fc.commands([step.map((one) => new StepCommand(one))], { maxCommands: longest, size: 'max' });
}
