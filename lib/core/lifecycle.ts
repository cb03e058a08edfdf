import type { JobState } from './job.js';

/**
 * The arrows between states. `scheduled` and `retrying` become `ready` by time alone; whoever reads a record
 * decides that from `runAt`, so no write is needed for it to be true. An ended job starts again only when
 * somebody asks (`retry`).
 */
export const ARROWS: Readonly<Record<JobState, readonly JobState[]>> = {
  blocked: ['scheduled', 'ready', 'cancelled', 'dead'],
  scheduled: ['ready', 'cancelled', 'dead'],
  ready: ['running', 'scheduled', 'cancelled', 'dead'],
  running: ['completed', 'retrying', 'scheduled', 'ready', 'dead', 'cancelled'],
  retrying: ['ready', 'cancelled'],
  completed: [],
  dead: ['ready', 'scheduled', 'blocked'],
  cancelled: ['ready', 'scheduled', 'blocked'],
};

/** Whether a job may go from one state straight to the other. */
export function canMove(from: JobState, to: JobState): boolean {
  return ARROWS[from].includes(to);
}

/** Whether the job has come to its end: it runs again only when asked to. @publicApi */
export function hasEnded(state: JobState): boolean {
  return state === 'completed' || state === 'dead' || state === 'cancelled';
}

/** The state that a reader sees: waiting by time is over once the time has come. @publicApi */
export function visibleState(stored: JobState, runAt: number, now: number): JobState {
  return (stored === 'scheduled' || stored === 'retrying') && runAt <= now ? 'ready' : stored;
}
