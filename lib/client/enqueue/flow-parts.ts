import type { Need } from '../../core/dependency.js';
import { InvalidOptionError } from '../../core/errors.js';
import type { BatchEnds, FlowStep } from './flow-steps.js';

/** How deep parts may stand in one another. */
const DEEPEST = 16;

/**
 * Jobs, and parts of jobs, that run one after another or side by side: what `inSequence` and `inParallel` make.
 * @publicApi
 */
export class FlowPart {
  constructor(
    /** @internal */
    readonly order: 'sequence' | 'parallel',
    /** @internal */
    readonly elements: readonly (object | FlowPart)[],
  ) {}
}

/**
 * Jobs of which each waits for the one before it to complete, as one element of a batch or of `inParallel`. Parts may stand in one
 * another up to 16 deep.
 * @publicApi
 */
export function inSequence(elements: readonly object[]): FlowPart {
  return new FlowPart('sequence', elements);
}

/**
 * Jobs that run side by side, as one element of a chain or of `inSequence`: what comes next waits for all of them to complete, and
 * finds all of their results in `context.parents`.
 * @publicApi
 */
export function inParallel(elements: readonly object[]): FlowPart {
  return new FlowPart('parallel', elements);
}

/** Each element waits for the one before it to complete. */
export function chained(elements: readonly object[]): ReadonlyMap<string, FlowStep> {
  const steps = new Map<string, FlowStep>();
  place(inSequence(elements), [], steps, 0);
  return steps;
}

/** All at once, and what follows on them. */
export function batched(
  elements: readonly object[],
  { onEnd, onDead }: BatchEnds,
): ReadonlyMap<string, FlowStep> {
  const steps = new Map<string, FlowStep>();
  place(inParallel(elements), [], steps, 0);
  const names = [...steps.keys()];
  const all = (needs: Need) => Object.fromEntries(names.map((name) => [name, needs]));
  if (onEnd !== undefined) steps.set('onEnd', { job: onEnd, after: all('ended') });
  if (onDead !== undefined) steps.set('onDead', { job: onDead, after: all('dead') });
  return steps;
}

/** Adds the steps of an element that waits for those names. Returns the names that what comes next has to wait for. */
function place(
  element: object,
  after: readonly string[],
  steps: Map<string, FlowStep>,
  depth: number,
): readonly string[] {
  if (!(element instanceof FlowPart)) {
    const name = String(steps.size);
    steps.set(name, after.length === 0 ? { job: element } : { job: element, after });
    return [name];
  }
  if (depth > DEEPEST)
    throw new InvalidOptionError(`flow(): parts stand in one another deeper than ${DEEPEST}`);
  if (depth > 0 && element.elements.length === 0) throw new InvalidOptionError('flow(): a part has no jobs');
  if (element.order === 'parallel') {
    return element.elements.flatMap((each) => place(each, after, steps, depth + 1));
  }
  return element.elements.reduce<readonly string[]>(
    (last, each) => place(each, last, steps, depth + 1),
    after,
  );
}
