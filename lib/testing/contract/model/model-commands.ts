import fc from 'fast-check';
import type { Capabilities } from '../../../storage/capabilities.js';
import type { ContractContext } from '../contract-context.js';
import { COMPLETED, completedFor, deadFor, requestOf, retryingIn, scheduleOf } from '../job-factories.js';
import {
  batches,
  fives,
  flows,
  jobs,
  keep,
  pausable,
  queue,
  queueLimits,
  tens,
} from './model-arbitraries.js';
import { keepTurns } from './model-claims.js';
import { GROUPS, IDS, NAMES, QUEUES } from './model-pools.js';
import { compare } from './model-sight.js';
import type { StorageModel } from './model.js';
import { takeStep, type Step } from './model-step.js';
import { THEMES, type Drawn, type Theme } from './model-themes.js';

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

const age = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 2 }) },
);

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

const key = fc.constantFrom('s', 't');
const schedule = fc
  .record({ key, interval: fc.constantFrom(1_000, 2_000), firstIn: tens(2_000) })
  .map(({ interval, ...rest }) => scheduleOf({ ...rest, timing: { kind: 'every', interval } }));

const change = fc.record(
  { queue, priority: fc.integer({ min: -2, max: 2 }), delay: tens(2_000) },
  { requiredKeys: [] },
);
const options = fc.record({ queue, delay: tens(1_000) }, { requiredKeys: [] });

/** Every kind of step that the storage knows. */
function steps(capabilities: Capabilities, theme: Theme): Partial<Record<Drawn, fc.Arbitrary<Step>>> {
  const job = jobs(capabilities, theme);
  const id = fc.constantFrom(...theme.ids);
  const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 3 });
  const lease = fc.record({ id, age });
  const leases = fc.uniqueArray(lease, { maxLength: 3, selector: (one) => one.id });
  const end = fc.record({ id, age, settlement });
  const ends = fc.uniqueArray(end, { minLength: 1, maxLength: 3, selector: (one) => one.id });
  return {
    push: kind('push', { jobs: batches(job) }),
    ...(capabilities.flows && { flow: kind('push', { jobs: flows(job) }) }),
    pop: kind('pop', { request }),
    complete: kind('complete', { ends }),
    completeAndPop: kind('completeAndPop', { end, next: request }),
    advance: kind('advance', { by: tens(theme.longest.advance) }),
    rescue: kind('rescue', { maxStalls: fc.integer({ min: 0, max: 2 }) }),
    heartbeat: kind('heartbeat', { leases, length: fives(2_000) }),
    release: kind('release', { leases }),
    cancel: kind('cancel', { ids }),
    retry: kind('retry', { ids, options }),
    change: kind('change', { ids, change }),
    remove: kind('remove', { ids }),
    progress: kind('progress', { lease, progress: fc.constantFrom('1', '{"a":2}') }),
    pause: pausable(capabilities).map((what) => ({ kind: 'pause', ...what }) as const),
    resume: pausable(capabilities).map((what) => ({ kind: 'resume', ...what }) as const),
    ...(capabilities.limits && { limit: kind('limit', { queue, limits: queueLimits(capabilities, theme) }) }),
    prune: fc.constant({ kind: 'prune' }),
    putSchedule: kind('putSchedule', { schedule }),
    removeSchedule: kind('removeSchedule', { key }),
    fire: kind('fire', { key, isStale: fc.boolean(), late: fc.constantFrom(0, 0, 1_500), job }),
  };
}

function kind<Kind extends Step['kind'], Fields extends object>(
  name: Kind,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
): fc.Arbitrary<{ kind: Kind } & Fields> {
  return fc.record(fields).map((values) => ({ kind: name, ...(values as Fields) }));
}

/** Sequences of up to `longest` steps, of what a storage with these capabilities can do. */
export function commands(longest: number, capabilities: Capabilities) {
  return fc.oneof(
    ...THEMES.map((theme) => ({ weight: theme.weight, arbitrary: about(theme, longest, capabilities) })),
  );
}

function about(theme: Theme, longest: number, capabilities: Capabilities) {
  const drawn = Object.entries(steps(capabilities, theme)).map(([name, arbitrary]) => ({
    weight: theme.steps[name as Drawn] ?? 0,
    arbitrary,
  }));
  const step = fc.oneof(...drawn).map((one) => new StepCommand(one));
  return fc.commands([step], { maxCommands: longest, size: 'max' });
}
