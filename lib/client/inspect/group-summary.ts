import type { GroupStats } from '../../storage/inspection.js';

/** One group of a queue, as long as jobs of it wait or run or it is paused. @publicApi */
export interface GroupSummary {
  /** Jobs that have not ended and do not run, due or not. */
  readonly waiting: number;
  readonly running: number;
  readonly paused?: { readonly at: Date; readonly reason: string };
  /** When its rate lets a job start again; absent where it does now. */
  readonly startsAgainAt?: Date;
}

export function toGroupSummary({ waiting, running, paused, startsAgainAt }: GroupStats): GroupSummary {
  return {
    waiting,
    running,
    ...(paused === undefined ? {} : { paused: { at: new Date(paused.at), reason: paused.reason } }),
    ...(startsAgainAt === undefined ? {} : { startsAgainAt: new Date(startsAgainAt) }),
  };
}
