import { InvalidOptionError } from './errors.js';

/** Finds the context of the run that the caller is part of. */
export type FindRun<Context> = () => Context | undefined;

/** What this process does about it. The core knows no way to follow calls: whoever runs jobs says how. */
const tracking: { find?: FindRun<object>; isMissed?: true } = {};

/** Runs can be found from now on, in the whole process. */
export function trackRuns(find: FindRun<object>): void {
  tracking.find = find;
}

/** Runs begin in this process that cannot be found. */
export function missRuns(): void {
  tracking.isMissed = true;
}

/** `undefined` outside of runs. Throws `InvalidOptionError` where that could not be told from inside. */
export function currentRun(): object | undefined {
  if (tracking.find) return tracking.find();
  if (tracking.isMissed === undefined) return undefined;
  throw new InvalidOptionError(
    'JobContext.current(): the jobs of this process run without being tracked. Ask for it: context: { current: true } of ' +
      'BackgroundJobsModule, tracksRuns: true of a Runner',
  );
}
