import type { Need } from '../../../core/dependency.js';

/** The digits that states are stored as. They stand in keys and scripts: they never change. */
export const STATE = {
  ready: '0',
  scheduled: '1',
  retrying: '2',
  running: '3',
  completed: '4',
  dead: '5',
  cancelled: '6',
  blocked: '7',
} as const;

/** What a job needs of another, in one letter. */
export const NEED: Readonly<Record<Need, string>> = { completed: 'c', ended: 'e', dead: 'd' };
