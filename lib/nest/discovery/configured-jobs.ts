import { InvalidJobError, InvalidOptionError } from '../../core/errors.js';
import {
  definitionOf,
  JOB_OPTIONS,
  type JobClass,
  type JobDefinition,
  type JobOptions,
} from '../../core/job-definition.js';
import { checkKnownOptions } from '../../core/known-options.js';
import { redefineJob } from '../../core/redefined-job.js';
import type { ConfiguredJob } from '../background-jobs-options.js';
import { checkJobOptions } from './job-options-check.js';

/** The option `jobs`: the definitions that hold in this application. */
export function parseJobs(jobs: readonly ConfiguredJob[]): ReadonlyMap<JobClass, JobDefinition> {
  if (!Array.isArray(jobs)) {
    throw new InvalidOptionError('jobs: must be a list such as [{ job: WelcomeEmail, maxRetries: 3 }]');
  }
  const definitions = new Map<JobClass, JobDefinition>();
  for (const [index, configured] of jobs.entries()) {
    const { job, ...options } = configured as ConfiguredJob;
    const definition = typeof job === 'function' ? definitionOf(job) : undefined;
    if (definition === undefined) {
      const named = typeof job === 'function' ? (job as { name: string }).name : String(job);
      throw new InvalidJobError(
        `jobs[${index}]: ${named} is no job class: decorate it with @Job({ name: '…' })`,
      );
    }
    const where = `jobs[${index}], '${definition.name}'`;
    if (definitions.has(job)) throw new InvalidOptionError(`${where}: the class stands there twice`);
    checkKnownOptions(options, JOB_OPTIONS, where);
    checkJobOptions(options as JobOptions, where);
    definitions.set(job, redefineJob(definition, options));
  }
  return definitions;
}
