import type { NewJob } from '../../storage/new-job.js';
import type { Storage } from '../../storage/storage.js';
import type { JobRun } from './job-run.js';
import type { QueueAlias } from './process-storage.js';
import { failAssertion } from './queued-job.js';
import type { TestProcess } from './test-process.js';

/**
 * Has one job run, whatever else is due: in a queue of its own, which nobody notices. `work` runs what is due in that
 * queue. Nothing of the job is left.
 */
export async function runAlone(
  storage: Storage,
  job: NewJob,
  work: (alias: QueueAlias) => Promise<TestProcess>,
): Promise<JobRun> {
  const alias: QueueAlias = { shown: job.queue, actual: `run:${job.id}` };
  // A unique key, a delay or a group would have it wait for what this is not about.
  const { unique: _unique, group: _group, ...rest } = job;
  await storage.push([{ ...rest, queue: alias.actual, due: { in: 0 } }]);
  try {
    const [run] = (await work(alias)).runs;
    return run ?? failAssertion(`Job '${job.name}' was not run: nothing here handles it`);
  } finally {
    await storage.remove([job.id]);
  }
}
