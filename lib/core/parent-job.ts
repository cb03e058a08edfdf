import type { End, Need, SettledDependency } from './dependency.js';
import type { JobClass } from './job-definition.js';
import type { ResultOf } from './job-result.js';
import { decodeValue } from './payload.js';

/** A job that another waits for, or waited for. @publicApi */
export interface ParentJob {
  readonly id: string;
  readonly needs: Need;
  /** Absent while it has not ended. */
  readonly ended?: End;
  /** What its completed run returned. */
  readonly result?: unknown;
}

/** What jobs of these classes return, in their order. @publicApi */
export type ParentResults<Parents extends readonly JobClass[]> = {
  readonly [Nth in keyof Parents]: ResultOf<InstanceType<Parents[Nth]>> | undefined;
};

export function parentsOf(after: readonly SettledDependency[]): readonly ParentJob[] {
  return after.map(({ result, ...parent }) =>
    result === undefined ? parent : { ...parent, result: decodeValue(result) },
  );
}
