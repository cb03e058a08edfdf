import type { Dependency, Need } from '../../core/dependency.js';
import { InvalidOptionError } from '../../core/errors.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { checkFlows } from '../../storage/flow-check.js';
import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import type { BatchOptions } from './queue-options.js';

const MOST = 1_000;

/**
 * One job of a flow, and what it waits for: other steps by name, which have to complete, or what each is needed to do.
 * @publicApi
 */
export interface FlowStep<Name extends string = string> {
  readonly job: object;
  readonly after?: readonly Name[] | { readonly [Step in Name]?: Need };
}

/** Options of all jobs of a flow. None of them may be unique: the others could not rely on it. @publicApi */
export type FlowOptions<S extends Storage = Storage> = Omit<
  BatchOptions<S>,
  'unique' | 'debounce' | 'throttle'
>;

/** What has become of jobs that belong together: the flow's id, for lists and operators, and those of its jobs. @publicApi */
export interface QueuedFlow<Ids> {
  readonly flow: string;
  readonly ids: Ids;
}

/** What runs after a batch. @publicApi */
export interface BatchEnds {
  /** Runs when all jobs of the batch have ended, however they did. */
  readonly onEnd?: object;
  /** Runs when the first job of the batch is dead; cancelled when all have ended and none is. */
  readonly onDead?: object;
}

/** The jobs of a flow as they are to be pushed. Throws `InvalidOptionError` naming the step that is wrong. */
export function jobsOfFlow(
  steps: ReadonlyMap<string, FlowStep>,
  prepare: (job: object) => NewJob,
): ReadonlyMap<string, NewJob> {
  if (steps.size === 0 || steps.size > MOST) {
    throw new InvalidOptionError(`A flow has from 1 to ${MOST} jobs, not ${steps.size}`);
  }
  const prepared = new Map([...steps].map(([name, step]) => [name, prepareStep(name, step, prepare)]));
  const flow = [...prepared.values()][0]?.id ?? '';
  const jobs = new Map(
    [...steps].map(([name, step]) => {
      const job = prepared.get(name) as NewJob;
      const after = dependenciesOf(name, step, prepared);
      return [name, after.length === 0 ? { ...job, flow } : { ...job, flow, after }] as const;
    }),
  );
  checkFlows([...jobs.values()]);
  return jobs;
}

function prepareStep(name: string, step: FlowStep, prepare: (job: object) => NewJob): NewJob {
  checkKnownOptions(step, ['job', 'after'], `flow(): step '${name}'`);
  const job = prepare(step.job);
  if (job.unique === undefined) return job;
  throw new InvalidOptionError(
    `flow(): step '${name}', job '${job.name}', has a unique key: it might not be stored, and others wait for it`,
  );
}

function dependenciesOf(
  name: string,
  { after = [] }: FlowStep,
  jobs: ReadonlyMap<string, NewJob>,
): Dependency[] {
  const needs: readonly (readonly [string, Need | undefined])[] = isNames(after)
    ? after.map((other) => [other, 'completed'] as const)
    : Object.entries(after);
  return needs.map(([other, need]) => {
    const id = jobs.get(other)?.id;
    if (id === undefined)
      throw new InvalidOptionError(`flow(): step '${name}' waits for '${other}', which is no step`);
    if (need === 'completed' || need === 'ended' || need === 'dead') return { id, needs: need };
    throw new InvalidOptionError(
      `flow(): step '${name}' needs '${String(need)}' of '${other}', which is none of 'completed', 'ended', 'dead'`,
    );
  });
}

function isNames(after: NonNullable<FlowStep['after']>): after is readonly string[] {
  return Array.isArray(after);
}
