import type { Need } from '../../core/dependency.js';
import type { NewJob } from '../../storage/new-job.js';

/** What makes a job wait for others. */
export function after(needs: Need, ...jobs: readonly NewJob[]): Pick<NewJob, 'after' | 'flow'> {
  return { flow: 'flow', after: jobs.map(({ id }) => ({ id, needs })) };
}
